// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// TestPages walks a list by its links, and finds each row once.
func TestPages(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	want := []string{}
	for i := range 7 {
		id := fmt.Sprintf("u%d", i)
		c.addUser(id, "walk "+id)
		want = append(want, id)
	}
	for _, size := range []int{1, 3, 7, 8, 100000} {
		var got []string
		pages := 0
		for path := fmt.Sprintf("/users?name__startswith=walk&limit=%d", size); path != ""; pages++ {
			var out struct {
				Users []struct{ ID string }
				Links struct{ Next *string }
			}
			res := c.as(admin, "GET", path, "", 200)
			if err := json.Unmarshal([]byte(res.body), &out); err != nil || len(out.Users) > size || len(out.Users) == 0 {
				t.Fatalf("%s: %s, %v", path, res.body, err)
			}
			for _, u := range out.Users {
				got = append(got, u.ID)
			}
			if path = ""; out.Links.Next != nil {
				var ok bool
				if path, ok = strings.CutPrefix(*out.Links.Next, "http://"+fixtureHost+"/identity/v3"); !ok {
					t.Fatalf("next is %s", *out.Links.Next)
				}
			}
		}
		if !slices.Equal(got, want) || pages != (len(want)+size-1)/size {
			t.Errorf("by %d: %q in %d pages", size, got, pages)
		}
	}
	c.wantBody(c.as(admin, "GET", "/users?marker=u5", "", 200), `"u6"`, `"next": null`)
	c.wantBody(c.as(admin, "GET", "/users", "", 200), `"u0"`, `"u6"`, `"next": null`)
	c.wantBody(c.as(admin, "GET", "/services?limit=1", "", 200), `"next": null`) // knows no pages
	for _, bad := range []string{"0", "-1", "x", ""} {
		c.as(admin, "GET", "/users?limit="+bad, "", 400)
	}
}

// TestTokenEndsOverHTTP: DELETE is 204, and then the token is nobody's.
func TestTokenEndsOverHTTP(t *testing.T) {
	c := newCloud(t)
	admin, subject := c.login("admin", onAdmin), c.login("glance", onService)
	ask := func(method, query string, want int) {
		t.Helper()
		if res := c.do(method, "/v3/auth/tokens"+query, "", "X-Auth-Token", admin, "X-Subject-Token", subject); res.status != want {
			t.Errorf("%s %s: %d %s, want %d", method, query, res.status, res.body, want)
		}
	}
	ask("GET", "", 200)
	ask("DELETE", "", 204)
	ask("GET", "", 404)
	ask("HEAD", "?nocatalog", 404)
	ask("GET", "?allow_expired=1", 404)
	c.as(subject, "GET", "/auth/projects", "", 401)
	if err := c.svc.RevokeToken(subject); err == nil {
		t.Error("revoked twice")
	}
}

// TestLongestPage has maxPage rows and one more.
func TestLongestPage(t *testing.T) {
	for n, more := range map[int]bool{maxPage: false, maxPage + 1: true} {
		rows := make([]pyjson.Object, n)
		for i := range rows {
			rows[i] = pyjson.Object{{Key: "id", Value: fmt.Sprintf("%06d", n-i)}}
		}
		c := &call{Request: &web.Request{Path: "/v3/users", RawQuery: "limit=5000"}, route: &route{pattern: "/v3/users"}}
		cut, next, err := c.page(rows)
		if err != nil || len(cut) != maxPage || (next != nil) != more {
			t.Errorf("of %d rows %d, next %v, %v", n, len(cut), next, err)
		}
	}
}
