// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"needletail/proxy/web"
)

func FuzzDeleteAt(f *testing.F) {
	for _, s := range []string{"1", "-1", "", " 12 ", "1_000", "_1", "1__0", "+5", "99999999999999999999", "9223372036854775807"} {
		f.Add(s, s)
	}
	now := time.Unix(1700000000, 0)
	f.Fuzz(func(t *testing.T, after, at string) {
		for _, h := range []web.Header{{{Name: "X-Delete-After", Value: after}}, {{Name: "X-Delete-At", Value: at}}} {
			got, err := deleteAt(h, now)
			if err == nil && (got <= now.Unix() || got > maxDeleteAt) {
				t.Fatalf("%v gives %d", h, got)
			}
		}
		n, ok := pythonInt(at)
		if plain, err := strconv.ParseInt(at, 10, 64); err == nil && plain > -1e12 && plain < 1e12 && (!ok || n != plain) {
			t.Fatalf("%q is %d, %v", at, n, ok)
		}
		if n > math.MaxInt64/4 || n < -math.MaxInt64/4 {
			t.Fatalf("%q is %d", at, n)
		}
	})
}

func TestOpenExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := objectServer(t, func(c *Config) { c.AllowOpenExpired = true })
		s.must(201, "PUT /v1/a/c/o", "body", "X-Delete-After: 1")
		time.Sleep(2 * time.Second) // of the bubble's clock
		for _, method := range []string{"GET", "HEAD", "POST"} {
			s.must(404, method+" /v1/a/c/o", "", "X-Open-Expired: false")
		}
		s.must(200, "GET /v1/a/c/o", "", "X-Open-Expired: true").wantBody(t, "body")
		if a := s.must(200, "HEAD /v1/a/c/o", "", "X-Open-Expired: true"); !a.Has("X-Delete-At") {
			t.Error("the time of expiry is not shown")
		}
		s.must(202, "POST /v1/a/c/o", "", "X-Open-Expired: true")
		s.must(200, "GET /v1/a/c/o", "").wantBody(t, "body")
		s.must(202, "POST /v1/a/c/o", "", "X-Delete-After: 1")
		time.Sleep(2 * time.Second)
		s.must(404, "DELETE /v1/a/c/o", "", "X-Open-Expired: true")
		s.must(404, "GET /v1/a/c/o", "", "X-Open-Expired: true")
	})
}

func TestOpenExpiredIsOffByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := objectServer(t)
		s.must(201, "PUT /v1/a/c/o", "body", "X-Delete-After: 1")
		time.Sleep(2 * time.Second)
		s.must(404, "GET /v1/a/c/o", "", "X-Open-Expired: true")
		s.must(404, "POST /v1/a/c/o", "", "X-Open-Expired: true")
	})
}

func TestPythonInt(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, " 7\t": 7, "-3": -3, "+4": 4, "1_000": 1000, "007": 7} {
		if n, ok := pythonInt(s); !ok || n != want {
			t.Errorf("%q: %d, %v", s, n, ok)
		}
	}
	for _, s := range []string{"", " ", "-", "1.0", "1_", "_1", "1__0", "0x1", "1e3", "- 1", "--1"} {
		if n, ok := pythonInt(s); ok {
			t.Errorf("%q: %d", s, n)
		}
	}
}
