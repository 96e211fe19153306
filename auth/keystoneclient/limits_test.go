// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// limitsFake is a Keystone with limits.
type limitsFake struct {
	*httptest.Server
	mu        sync.Mutex
	asked     []string // paths with their queries
	scopes    []string // of the logins
	answers   map[string]string
	unhealthy bool
	refuse    string // a token that is not good any more
}

func newLimitsFake(t *testing.T) *limitsFake {
	t.Helper()
	f := &limitsFake{answers: map[string]string{
		"/limits/model": `{"model": {"name": "flat", "description": "x"}}`,
		"/endpoints/E":  `{"endpoint": {"id": "E", "service_id": "S", "region_id": "R"}}`,
		"/limits?project_id=p1&region_id=R&resource_name=image_count_total&service_id=S": `{"limits": [{"project_id": "p1", "resource_name": "image_count_total", "resource_limit": 7}]}`,
		"/registered_limits?region_id=R&resource_name=image_count_total&service_id=S":    `{"registered_limits": [{"resource_name": "image_count_total", "default_limit": 100}]}`,
		"/registered_limits?region_id=R&resource_name=image_size_total&service_id=S":     `{"registered_limits": [{"resource_name": "image_size_total", "default_limit": -1}]}`,
	}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *limitsFake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.RequestURI(), "/v3")
	if f.unhealthy {
		w.WriteHeader(500)
		return
	}
	if r.Method == "POST" {
		var body struct {
			Auth struct{ Scope json.RawMessage }
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		f.scopes = append(f.scopes, string(body.Auth.Scope))
		w.Header().Set("X-Subject-Token", fmt.Sprintf("token-%d", len(f.scopes)))
		w.WriteHeader(201)
		fmt.Fprint(w, document1("glance", time.Now().Add(time.Hour), ""))
		return
	}
	f.asked = append(f.asked, path)
	answer, ok := f.answers[path]
	switch {
	case r.Header.Get("X-Auth-Token") == f.refuse:
		w.WriteHeader(401)
	case ok:
		fmt.Fprint(w, answer)
	case strings.Contains(path, "?"):
		fmt.Fprint(w, `{"limits": [], "registered_limits": []}`)
	default:
		w.WriteHeader(404)
	}
}

func (f *limitsFake) change(fn func()) (askedBefore int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
	return len(f.asked)
}

func (f *limitsFake) limits(t *testing.T) (*Limits, *clock) {
	t.Helper()
	k := &clock{}
	client, err := New(Config{AuthURL: f.URL, Login: Login{Username: "swift", Password: "pw", ProjectName: "service"},
		Clock: k.now, Retries: -1, OutageTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	l, err := client.Limits(Login{Username: "glance", Password: "pw", System: true}, "E", 0)
	if err != nil {
		t.Fatal(err)
	}
	return l, k
}

func TestLimits(t *testing.T) {
	f := newLimitsFake(t)
	l, k := f.limits(t)
	want := func(project, resource string, value int64) {
		t.Helper()
		if got, err := l.Limit(t.Context(), project, resource); got != value || err != nil {
			t.Errorf("%s of %s: %d, %v, want %d", resource, project, got, err, value)
		}
	}
	want("p1", "image_count_total", 7)
	want("p2", "image_count_total", 100)
	want("p1", "image_size_total", -1)
	want("p1", "image_stage_total", 0) // nothing is registered: nothing is allowed
	want("", "image_count_total", 100)
	asked := f.change(func() {
		if len(f.scopes) != 1 || f.scopes[0] != `{"system":{"all":true}}` {
			t.Errorf("logins %q", f.scopes)
		}
	})
	want("p1", "image_count_total", 7)
	k.pass(DefaultLimitTime - time.Second)
	want("p1", "image_count_total", 7)
	if now := f.change(func() {}); now != asked {
		t.Errorf("asked for what is known: %q", f.asked[asked:])
	}
	k.pass(2 * time.Second)
	f.change(func() {
		f.refuse = "token-1"
		f.answers["/limits?project_id=p1&region_id=R&resource_name=image_count_total&service_id=S"] =
			`{"limits": [{"project_id": "another", "resource_name": "image_count_total", "resource_limit": 1}, ` +
				`{"project_id": "p1", "resource_name": "image_count_total", "resource_limit": 8}]}`
	})
	want("p1", "image_count_total", 8) // with a new token

	// An outage: what is known goes on for a while.
	f.change(func() { f.unhealthy = true })
	k.pass(DefaultLimitTime)
	want("p1", "image_count_total", 8)
	var e *Error
	if _, err := l.Limit(t.Context(), "p9", "image_count_total"); !errors.As(err, &e) {
		t.Errorf("an unknown limit in an outage: %v", err)
	}
	k.pass(time.Minute)
	if _, err := l.Limit(t.Context(), "p1", "image_count_total"); !errors.As(err, &e) || e.Op != opLimits || e.Status != 500 {
		t.Errorf("a long outage: %v", err)
	}
	f.change(func() { f.unhealthy = false })
	k.pass(restAfterFailure)
	want("p1", "image_count_total", 8)
}

func TestLimitsOfAnOddKeystone(t *testing.T) {
	for path, answer := range map[string]string{
		"/limits/model": `{"model": {"name": "strict_two_level"}}`,
		"/endpoints/E":  `[]`,
		"/registered_limits?region_id=R&resource_name=image_count_total&service_id=S": `{"registered_limits": [{"default_limit": "many"}]}`,
	} {
		f := newLimitsFake(t)
		f.answers[path] = answer
		l, _ := f.limits(t)
		var e *Error
		if got, err := l.Limit(t.Context(), "p2", "image_count_total"); !errors.As(err, &e) {
			t.Errorf("%s %s: %d, %v", path, answer, got, err)
		}
	}
	f := newLimitsFake(t)
	delete(f.answers, "/endpoints/E")
	l, _ := f.limits(t)
	var e *Error
	if _, err := l.Limit(t.Context(), "p2", "x"); !errors.As(err, &e) || e.Status != 404 {
		t.Errorf("no such endpoint: %v", err)
	}
	for _, u := range []Login{{}, {Username: "u", Password: "p"}} {
		if _, err := l.client.Limits(u, "E", 0); err == nil {
			t.Errorf("%+v may ask", u)
		}
	}
	if _, err := l.client.Limits(Login{Username: "u", Password: "p", System: true}, "", 0); err == nil {
		t.Error("limits without an endpoint")
	}
}

// TestLimitsAreBounded: what is remembered has an end, and a refused user of
// limits does not keep tokens from being validated.
func TestLimitsAreBounded(t *testing.T) {
	f := newLimitsFake(t)
	l, _ := f.limits(t)
	for i := range maxLimits + 1 {
		l.known.Add(limitKey{fmt.Sprint(i), "x"}, limit{})
	}
	if n := l.known.Len(); n != maxLimits {
		t.Errorf("%d limits are remembered", n)
	}
	l.client.rest(&l.session, &Error{Op: opLogin, Status: 401})
	if err := l.client.resting(&l.session); err == nil {
		t.Error("a refused user asks again at once")
	}
	if err := l.client.resting(&l.client.session); err != nil {
		t.Errorf("validation rests too: %v", err)
	}
}

func FuzzLimitsAnswer(f *testing.F) {
	f.Add([]byte(`{"limits": [{"project_id": "p", "resource_name": "r", "resource_limit": 7}]}`))
	f.Add([]byte(`{"registered_limits": [{"resource_name": "r", "default_limit": -9}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a limitsAnswer
		if json.Unmarshal(body, &a) != nil {
			return
		}
		if value, ok := a.value(limitKey{"p", "r"}); value < -1 || !ok && value != 0 {
			t.Fatalf("%q: %d", body, value)
		}
	})
}
