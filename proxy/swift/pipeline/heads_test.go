// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"archive/tar"
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/swift/controllers"
)

// headCounter counts the look-ups of accounts and of containers in a Store.
type headCounter struct {
	objstore.Store
	accounts, containers atomic.Int64
}

func (s *headCounter) HeadAccount(ctx context.Context, a objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	s.accounts.Add(1)
	return s.Store.HeadAccount(ctx, a, o)
}

func (s *headCounter) HeadContainer(ctx context.Context, c objstore.ContainerID, o objstore.InfoOptions) (objstore.ContainerInfo, error) {
	s.containers.Add(1)
	return s.Store.HeadContainer(ctx, c, o)
}

// newCountedSite returns a site whose look-ups are counted, with a public
// container c, a container v with versions, and an object o in each.
func newCountedSite(t *testing.T) (*site, *headCounter) {
	counter := &headCounter{}
	s := newSite(t, func(c *controllers.Config) {
		counter.Store, c.Store = c.Store, counter
	})
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Read: .r:*")
	s.must(201, "owner", "PUT /v1/AUTH_test/v", "", "X-Versions-Enabled: true")
	for _, container := range []string{"c", "v"} {
		s.must(201, "owner", "PUT /v1/AUTH_test/"+container+"/o", "old")
		s.must(201, "owner", "PUT /v1/AUTH_test/"+container+"/part1", "a")
		s.must(201, "owner", "PUT /v1/AUTH_test/"+container+"/part2", "b")
	}
	s.must(201, "owner", "PUT /v1/AUTH_test/c/manifest", "", "X-Object-Manifest: c/part")
	return s, counter
}

// TestLookUpsOfOneRequest holds how often one request asks the Store for an
// account and for a container. Each question is an HTTP request where the Store
// is a cluster. The column before has the numbers from when every feature asked
// for itself.
func TestLookUpsOfOneRequest(t *testing.T) {
	type heads struct{ accounts, containers int64 }
	for _, row := range []struct {
		who, request  string
		status        int
		before, limit heads
	}{
		{"owner", "GET /v1/AUTH_test/c/o", 200, heads{1, 2}, heads{1, 1}},
		{"none", "GET /v1/AUTH_test/c/o", 200, heads{2, 3}, heads{1, 1}},
		{"owner", "PUT /v1/AUTH_test/c/o", 201, heads{3, 4}, heads{1, 1}},
		{"owner", "POST /v1/AUTH_test/c/o", 202, heads{0, 0}, heads{0, 0}},
		{"owner", "DELETE /v1/AUTH_test/c/o", 204, heads{0, 2}, heads{0, 1}},
		{"owner", "GET /v1/AUTH_test/v/o", 200, heads{1, 1}, heads{1, 1}},
		{"owner", "PUT /v1/AUTH_test/v/o", 201, heads{3, 6}, heads{1, 2}},
		{"none", "GET /v1/AUTH_test/c/manifest", 401, heads{2, 3}, heads{1, 1}},
		{"owner", "GET /v1/AUTH_test/c", 200, heads{0, 1}, heads{0, 1}},
		{"owner", "GET /v1/AUTH_test", 200, heads{2, 0}, heads{2, 0}},
	} {
		t.Run(row.who+" "+row.request, func(t *testing.T) {
			s, counter := newCountedSite(t)
			counter.accounts.Store(0)
			counter.containers.Store(0)
			require.Equal(t, row.status, s.as(row.who, row.request, "new").status)
			now := heads{counter.accounts.Load(), counter.containers.Load()}
			require.Equal(t, row.limit, now, "before: %v", row.before)
		})
	}
}

// Each part of an archive is judged by what the parts before it have stored.
func TestQuotasSeeTheWritesOfTheirOwnRequest(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Count: 2")
	s.must(201, "owner", "PUT /v1/AUTH_test/v", "", "X-Container-Meta-Quota-Bytes: 5", "X-Versions-Enabled: true")
	archive := func(names ...string) string {
		var b strings.Builder
		w := tar.NewWriter(&b)
		for _, name := range names {
			require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 2, Mode: 0o600}))
			_, err := w.Write([]byte("12"))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return b.String()
	}
	extracted := func(container string, names ...string) string {
		return s.must(200, "owner", "PUT /v1/AUTH_test/"+container+"?extract-archive=tar", archive(names...), "Accept: application/json").body
	}
	answer := extracted("c", "1", "2", "3")
	require.Contains(t, answer, `"Number Files Created": 2`)
	require.Contains(t, answer, `["c/3", "413 Request Entity Too Large"]`)
	answer = extracted("v", "o", "o", "o")
	require.Contains(t, answer, `"Number Files Created": 2`, "the bytes of versions count")
}
