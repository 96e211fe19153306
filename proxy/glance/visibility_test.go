// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"testing"
)

// TestVisibilityMatrix: who gets, lists, downloads and changes alice's images.
func TestVisibilityMatrix(t *testing.T) {
	s := newSite(t)
	type row struct {
		visibility, membership string // "" for no member
		user                   string
		show, change           int      // of GET, of PATCH
		lists                  []string // the queries that list it
	}
	queries := []string{"", "?visibility=all", "?visibility=public", "?visibility=private", "?visibility=shared",
		"?visibility=community", "?member_status=pending", "?member_status=all"}
	status := []string{"", "?member_status=pending", "?member_status=all"}
	with := func(list []string, more ...string) []string { return append(slices.Clone(list), more...) }
	for _, r := range []row{
		{"private", "", "alice", 200, 200, with(status, "?visibility=all", "?visibility=private")},
		{"private", "", "rita", 200, 403, with(status, "?visibility=all", "?visibility=private")},
		{"private", "", "bob", 404, 404, nil},
		{"private", "", "system", 404, 404, nil},
		{"private", "", "domain", 404, 404, nil},
		{"private", "", "admin", 200, 200, with(status, "?visibility=all", "?visibility=private")},
		{"public", "", "alice", 200, 200, with(status, "?visibility=all", "?visibility=public")},
		{"public", "", "bob", 200, 403, with(status, "?visibility=all", "?visibility=public")},
		{"public", "", "system", 200, 403, with(status, "?visibility=all", "?visibility=public")},
		{"public", "", "admin", 200, 200, with(status, "?visibility=all", "?visibility=public")},
		{"community", "", "alice", 200, 200, with(status, "?visibility=all", "?visibility=community")},
		{"community", "", "bob", 200, 403, []string{"?visibility=all", "?visibility=community"}},
		{"community", "", "admin", 200, 200, []string{"?visibility=all", "?visibility=community"}},
		{"shared", "", "alice", 200, 200, with(status, "?visibility=all", "?visibility=shared")},
		{"shared", "", "bob", 404, 404, nil},
		{"shared", "", "admin", 200, 200, with(status, "?visibility=all", "?visibility=shared")},
		{"shared", "pending", "bob", 200, 403, []string{"?member_status=pending", "?member_status=all"}},
		{"shared", "accepted", "bob", 200, 403, []string{"", "?visibility=all", "?visibility=shared", "?member_status=all"}},
		{"shared", "rejected", "bob", 200, 403, []string{"?member_status=all"}},
		{"shared", "accepted", "carol", 404, 404, nil},
		{"private", "accepted", "bob", 404, 404, nil},
	} {
		t.Run(r.visibility+" "+r.membership+" "+r.user, func(t *testing.T) {
			s := s.in(t)
			id := s.create("alice", "")
			if r.membership != "" {
				s.want(200, "alice", "POST", "/v2/images/"+id+"/members", `{"member": "project-b"}`)
				s.want(200, "bob", "PUT", "/v2/images/"+id+"/members/project-b", `{"status": "`+r.membership+`"}`)
			}
			if a := s.patch("admin", id, patchV21, `[{"op": "replace", "path": "/visibility", "value": "`+r.visibility+`"}]`); a.Status != 200 {
				t.Fatal(a.body)
			}
			s.upload("alice", id, "data")
			s.want(r.show, r.user, "GET", "/v2/images/"+id, "")
			data := r.show
			if data == 200 && !slices.Contains(users[r.user].Roles, roleMember) {
				data = 403
			}
			s.want(data, r.user, "GET", "/v2/images/"+id+"/file", "")
			if a := s.patch(r.user, id, patchV21, `[{"op": "add", "path": "/x", "value": "y"}]`); a.Status != r.change {
				t.Errorf("patch %d", a.Status)
			}
			for _, q := range queries {
				listed := len(s.names(r.user, q)) == 1
				if want := slices.Contains(r.lists, q); listed != want {
					t.Errorf("listed by %q: %v", q, listed)
				}
			}
			s.want(204, "admin", "DELETE", "/v2/images/"+id, "")
		})
	}
}

func TestCreateRules(t *testing.T) {
	s := newSite(t)
	f := func(user, body string, status int) {
		t.Helper()
		s.want(status, user, "POST", "/v2/images", body)
	}
	f("alice", `{"visibility": "public"}`, 403)
	f("rita", `{}`, 403)
	f("alice", `{"visibility": "community"}`, 201)
	f("alice", `{"visibility": "private", "owner": "project-a"}`, 201)
	f("alice", `{"owner": "project-b"}`, 403)
	f("alice", `{"owner": null}`, 403)
	f("admin", `{"visibility": "public", "owner": "project-b"}`, 201)
	f("system", `{}`, 403)
	f("domain", `{"visibility": "public"}`, 403)
	const id = `{"id": "2ff4bb2a-e291-4052-b5d3-8c7cdb6f91ee"}`
	f("alice", id, 201)
	f("alice", id, 409)
	f("bob", id, 409)
}

func TestProtectedAndForeignImagesStay(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", `"protected": true, "visibility": "community"`)
	s.want(403, "alice", "DELETE", "/v2/images/"+id, "")
	s.want(403, "admin", "DELETE", "/v2/images/"+id, "")
	s.want(403, "bob", "DELETE", "/v2/images/"+id, "")
	a := s.want(404, "alice", "DELETE", "/v2/images/absent", "", "Accept", "text/plain")
	if a.body != "404 Not Found\n\nFailed to find image absent to delete\n\n   " {
		t.Errorf("%q", a.body)
	}
	if s.records() != 1 {
		t.Errorf("%d records", s.records())
	}
}
