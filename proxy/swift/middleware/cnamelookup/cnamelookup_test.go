// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// zone answers from a table; "!" is a failure.
type zone struct {
	records map[string]string
	ttl     time.Duration
	asked   []string
}

func (z *zone) LookupCNAME(_ context.Context, name string) (string, time.Duration, error) {
	z.asked = append(z.asked, name)
	if z.records[name] == "!" {
		return "", 0, errors.New("no answer")
	}
	return z.records[name], z.ttl, nil
}

func newZone() *zone {
	return &zone{ttl: time.Minute, records: map[string]string{
		"mine.org": "c.a.example.com.", "www.org": "mine.org", "deep.org": "www.org", "self.org": "self.org", "broken.org": "!",
	}}
}

// host gives the host with which a request goes on.
func host(h swift.Middleware, asked string) (string, error) { return hostFor(h, "10.0.0.1", asked) }

// hostFor is host for a client of that address.
func hostFor(h swift.Middleware, from, asked string) (string, error) {
	got := ""
	_, err := h(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		got = r.Host
		return web.NewResponse(200), nil
	})).Serve(&swift.Request{Request: &web.Request{Method: "GET", Host: asked, Path: "/", RemoteAddr: from}})
	return got, err
}

func TestHosts(t *testing.T) {
	const nowhere = "CNAME lookup failed to resolve to a valid domain"
	for _, c := range []struct {
		depth             int
		asked, want, text string
	}{
		{0, "mine.org", "c.a.example.com", ""},
		{0, "MINE.org:8080", "c.a.example.com:8080", ""},
		{0, "a.example.com", "a.example.com", ""},
		{0, "example.com:80", "example.com:80", ""},
		{0, "127.0.0.1:80", "127.0.0.1:80", ""},
		{0, "[::1]:80", "[::1]:80", ""},
		{0, "[::1]", "[::1]", ""},
		{0, "own.net", "own.net", ""},
		{0, "", "", ""},
		{0, "www.org", "", "CNAME lookup failed after 1 tries"},
		{2, "www.org", "c.a.example.com", ""},
		{2, "deep.org", "", "CNAME lookup failed after 2 tries"},
		{3, "deep.org", "c.a.example.com", ""},
		{9, "self.org", "", nowhere},
		{0, "gone.org", "", nowhere},
		{0, "broken.org", "", nowhere},
	} {
		h := New(Config{StorageDomains: []string{"example.com"}, LookupDepth: c.depth, OwnHosts: []string{"Own.net"}, Resolver: newZone()})
		got, err := host(h, c.asked)
		require.Equal(t, c.want, got, "%+v", c)
		if c.text == "" {
			require.NoError(t, err)
			continue
		}
		var status *web.StatusError
		require.ErrorAs(t, err, &status)
		require.Equal(t, 400, status.Status)
		require.Equal(t, c.text, status.Body)
	}
	got, err := host(New(Config{Resolver: newZone()}), "gone.org")
	require.NoError(t, err)
	require.Equal(t, "gone.org", got, "without a storage domain nothing is looked up")
}

func TestAnswersAreCachedForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := newZone()
		z.ttl = 24 * time.Hour
		h := New(Config{StorageDomains: []string{"example.com"}, Resolver: z})
		ask := func(name string, asked int) {
			t.Helper()
			z.asked = nil
			_, _ = host(h, name)
			require.Len(t, z.asked, asked)
		}
		ask("mine.org", 1)
		ask("gone.org", 1)
		ask("broken.org", 1)
		time.Sleep(failureTTL - 1)
		ask("broken.org", 0)
		time.Sleep(time.Nanosecond)
		ask("broken.org", 1)
		time.Sleep(negativeTTL - failureTTL - 1)
		ask("Mine.org", 0)
		ask("gone.org", 0)
		time.Sleep(time.Nanosecond)
		ask("gone.org", 1)
		time.Sleep(maxTTL)
		ask("mine.org", 1)
		time.Sleep(maxTTL)
		z.ttl = 0
		ask("mine.org", 1)
		time.Sleep(minTTL - 1)
		ask("mine.org", 0)
		time.Sleep(time.Nanosecond)
		ask("mine.org", 1)
	})
}

// TestGoneClientsLeaveNoAnswer: that a client left says nothing of the name.
func TestGoneClientsLeaveNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := newLookups(newZone())
	if _, err := l.find(ctx, "c", "broken.org"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := l.cache.Len(); n != 0 {
		t.Errorf("%d answers are remembered", n)
	}
}

// TestQuestionsOfAClientAreCounted: who asks for ever new names is told to wait,
// others are not, and what is known costs nothing.
func TestQuestionsOfAClientAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := newZone()
		h := New(Config{StorageDomains: []string{"example.com"}, Resolver: z})
		flood := func(from string, n int) (busy int) {
			for range n {
				_, err := hostFor(h, from, "new"+strconv.Itoa(len(z.asked))+from[:1]+".org")
				if errors.Is(err, errBusy) {
					busy++
				}
			}
			return busy
		}
		require.Equal(t, 0, flood("2001:db8::1", questionsBurst))
		_, err := hostFor(h, "2001:db8::2", "another.org")
		var status *web.StatusError
		require.ErrorAs(t, err, &status)
		require.Equal(t, 503, status.Status)
		require.True(t, status.Header.Has("Retry-After"))
		_, err = hostFor(h, "2001:db8::2", "new0"+"2"+".org")
		require.NotErrorIs(t, err, errBusy, "a known name")
		require.Equal(t, 0, flood("2001:db9::1", questionsBurst), "another client")
		time.Sleep(time.Second)
		require.Equal(t, 7, flood("2001:db8::1", questionsPerSecond+7))
	})
}

// slow answers once the test lets it.
type slow struct{ free chan struct{} }

func (s slow) LookupCNAME(context.Context, string) (string, time.Duration, error) {
	<-s.free
	return "c.a.example.com", time.Minute, nil
}

func TestLookupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow{make(chan struct{})}
		h := New(Config{StorageDomains: []string{"example.com"}, Resolver: s})
		results := make(chan error, maxLookups)
		ask := func(from string, n int) {
			for range n {
				go func() { _, err := hostFor(h, from, "mine.org"); results <- err }()
			}
			synctest.Wait()
		}
		clients := maxLookups / maxLookupsPerClient
		for i := range clients {
			from := "10.0.0." + strconv.Itoa(i)
			ask(from, maxLookupsPerClient)
			_, err := hostFor(h, from, "mine.org")
			require.ErrorIs(t, err, errBusy)
		}
		_, err := hostFor(h, "10.0.1.1", "mine.org")
		require.ErrorIs(t, err, errBusy)
		require.Empty(t, results)
		close(s.free)
		for range maxLookups {
			require.NoError(t, <-results)
		}
	})
}

func TestLocationHasTheAskedHost(t *testing.T) {
	for location, want := range map[string]string{
		"http://c.a.example.com:80/x":  "http://mine.org:80/x",
		"https://c.a.example.com:80":   "https://mine.org:80",
		"http://c.a.example.com:8080/": "http://c.a.example.com:8080/",
		"/x":                           "/x",
	} {
		h := New(Config{StorageDomains: []string{"example.com"}, Resolver: newZone()})(swift.HandlerFunc(
			func(*swift.Request) (*web.Response, error) {
				return web.NewResponse(301, web.HeaderField{Name: "Location", Value: location}), nil
			}))
		res, err := h.Serve(&swift.Request{Request: &web.Request{Method: "GET", Host: "mine.org:80", Path: "/"}})
		require.NoError(t, err)
		require.Equal(t, want, res.Header.Get("Location"))
	}
}
