// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/option"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

// limited serves requests over a store with the account "a", and says how long
// each took.
type limited struct {
	t     *testing.T
	store objstore.Store
	serve swift.Handler
}

func newLimited(t *testing.T, o Options) *limited {
	l := &limited{t: t, store: memstore.New(memstore.Options{Policies: objstore.DefaultPolicies()})}
	m, err := New(o, l.store)
	require.NoError(t, err)
	l.serve = m(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) {
		return web.NewResponse(200), nil
	}))
	return l
}

func (l *limited) do(method, path string) (status int, took time.Duration) {
	l.t.Helper()
	start := time.Now()
	res, err := l.serve.Serve(&swift.Request{Request: &web.Request{Method: method, Path: path}})
	require.NoError(l.t, err)
	return res.Status, time.Since(start)
}

func (l *limited) global(value string) {
	l.t.Helper()
	var u objstore.MetadataUpdate
	u.Set.Set(globalSysmeta, value)
	_, err := l.store.PostAccount(l.t.Context(), "a", u)
	require.NoError(l.t, err)
}

func TestAccountLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, Options{AccountPerSecond: 2, RateBuffer: option.Duration(time.Second), MaxSleep: option.Duration(700 * time.Millisecond)})
		defer l.store.Close()
		for i, want := range []time.Duration{0, 0, 500 * time.Millisecond, 500 * time.Millisecond} {
			status, took := l.do([]string{"PUT", "DELETE"}[i%2], "/v1/a/c")
			require.Equal(t, 200, status)
			require.Equal(t, want, took, "request %d", i)
		}
		_, took := l.do("PUT", "/v1/other/c")
		require.Zero(t, took, "accounts are apart")
		for _, free := range []string{"GET", "HEAD", "POST"} {
			_, took := l.do(free, "/v1/a/c")
			require.Zero(t, took, free)
		}
		_, took = l.do("PUT", "/v1/a/c/o")
		require.Zero(t, took)

		// Two at once: the second would wait a second, which is too long.
		done := make(chan int, 1)
		go func() { status, _ := l.do("PUT", "/v1/a/c"); done <- status }()
		synctest.Wait()
		res, err := l.serve.Serve(&swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c"}})
		require.NoError(t, err)
		require.Equal(t, 498, res.Status)
		require.Equal(t, "Rate Limited", res.Reason)
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "Slow down", string(b))
		require.Equal(t, 200, <-done)
		_, took = l.do("PUT", "/v1/a/c")
		require.Equal(t, 500*time.Millisecond, took, "what was refused does not count")
	})
}

func TestLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, Options{AccountPerSecond: 1, RateBuffer: option.Duration(time.Second), Whitelist: []string{"w"}, Blacklist: []string{"b"}})
		defer l.store.Close()
		for range 3 {
			status, took := l.do("PUT", "/v1/w/c")
			require.Equal(t, 200, status)
			require.Zero(t, took)
		}
		status, took := l.do("GET", "/v1/b/c")
		require.Equal(t, 497, status)
		require.Equal(t, time.Second, took)
		l.global("BLACKLIST")
		status, _ = l.do("GET", "/v1/a")
		require.Equal(t, 497, status)
		l.global("WHITELIST")
		for range 3 {
			_, took := l.do("PUT", "/v1/a/c")
			require.Zero(t, took)
		}
		l.global("2") // all writes together
		_, _ = l.do("POST", "/v1/a")
		_, _ = l.do("PUT", "/v1/a/c/o")
		_, took = l.do("DELETE", "/v1/a/c/o")
		require.Equal(t, 500*time.Millisecond, took)
		_, took = l.do("GET", "/v1/a/c")
		require.Zero(t, took)
		l.global("4")
		_, took = l.do("DELETE", "/v1/a/c/o")
		require.Equal(t, 250*time.Millisecond, took, "a new rate counts at once")
		l.global("often")
		_, took = l.do("DELETE", "/v1/a/c/o")
		require.Zero(t, took)
		status, _ = l.do("PUT", "/auth")
		require.Equal(t, 200, status)
	})
}

func TestContainerLimitsGrowWithTheContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, Options{
			Containers: map[string]float64{"1": 2}, ContainerListings: map[string]float64{"1": 1}, RateBuffer: option.Duration(time.Nanosecond),
		})
		defer l.store.Close()
		id := objstore.ContainerID{Account: "a", Container: "c"}
		_, err := l.store.PutContainer(t.Context(), id, objstore.PutContainerOptions{})
		require.NoError(t, err)
		for range 3 {
			_, took := l.do("PUT", "/v1/a/c/o")
			require.Zero(t, took, "an empty container has no limit")
		}
		_, err = l.store.PutObject(t.Context(), id.Object("o"), web.NoBody, objstore.PutOptions{})
		require.NoError(t, err)
		for i, want := range []time.Duration{0, 500 * time.Millisecond} {
			_, took := l.do("POST", "/v1/a/c/o")
			require.Equal(t, want, took, i)
		}
		for i, want := range []time.Duration{0, time.Second} {
			_, took := l.do("GET", "/v1/a/c")
			require.Equal(t, want, took, i)
		}
		_, took := l.do("GET", "/v1/a/c/o")
		require.Zero(t, took)
	})
}

func TestStoppingServerEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t, Options{Blacklist: []string{"b"}})
		defer l.store.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		r := &swift.Request{Request: &web.Request{Method: "GET", Path: "/v1/b"}}
		r.SetContext(ctx)
		_, err := l.serve.Serve(r)
		require.Equal(t, 503, web.ErrorResponse(err).Status)
	})
}

// TestInterpolate has the figures of swift's test_ratelimit.py: test_get_maxrate.
func TestInterpolate(t *testing.T) {
	rates, err := sizeRates("", map[string]float64{"75": 30, "10": 200, "50": 100})
	require.NoError(t, err)
	for objects, want := range map[int64]float64{0: 0, 5: 0, 10: 200, 30: 150, 50: 100, 60: 72, 75: 30, 160: 30} {
		require.InDelta(t, want, interpolate(rates, objects), 1e-9, objects)
	}
	require.Zero(t, interpolate([]sizeRate{{0, 5}}, 0))
}

func TestInfo(t *testing.T) {
	require.Nil(t, DefaultOptions().Info(feature.Site{}), "the filter is off")
	info := func(o Options) pyjson.Object { return o.Info(feature.Site{})[0].Value }
	require.Equal(t, `{"account_ratelimit": 0.0, "max_sleep_time_seconds": 60.0, "container_ratelimits": [], "container_listing_ratelimits": []}`,
		string(pyjson.Marshal(info(Options{Enabled: true}))))
	require.Equal(t, `[[1, 2.5], [7, 1.0]]`, string(pyjson.Marshal(
		info(Options{Enabled: true, Containers: map[string]float64{"7": 1, "1": 2.5}}).Get("container_ratelimits"))))
}

func TestValidate(t *testing.T) {
	require.NoError(t, DefaultOptions().Validate())
	for size, perSecond := range map[string]float64{"many": 1, "-1": 1, "5": -1} {
		rates := map[string]float64{size: perSecond}
		require.ErrorContains(t, Options{Containers: rates}.Validate(), "container_ratelimit: ")
		require.ErrorContains(t, Options{ContainerListings: rates}.Validate(), "container_listing_ratelimit: ")
		_, err := New(Options{Containers: rates}, nil)
		require.Error(t, err)
	}
}
