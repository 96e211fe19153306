// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"fmt"
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	path := "/v2/images/" + id + "/members"
	a := s.want(200, "alice", "POST", path, `{"member": "project-b"}`)
	want := `{"member_id": "project-b", "image_id": "` + id + `", "status": "pending", ` +
		`"created_at": "2022-12-30T00:35:42Z", "updated_at": "2022-12-30T00:35:42Z", "schema": "/v2/schemas/member"}`
	if a.body != want {
		t.Errorf("\n got %s\nwant %s", a.body, want)
	}
	s.want(409, "alice", "POST", path, `{"member": "project-b"}`)
	s.want(400, "alice", "POST", path, `{}`)
	s.want(400, "alice", "POST", path, `{"member": ""}`)
	s.want(400, "alice", "POST", path, `{"member": 5}`)
	s.want(400, "alice", "POST", path, `[]`)
	s.want(200, "admin", "POST", path, `{"member": "project-c"}`)
	s.want(403, "bob", "POST", path, `{"member": "project-d"}`)

	if a := s.want(200, "alice", "GET", path, ""); strings.Count(a.body, "member_id") != 2 {
		t.Errorf("the owner's list: %s", a.body)
	}
	if a := s.want(200, "bob", "GET", path, ""); a.body != `{"members": [`+want+`], "schema": "/v2/schemas/members"}` {
		t.Errorf("the member's list: %s", a.body)
	}
	s.want(200, "bob", "GET", path+"/project-b", "")
	s.want(404, "bob", "GET", path+"/project-c", "")
	s.want(200, "alice", "GET", path+"/project-c", "")
	s.want(404, "alice", "GET", path+"/project-d", "")

	s.want(403, "alice", "PUT", path+"/project-b", `{"status": "accepted"}`)
	s.want(404, "bob", "PUT", path+"/project-c", `{"status": "accepted"}`)
	s.want(400, "bob", "PUT", path+"/project-b", `{"status": "maybe"}`)
	s.want(400, "bob", "PUT", path+"/project-b", `{}`)
	s.want(404, "admin", "PUT", path+"/project-d", `{"status": "accepted"}`)
	s.want(200, "admin", "PUT", path+"/project-c", `{"status": "rejected"}`)
	if a := s.want(200, "bob", "PUT", path+"/project-b", `{"status": "accepted"}`); !strings.Contains(a.body, `"status": "accepted", "created_at": "2022-12-30T00:35:42Z"`) {
		t.Error(a.body)
	}

	s.want(403, "bob", "DELETE", path+"/project-b", "")
	s.want(404, "alice", "DELETE", path+"/project-d", "")
	s.want(204, "alice", "DELETE", path+"/project-b", "")
	s.want(404, "bob", "GET", "/v2/images/"+id, "")
}

func TestOnlySharedImagesHaveMembers(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", `"visibility": "community"`)
	path := "/v2/images/" + id + "/members"
	s.want(403, "alice", "POST", path, `{"member": "project-b"}`)
	s.want(403, "alice", "GET", path, "")
	s.want(404, "alice", "GET", path+"/project-b", "")
	s.want(403, "admin", "PUT", path+"/project-b", `{"status": "accepted"}`)
	s.want(403, "alice", "DELETE", path+"/project-b", "")
}

func TestMembersAreBounded(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	for i := range maxMembers {
		s.want(200, "alice", "POST", "/v2/images/"+id+"/members", fmt.Sprintf(`{"member": "m%d"}`, i))
	}
	s.want(413, "alice", "POST", "/v2/images/"+id+"/members", `{"member": "more"}`)
}

func TestTags(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	path := "/v2/images/" + id + "/tags/"
	tags := func(want ...any) {
		t.Helper()
		got := s.want(200, "alice", "GET", "/v2/images/"+id, "").object(t)["tags"]
		if fmt.Sprint(got) != fmt.Sprintf("%v", want) {
			t.Errorf("tags %v, want %v", got, want)
		}
	}
	s.want(204, "alice", "PUT", path+"a", "")
	s.want(204, "alice", "PUT", path+"b%20c", "")
	s.want(204, "alice", "PUT", path+"a", "")
	tags("a", "b c")
	s.want(204, "alice", "DELETE", path+"a", "")
	s.want(404, "alice", "DELETE", path+"a", "")
	tags("b c")
	s.want(204, "alice", "PUT", path+strings.Repeat("ä", maxNameChars), "")
	s.want(400, "alice", "PUT", path+strings.Repeat("ä", maxNameChars+1), "")
	s.want(400, "alice", "PUT", path+"%ff", "")
	for i := range maxTags - 2 {
		s.want(204, "alice", "PUT", fmt.Sprintf("%st%d", path, i), "")
	}
	s.want(413, "alice", "PUT", path+"more", "")
}

func TestDeactivate(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", `"visibility": "community"`)
	path := "/v2/images/" + id
	a := s.want(403, "alice", "POST", path+"/actions/deactivate", "")
	if !strings.Contains(a.body, "Not allowed to deactivate image in status 'queued'") {
		t.Error(a.body)
	}
	s.upload("alice", id, "data")
	s.want(204, "alice", "POST", path+"/actions/reactivate", "")
	for range 2 {
		s.want(204, "alice", "POST", path+"/actions/deactivate", "")
	}
	s.want(403, "alice", "GET", path+"/file", "")
	s.want(403, "bob", "GET", path+"/file", "")
	s.want(200, "admin", "GET", path+"/file", "")
	s.want(200, "bob", "GET", path, "")
	s.want(204, "alice", "POST", path+"/actions/reactivate", "")
	s.want(200, "bob", "GET", path+"/file", "")
}
