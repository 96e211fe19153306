// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/web"
)

// countedStore has every account and every container but those named "none".
// Its counters of objects are how often it was asked.
type countedStore struct {
	objstore.Store
	asked int64
	fail  error
	// stale: the Store answers from a cache where that is allowed.
	stale bool
	// during, if not nil, runs while a look-up is under way.
	during func()
}

func (s *countedStore) head(name string) (int64, error) {
	s.asked++
	if s.during != nil {
		s.during()
	}
	if name == "none" {
		return 0, &objstore.Error{Kind: objstore.KindNotFound}
	}
	return s.asked, s.fail
}

func (s *countedStore) HeadAccount(_ context.Context, a objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	n, err := s.head(string(a))
	return objstore.AccountInfo{ObjectCount: n, Cached: s.stale && o.Cached}, err
}

func (s *countedStore) HeadContainer(_ context.Context, c objstore.ContainerID, o objstore.InfoOptions) (objstore.ContainerInfo, error) {
	n, err := s.head(string(c.Container))
	return objstore.ContainerInfo{ObjectCount: n, Cached: s.stale && o.Cached}, err
}

func containerNamed(name string) objstore.ContainerID {
	return objstore.ContainerID{Account: "a", Container: objstore.ContainerName(name)}
}

// wantContainer looks container c up and wants the n-th answer of the Store.
func wantContainer(t *testing.T, n int64, look func(objstore.ContainerStore, objstore.ContainerID) (objstore.ContainerInfo, error), s *countedStore) {
	t.Helper()
	info, err := look(s, containerNamed("c"))
	require.NoError(t, err)
	require.Equal(t, n, info.ObjectCount)
}

// A client's request, its subrequests and its copies ask the Store once, until
// one of them writes.
func TestLookUpsAreShared(t *testing.T) {
	s := &countedStore{}
	r := &Request{Request: &web.Request{}}
	sub := r.Subrequest("GET", "/v1/a/c/o", "X")
	wantContainer(t, 1, sub.ContainerInfo, s)
	wantContainer(t, 1, r.ContainerInfo, s)
	wantContainer(t, 1, r.Clone().ContainerUsage, s)
	wantContainer(t, 1, r.Preauthorized("GET", "/v1/a/c/o", "X").ContainerUsage, s)
	sub.ForgetUsage()
	wantContainer(t, 1, r.ContainerInfo, s)
	wantContainer(t, 2, r.ContainerUsage, s)
	wantContainer(t, 2, sub.ContainerUsage, s)
	sub.ForgetInfo()
	wantContainer(t, 3, r.ContainerInfo, s)
	other := &Request{Request: &web.Request{}}
	wantContainer(t, 4, other.ContainerInfo, s)

	account, err := r.AccountInfo(s, "a")
	require.NoError(t, err)
	r.ForgetUsage()
	again, err := r.AccountInfo(s, "a")
	require.NoError(t, err)
	require.Equal(t, account, again)
	usage, err := r.AccountUsage(s, "a")
	require.NoError(t, err)
	require.Equal(t, account.ObjectCount+1, usage.ObjectCount)
}

// What is missing is remembered as missing; a failure of the Store is not
// remembered.
func TestLookUpsOfErrors(t *testing.T) {
	s := &countedStore{}
	r := &Request{Request: &web.Request{}}
	for range 2 {
		_, err := r.ContainerInfo(s, containerNamed("none"))
		require.ErrorIs(t, err, objstore.KindNotFound)
		_, err = r.AccountInfo(s, "none")
		require.ErrorIs(t, err, objstore.KindNotFound)
	}
	require.Equal(t, int64(2), s.asked)
	s.fail = errors.New("disk")
	for range 2 {
		_, err := r.ContainerInfo(s, containerNamed("c"))
		require.ErrorIs(t, err, s.fail)
	}
	require.Equal(t, int64(4), s.asked)
}

// Exact counters never come from the cache of a Store, nor from an answer that
// may have come from there. Such an exact answer serves all later look-ups.
func TestExactCountersAreNotCached(t *testing.T) {
	s := &countedStore{stale: true}
	r := &Request{Request: &web.Request{}}
	wantContainer(t, 1, r.ContainerInfo, s)
	wantContainer(t, 1, r.ContainerInfo, s)
	wantContainer(t, 2, r.ContainerUsage, s)
	wantContainer(t, 2, r.ContainerUsage, s)
	wantContainer(t, 2, r.ContainerInfo, s)
	for _, want := range []int64{3, 4} {
		info, err := r.AccountInfo(s, "a")
		require.NoError(t, err)
		require.Equal(t, int64(3), info.ObjectCount)
		require.True(t, info.Cached)
		if want == 4 {
			info, err = r.AccountUsage(s, "a")
			require.NoError(t, err)
			require.Equal(t, want, info.ObjectCount)
			require.False(t, info.Cached)
		}
	}
}

// An absence that a cache may have told is asked for again where it matters.
func TestAbsenceMayBeCached(t *testing.T) {
	s := &countedStore{stale: true}
	r := &Request{Request: &web.Request{}}
	for _, want := range []int64{1, 2, 2} {
		look := r.ContainerUsage
		if want == 1 {
			look = r.ContainerInfo
		}
		_, err := look(s, containerNamed("none"))
		require.ErrorIs(t, err, objstore.KindNotFound)
		require.Equal(t, want, s.asked)
	}
}

// A look-up that a write overtakes may have the state from before the write, and
// is not kept.
func TestLookUpOvertakenByAWrite(t *testing.T) {
	s := &countedStore{}
	r := &Request{Request: &web.Request{}}
	s.during = r.ForgetInfo
	wantContainer(t, 1, r.ContainerInfo, s)
	s.during = r.ForgetUsage
	wantContainer(t, 2, r.ContainerInfo, s)
	s.during = nil
	wantContainer(t, 2, r.ContainerInfo, s)
	wantContainer(t, 3, r.ContainerUsage, s)
}

// A request remembers few names, so that one with thousands of subrequests has
// bounded memory. The last names are the ones that stay.
func TestLookUpsAreBounded(t *testing.T) {
	s := &countedStore{}
	r := &Request{Request: &web.Request{}}
	for _, name := range []string{"1", "2", "3", "2", "3"} {
		_, err := r.ContainerInfo(s, containerNamed(name))
		require.NoError(t, err)
	}
	require.Equal(t, int64(3), s.asked)
	_, err := r.ContainerInfo(s, containerNamed("1"))
	require.NoError(t, err)
	require.Equal(t, int64(4), s.asked)
}

// Some features run subrequests in parallel: the race detector judges.
func TestLookUpsInParallel(t *testing.T) {
	r := &Request{Request: &web.Request{}}
	var wg sync.WaitGroup
	for i := range 4 {
		sub := r.Subrequest("PUT", "/v1/a/c/o", "X")
		wg.Go(func() {
			s := &countedStore{}
			for range 100 {
				_, _ = sub.ContainerUsage(s, containerNamed(string(rune('a'+i))))
				_, _ = sub.AccountInfo(s, "a")
				sub.ForgetUsage()
				sub.ForgetInfo()
			}
		})
	}
	wg.Wait()
}
