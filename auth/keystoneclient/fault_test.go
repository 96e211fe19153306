// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFaults: whatever Keystone does but a 404, the token is neither accepted
// nor refused; what is known goes on working.
func TestFaults(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	elsewhere := newFake(t)
	for name, fault := range map[string]http.HandlerFunc{
		"500":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"403":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"empty":   func(http.ResponseWriter, *http.Request) {},
		"no user": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"token": {"expires_at": "2099-01-01T00:00:00.000000Z"}}`)
		},
		"no expiry": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token": {"user": {"id": "x"}}}`) },
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, document1("x", time.Now().Add(time.Hour), `, "catalog": "`+strings.Repeat("x", maxAnswerBytes)+`"`))
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/identity/v3/auth/tokens", http.StatusTemporaryRedirect)
		},
		"hang": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.tokens["known"] = document1("ann", time.Now().Add(time.Hour), "")
			c, k := newClient(t, f, func(c *Config) { c.RequestTimeout = 300 * time.Millisecond })
			f.wants(t, c, "known", "ann", 1)
			f.set(func() { f.fault = fault })
			f.wants(t, c, "new", "error", 0)
			k.pass(restAfterFailure)
			f.wants(t, c, "known", "ann", 0)
			k.pass(DefaultCacheTime)
			f.wants(t, c, "known", "ann", 0)
			if n := count(t, c, "needletail_keystone_stale_answers_total"); n != 1 {
				t.Errorf("%v stale answers were counted", n)
			}
			f.set(func() { f.fault = nil })
			f.wants(t, c, "new", "error", 0) // resting still
			k.pass(restAfterFailure)
			f.wants(t, c, "new", "invalid", 1)
			f.wants(t, c, "known", "ann", 1)
		})
	}
	if elsewhere.asked.Load()+elsewhere.logins.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestHugeIsAtTheLimit: one byte less is read.
func TestHugeIsAtTheLimit(t *testing.T) {
	f := newFake(t)
	for over, want := range []string{"x", "error"} {
		empty := len(document1("x", time.Now().Add(time.Hour), `, "z": ""`))
		body := document1("x", time.Now().Add(time.Hour), `, "z": "`+strings.Repeat("x", maxAnswerBytes-empty+over)+`"`)
		f.set(func() { f.tokens["t"] = body })
		c, _ := newClient(t, f, nil)
		f.wants(t, c, "t", want, 1)
	}
}

// TestOutageEnds: after OutageTime what was known is known no more; and never
// beyond the token's own end.
func TestOutageEnds(t *testing.T) {
	f := newFake(t)
	f.tokens["long"] = document1("ann", time.Now().Add(100*time.Hour), "")
	f.tokens["short"] = document1("bob", time.Now().Add(400*time.Second), "")
	c, k := newClient(t, f, func(c *Config) { c.OutageTime = 10 * time.Minute })
	none, _ := newClient(t, f, func(c *Config) { c.OutageTime, c.CacheTime = -1, time.Nanosecond })
	f.wants(t, c, "long", "ann", 1)
	f.wants(t, c, "short", "bob", 1)
	f.wants(t, none, "long", "ann", 1)
	f.set(func() { f.fault = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) } })
	f.wants(t, none, "long", "error", 0)
	k.pass(350 * time.Second)
	f.wants(t, c, "short", "bob", 0)
	k.pass(100 * time.Second)
	f.wants(t, c, "short", "error", 0)
	f.wants(t, c, "long", "ann", 0)
	k.pass(500 * time.Second)
	f.wants(t, c, "long", "error", 0)
}

// TestConnectRetries: a Keystone that is not there is tried Retries times more.
func TestConnectRetries(t *testing.T) {
	f := newFake(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	for retries, want := range map[int]float64{-1: 1, 2: 3} {
		c, _ := newClient(t, f, func(c *Config) { c.AuthURL, c.Retries = "http://"+address, retries })
		if got := ask(t, c, "t"); got != "error" {
			t.Errorf("got %s", got)
		}
		if n := count(t, c, `needletail_keystone_request_seconds_count{step="log in"}`); n != want {
			t.Errorf("%v tries with %d retries, want %v", n, retries, want)
		}
	}
}

func TestFigures(t *testing.T) {
	f := newFake(t)
	f.tokens["t"] = document1("ann", time.Now().Add(time.Hour), "")
	c, _ := newClient(t, f, nil)
	for _, token := range []string{"t", "t", "t", "no", "no"} {
		ask(t, c, token)
	}
	f.set(func() { f.fault = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) } })
	ask(t, c, "down")
	for figure, want := range map[string]float64{
		`needletail_keystone_lookups_total{result="hit"}`: 2, `needletail_keystone_lookups_total{result="negative_hit"}`: 1,
		`needletail_keystone_lookups_total{result="miss"}`: 3, `needletail_keystone_errors_total{step="validate"}`: 1,
		`needletail_keystone_request_seconds_count{step="validate"}`: 3, `needletail_keystone_cached_tokens`: 2,
	} {
		if got := count(t, c, figure); got != want {
			t.Errorf("%s = %v, want %v", figure, got, want)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{AuthURL: "http://k:5000/v3/", Login: Login{Username: "u", Password: "p", ProjectName: "s"}}
	for want, edit := range map[string]func(*Config){
		"":                                 func(*Config) {},
		"auth_url is no":                   func(c *Config) { c.AuthURL = "ftp://k" },
		"auth_url has more":                func(c *Config) { c.AuthURL = "http://u:p@k/v3" },
		"username is missing":              func(c *Config) { c.Login.Username = "" },
		"password is missing":              func(c *Config) { c.Login.Password = "" },
		"project_name is":                  func(c *Config) { c.Login.ProjectName = "" },
		"application_credential_secret is": func(c *Config) { c.Login.AppCredentialID = "a" },
	} {
		c := good
		edit(&c)
		err := c.complete()
		if want == "" && (err != nil || c.AuthURL != "http://k:5000/v3") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v %s", want, err, c.AuthURL)
		}
	}
}

func TestAccessRulesOfAnAnswer(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	for more, want := range map[string]int{
		``: -1, `, "application_credential": {"id": "a", "restricted": true}`: -1,
		`, "application_credential": {"id": "a", "access_rules": []}`:                                                                          0,
		`, "application_credential": {"id": "a", "access_rules": [{"id": "1", "service": "object-store", "method": "GET", "path": "/v1/**"}]}`: 1,
	} {
		a, err := parseAnswer([]byte(document1("x", expires, more)))
		if err != nil || (a.identity.AccessRules == nil) != (want < 0) || want >= 0 && len(a.identity.AccessRules) != want {
			t.Errorf("%s: %+v, %v", more, a.identity, err)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(document1("x", time.Unix(1e9, 0), "")))
	f.Add([]byte(`{"token":{"user":{"id":"x","domain":null},"expires_at":"2022-12-30T03:35:39.000000Z","system":{"all":true}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseAnswer(body)
		if err == nil && (a.identity == nil || a.identity.UserID == "" || a.expires.IsZero() && len(body) < 20) {
			t.Errorf("%q gives %+v", body, a)
		}
	})
}
