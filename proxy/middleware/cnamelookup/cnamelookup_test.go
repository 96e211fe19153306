package cnamelookup

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
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
func host(h swift.Middleware, asked string) (string, error) {
	got := ""
	_, err := h(swift.HandlerFunc(func(r *swift.Request) (*swift.Response, error) {
		got = r.Host
		return swift.NewResponse(200), nil
	})).Serve(&swift.Request{Method: "GET", Host: asked, Path: "/"})
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
		var status *swift.StatusError
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
		time.Sleep(negativeTTL - 1)
		ask("Mine.org", 0)
		ask("gone.org", 0)
		ask("broken.org", 1) // a failure is not remembered
		time.Sleep(1)
		ask("gone.org", 1)
		time.Sleep(maxTTL)
		ask("mine.org", 1)
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
		for range maxLookups {
			go func() { _, err := host(h, "mine.org"); results <- err }()
		}
		synctest.Wait()
		_, err := host(h, "mine.org")
		require.ErrorIs(t, err, errBusy)
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
			func(*swift.Request) (*swift.Response, error) {
				return swift.NewResponse(301, swift.HeaderField{Name: "Location", Value: location}), nil
			}))
		res, err := h.Serve(&swift.Request{Method: "GET", Host: "mine.org:80", Path: "/"})
		require.NoError(t, err)
		require.Equal(t, want, res.Header.Get("Location"))
	}
}
