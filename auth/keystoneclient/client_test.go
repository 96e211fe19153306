// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"needletail/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Keystone that can be told to fail.
type fake struct {
	*httptest.Server
	logins, asked atomic.Int64
	password      string

	mu      sync.Mutex
	service map[string]bool // service tokens that are good
	tokens  map[string]string
	life    time.Duration // of service tokens
	fault   http.HandlerFunc
	last    *http.Request
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{password: "pw", service: map[string]bool{}, tokens: map[string]string{}, life: time.Hour}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	fault := f.fault
	f.last = r
	f.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /identity/v3/auth/tokens":
		f.login(w, r)
	case "GET /identity/v3/auth/tokens":
		f.validate(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) login(w http.ResponseWriter, r *http.Request) {
	n := f.logins.Add(1)
	var body struct {
		Auth struct {
			Identity struct {
				Password struct {
					User struct{ Name, Password string }
				}
			}
		}
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Auth.Identity.Password.User.Password != f.password {
		w.WriteHeader(401)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	token := fmt.Sprintf("service-%d", n)
	f.service[token] = true
	w.Header().Set("X-Subject-Token", token)
	w.WriteHeader(201)
	fmt.Fprint(w, document1("swift", time.Now().Add(f.life), ""))
}

func (f *fake) validate(w http.ResponseWriter, r *http.Request) {
	f.asked.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	body, known := f.tokens[r.Header.Get("X-Subject-Token")]
	switch {
	case !f.service[r.Header.Get("X-Auth-Token")]:
		w.WriteHeader(401)
	case !known:
		w.WriteHeader(404)
	default:
		fmt.Fprint(w, body)
	}
}

// document1 is a token's body.
func document1(user string, expires time.Time, more string) string {
	return fmt.Sprintf(`{"token": {"methods": ["password"], "user": {"domain": {"id": "default", "name": "Default"},`+
		`"id": "%s-id", "name": "%s", "password_expires_at": null}, "audit_ids": ["x"], "expires_at": %q,`+
		`"issued_at": "2022-12-30T00:35:39.000000Z", "project": {"domain": {"id": "default", "name": "Default"},`+
		`"id": "p-id", "name": "p"}, "is_domain": false, "roles": [{"id": "r", "name": "member"}]%s}}`,
		user, user, expires.UTC().Format("2006-01-02T15:04:05.000000Z"), more)
}

// clock is a time that tests move.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) pass(d time.Duration) { c.offset.Add(int64(d)) }

func newClient(t *testing.T, f *fake, edit func(*Config)) (*Client, *clock) {
	t.Helper()
	k := &clock{}
	c := Config{
		AuthURL: f.URL + "/identity", Login: Login{Username: "swift", Password: "pw", ProjectName: "service"},
		RetryDelay: time.Millisecond, Clock: k.now,
	}
	if edit != nil {
		edit(&c)
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client, k
}

// ask validates and gives "user", "invalid" or "error".
func ask(t *testing.T, c *Client, token string) string {
	t.Helper()
	id, err := c.Validate(t.Context(), token)
	var e *Error
	switch {
	case err == nil:
		return id.UserName
	case errors.Is(err, auth.ErrInvalidToken):
		return "invalid"
	case errors.As(err, &e):
		if len(token) > 4 && strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "service-") || strings.Contains(err.Error(), "pw") {
			t.Errorf("the error tells a secret: %v", err)
		}
		return "error"
	}
	t.Fatal(err)
	return ""
}

func (f *fake) wants(t *testing.T, c *Client, token, want string, asked int64) {
	t.Helper()
	before := f.asked.Load()
	if got := ask(t, c, token); got != want || f.asked.Load()-before != asked {
		t.Errorf("%s: got %s, want %s; asked %d times, want %d", token, got, want, f.asked.Load()-before, asked)
	}
}

func TestValidateAndRemember(t *testing.T) {
	f := newFake(t)
	now := time.Now()
	f.tokens["ann-token"] = document1("ann", now.Add(time.Hour), "")
	c, k := newClient(t, f, nil)
	f.wants(t, c, "ann-token", "ann", 1)
	if q, h := f.last.URL.RawQuery, f.last.Header; q != "nocatalog" || h.Get("Openstack-Identity-Access-Rules") != "1" || h.Get("X-Auth-Token") != "service-1" {
		t.Errorf("asked %q %v", q, h)
	}
	f.wants(t, c, "ann-token", "ann", 0)
	id, err := c.Validate(t.Context(), "ann-token")
	if err != nil || id.ProjectID != "p-id" || id.ProjectDomainID != "default" || id.UserDomainName != "Default" ||
		len(id.Roles) != 1 || id.Roles[0] != "member" || id.AccessRules != nil || id.Source != "keystone" {
		t.Errorf("%+v, %v", id, err)
	}
	f.wants(t, c, "nobody", "invalid", 1)
	f.wants(t, c, "nobody", "invalid", 0)
	k.pass(DefaultNegativeTime)
	f.wants(t, c, "nobody", "invalid", 1)
	for _, token := range []string{"", "a b", "a\n", "é", strings.Repeat("x", maxTokenBytes+1)} {
		f.wants(t, c, token, "invalid", 0)
	}
	f.wants(t, c, strings.Repeat("x", maxTokenBytes), "invalid", 1)
	k.pass(DefaultCacheTime - DefaultNegativeTime - time.Second)
	f.wants(t, c, "ann-token", "ann", 0)
	k.pass(time.Second)
	f.wants(t, c, "ann-token", "ann", 1)
	f.set(func() { delete(f.tokens, "ann-token") })
	k.pass(DefaultCacheTime)
	f.wants(t, c, "ann-token", "invalid", 1)
	if n := f.logins.Load(); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// TestExpiry: no time of the cache makes an expired token good.
func TestExpiry(t *testing.T) {
	f := newFake(t)
	f.tokens["short"] = document1("ann", time.Now().Add(100*time.Second), "")
	c, k := newClient(t, f, nil)
	f.wants(t, c, "short", "ann", 1)
	k.pass(99 * time.Second)
	f.wants(t, c, "short", "ann", 0)
	k.pass(time.Second)
	f.wants(t, c, "short", "invalid", 0)
	if id, err := c.ValidateExpired(t.Context(), "short"); err != nil || id.UserName != "ann" || f.last.URL.RawQuery != "nocatalog&allow_expired=1" {
		t.Errorf("allow_expired: %v, %v, %s", id, err, f.last.URL)
	}
	f.wants(t, c, "short", "invalid", 0)
}

// TestCacheIsBounded at its size.
func TestCacheIsBounded(t *testing.T) {
	f := newFake(t)
	c, _ := newClient(t, f, func(c *Config) { c.CacheTokens = 4 })
	for i := range 5 {
		f.wants(t, c, fmt.Sprint("t", i), "invalid", 1)
	}
	if n := c.cache.answers.Len(); n != 4 {
		t.Errorf("%d answers are remembered", n)
	}
	f.wants(t, c, "t0", "invalid", 1)
	f.wants(t, c, "t4", "invalid", 0)
}

// TestServiceToken is renewed before it ends, and when Keystone refuses it.
func TestServiceToken(t *testing.T) {
	f := newFake(t)
	c, k := newClient(t, f, nil)
	f.wants(t, c, "a", "invalid", 1)
	k.pass(time.Hour - renewBefore - 10*time.Second)
	f.wants(t, c, "b", "invalid", 1)
	if n := f.logins.Load(); n != 1 {
		t.Fatalf("%d logins", n)
	}
	k.pass(20 * time.Second)
	f.wants(t, c, "c", "invalid", 1)
	if n := f.logins.Load(); n != 2 {
		t.Fatalf("%d logins before the service token ends", n)
	}
	f.set(func() { clear(f.service) })
	f.wants(t, c, "d", "invalid", 2) // refused, logged in, asked again
	if n := f.logins.Load(); n != 3 {
		t.Fatalf("%d logins after a refusal", n)
	}
	// A second refusal in one question is an outage, not a loop.
	f.set(func() {
		f.fault = func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				f.login(w, r)
				return
			}
			f.asked.Add(1)
			w.WriteHeader(401)
		}
	})
	f.wants(t, c, "e", "error", 2)
}

// TestRefusedServiceUser asks no more for a while.
func TestRefusedServiceUser(t *testing.T) {
	f := newFake(t)
	f.password = "other"
	c, k := newClient(t, f, nil)
	f.wants(t, c, "a", "error", 0)
	k.pass(restAfterRefusal - time.Second)
	f.wants(t, c, "b", "error", 0)
	if n := f.logins.Load(); n != 1 {
		t.Errorf("%d logins", n)
	}
	k.pass(2 * time.Second)
	f.password = "pw"
	f.wants(t, c, "b", "invalid", 1)
}

// TestSingleFlight: a hundred who ask about one new token are one question,
// also if the first of them goes away.
func TestSingleFlight(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	arrived := make(chan struct{}, 200)
	f.fault = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			f.login(w, r)
			return
		}
		arrived <- struct{}{}
		<-release
		f.validate(w, r)
	}
	f.tokens["t"] = document1("ann", time.Now().Add(time.Hour), "")
	c, _ := newClient(t, f, nil)
	first, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := c.Validate(first, "t")
		gone <- err
	}()
	<-arrived
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who went away got %v", err)
	}
	var wg sync.WaitGroup
	var good atomic.Int64
	for range 100 {
		wg.Go(func() {
			if id, err := c.Validate(t.Context(), "t"); err == nil && id.UserName == "ann" {
				good.Add(1)
			}
		})
	}
	close(release)
	wg.Wait()
	if good.Load() != 100 || f.asked.Load() != 1 || f.logins.Load() != 1 {
		t.Errorf("%d of 100 are good; %d questions, %d logins", good.Load(), f.asked.Load(), f.logins.Load())
	}
}

// TestManyTokensAtOnce under the race detector.
func TestManyTokensAtOnce(t *testing.T) {
	f := newFake(t)
	for i := range 20 {
		f.tokens[fmt.Sprint("t", i)] = document1(fmt.Sprint("u", i), time.Now().Add(time.Hour), "")
	}
	c, _ := newClient(t, f, nil)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 200 {
				n := (i + w) % 25
				want := fmt.Sprint("u", n)
				id, err := c.Validate(t.Context(), fmt.Sprint("t", n))
				if n >= 20 && !errors.Is(err, auth.ErrInvalidToken) || n < 20 && (err != nil || id.UserName != want) {
					t.Errorf("t%d: %v, %v", n, id, err)
				}
			}
		})
	}
	wg.Wait()
	if n := f.logins.Load(); n != 1 {
		t.Errorf("%d logins", n)
	}
}
