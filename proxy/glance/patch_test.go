// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"fmt"
	"strings"
	"testing"

	"needletail/proxy/glance/wire"
)

func (s *site) patch(user, id, mediaType, body string) answer {
	s.t.Helper()
	return s.do(user, "PATCH", "/v2/images/"+id, body, "Content-Type", mediaType)
}

// patchCase patches a fresh image of alice. A refused patch must change nothing.
func (s *site) patchCase(user, mediaType, body string, status int, want string) {
	s.t.Helper()
	id := s.create("alice", `"name": "n", "p": "1", "q": "2"`)
	before := s.do("alice", "GET", "/v2/images/"+id, "").body
	a := s.patch(user, id, mediaType, body)
	if a.Status != status || !strings.Contains(a.body, want) {
		s.t.Errorf("%s: %d %s\nwant %d %s", body, a.Status, a.body, status, want)
	}
	after := s.do("alice", "GET", "/v2/images/"+id, "").body
	if status == 200 && after != a.body {
		s.t.Errorf("%s: answered\n%s\nstored\n%s", body, a.body, after)
	}
	if status != 200 && after != before {
		s.t.Errorf("%s was refused and changed the image", body)
	}
}

func TestPatch(t *testing.T) {
	s := newSite(t)
	f := s.patchCase
	ok := func(body, want string) { t.Helper(); f("alice", patchV21, body, 200, want) }
	bad := func(body string, status int, want string) { t.Helper(); f("alice", patchV21, body, status, want) }

	ok(`[]`, `"updated_at": "`)
	ok(`[{"op": "replace", "path": "/name", "value": "m"}]`, `"name": "m"`)
	ok(`[{"op": "add", "path": "/name", "value": null}]`, `"name": null`)
	ok(`[{"op": "add", "path": "/p", "value": "3"}]`, `{"p": "3", "q": "2", "name"`)
	ok(`[{"op": "add", "path": "/a~1b~0c", "value": ""}]`, `"a/b~c": ""`)
	ok(`[{"op": "remove", "path": "/p"}, {"op": "add", "path": "/p", "value": "x"}]`, `{"q": "2", "p": "x", "name"`)
	ok(`[{"op": "replace", "path": "/tags", "value": ["a", "b", "a"]}]`, `"tags": ["a", "b"]`)
	ok(`[{"op": "replace", "path": "/visibility", "value": "private"}]`, `"visibility": "private"`)
	ok(`[{"op": "replace", "path": "/disk_format", "value": "qcow2"}]`, `"disk_format": "qcow2"`)
	ok(`[{"op": "replace", "path": "/protected", "value": true}, {"op": "replace", "path": "/os_hidden", "value": true}]`, `"protected": true`)
	ok(`[{"op": "replace", "path": "/min_ram", "value": 5}, {"op": "replace", "path": "/min_disk", "value": 6}]`, `"min_ram": 5, "min_disk": 6`)

	bad(`{}`, 400, "must be a JSON array")
	bad(`[1]`, 400, "must be JSON objects")
	bad(`[{"path": "/name", "value": "m"}]`, 400, "Unable to find 'op'")
	bad(`[{"op": "test", "path": "/name", "value": "m"}]`, 400, "Invalid operation")
	bad(`[{"op": "replace", "value": "m"}]`, 400, "Unable to find 'path'")
	bad(`[{"op": "replace", "path": 1, "value": "m"}]`, 400, "Invalid JSON pointer")
	bad(`[{"op": "replace", "path": "/name"}]`, 400, "requires a member named")
	bad(`[{"op": "replace", "path": "name", "value": "m"}]`, 400, "does not start")
	bad(`[{"op": "replace", "path": "/a//b", "value": "m"}]`, 400, "adjacent")
	bad(`[{"op": "replace", "path": "/name/", "value": "m"}]`, 400, "ends with")
	bad(`[{"op": "replace", "path": "/a~2", "value": "m"}]`, 400, "escape")
	bad(`[{"op": "replace", "path": "/name/x", "value": "m"}]`, 400, "Invalid JSON pointer")
	bad(`[{"op": "replace", "path": "/id", "value": "m"}]`, 403, "Attribute 'id' is read-only.")
	bad(`[{"op": "replace", "path": "/status", "value": "active"}]`, 403, "read-only")
	bad(`[{"op": "add", "path": "/deleted", "value": "m"}]`, 403, "reserved")
	bad(`[{"op": "add", "path": "/os_glance_x", "value": "m"}]`, 403, "reserved")
	bad(`[{"op": "add", "path": "/locations/-", "value": {}}]`, 403, "locations are invisible")
	bad(`[{"op": "replace", "path": "/new", "value": "m"}]`, 409, "Property new does not exist.")
	bad(`[{"op": "remove", "path": "/new"}]`, 409, "Property new does not exist.")
	bad(`[{"op": "remove", "path": "/name"}]`, 403, "Property name may not be removed.")
	bad(`[{"op": "replace", "path": "/owner", "value": "project-b"}]`, 403, "Owner can't be updated by non admin.")
	bad(`[{"op": "replace", "path": "/visibility", "value": "public"}]`, 403, "publicize_image")
	bad(`[{"op": "replace", "path": "/visibility", "value": "x"}]`, 400, "is not one of")
	bad(`[{"op": "replace", "path": "/min_ram", "value": -1}]`, 400, "negative")
	bad(`[{"op": "replace", "path": "/name", "value": 5}]`, 400, "is not of type")
	bad(`[{"op": "add", "path": "/x", "value": 5}]`, 400, "is not of type 'string'")
	bad(`[{"op": "add", "path": "/x", "value": "1"}, {"op": "remove", "path": "/name"}]`, 403, "")
	bad(`[`, 400, "Malformed JSON")

	f("admin", patchV21, `[{"op": "replace", "path": "/visibility", "value": "public"}]`, 200, `"visibility": "public"`)
	f("admin", patchV21, `[{"op": "replace", "path": "/owner", "value": "project-b"}, {"op": "replace", "path": "/visibility", "value": "public"}]`, 200, `"owner": "project-b"`)
	f("alice", "application/json", `[]`, 415, "")

	f("alice", patchV20, `[{"replace": "/name", "value": "m"}]`, 200, `"name": "m"`)
	f("alice", patchV20, `[{"add": "/x", "value": "m"}]`, 200, `"x": "m"`)
	f("alice", patchV20, `[{"remove": "/p"}]`, 200, `{"q": "2", "name"`)
	f("alice", patchV20, `[{"add": "/p", "value": "m"}]`, 409, "Property p already present.")
	f("alice", patchV20, `[{"add": "/name", "value": "m"}]`, 409, "Property name already present.")
	f("alice", patchV20, `[{"add": "/p", "remove": "/q", "value": "m"}]`, 400, "exactly one")
	f("alice", patchV20, `[{"value": "m"}]`, 400, "exactly one")
}

func TestPatchMediaTypesAreOffered(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	if got := s.patch("alice", id, "text/plain", "[]").Header.Get("Accept-Patch"); got != patchV20+", "+patchV21 {
		t.Errorf("Accept-Patch: %s", got)
	}
}

func TestPatchAfterUpload(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.upload("alice", id, "data")
	a := s.patch("alice", id, patchV21, `[{"op": "replace", "path": "/disk_format", "value": "qcow2"}]`)
	if a.Status != 403 || !strings.Contains(a.body, "Attribute disk_format can be only replaced for a queued image.") {
		t.Errorf("%d %s", a.Status, a.body)
	}
}

func TestPatchLimits(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	f := func(status, from, to int, path string) {
		t.Helper()
		var ops []string
		for i := from; i < to; i++ {
			ops = append(ops, fmt.Sprintf(`{"op": "add", "path": "/`+path+`", "value": "v"}`, i))
		}
		if a := s.patch("alice", id, patchV21, "["+strings.Join(ops, ",")+"]"); a.Status != status {
			t.Errorf("%d operations: %d %s", len(ops), a.Status, a.body)
		}
	}
	f(200, 0, maxProperties, "p%d")
	f(413, maxProperties, maxProperties+1, "p%d")
	f(413, 0, maxPatchOps+1, "p0%.0d")
	big := strings.Repeat("x", maxPropertyBytes)
	for i, want := range []int{200, 413} { // the names of others are in the way of a second
		a := s.patch("alice", id, patchV21, fmt.Sprintf(`[{"op": "add", "path": "/p%d", "value": "%s"}]`, i, big))
		if a.Status != want {
			t.Fatalf("value %d: %d, want %d", i, a.Status, want)
		}
	}
	if a := s.patch("alice", id, patchV21, fmt.Sprintf(`[{"op": "add", "path": "/p0", "value": "%sx"}]`, big)); a.Status != 400 {
		t.Errorf("a long value: %d", a.Status)
	}
	if a := s.patch("alice", id, patchV21, strings.Repeat(" ", wire.MaxJSONBytes+1)); a.Status != 413 {
		t.Errorf("a long body: %d", a.Status)
	}
	if m, _ := wire.DecodeJSON([]byte(s.do("alice", "GET", "/v2/images/"+id, "").body)); m == nil {
		t.Error("the image is gone")
	}
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`[{"op": "add", "path": "/a~1b", "value": "x"}, {"op": "remove", "path": "/a~1b"}]`), false)
	f.Add([]byte(`[{"replace": "/tags", "value": ["x"]}]`), true)
	f.Add([]byte(`[{"op": "replace", "path": "/min_ram", "value": 1e300}]`), false)
	f.Fuzz(func(t *testing.T, body []byte, old bool) {
		v, err := wire.DecodeJSON(body)
		if err != nil {
			return
		}
		ops, err := parsePatch(v, old)
		if err != nil {
			if asFailure(err) == nil {
				t.Fatalf("no answer for %v", err)
			}
			return
		}
		m := &image{ID: "x", Status: statusQueued, Visibility: visibilityShared}
		for _, op := range ops {
			if err := op.apply(caller{project: "p"}, m); err != nil && asFailure(err) == nil {
				t.Fatalf("no answer for %v", err)
			}
		}
		if m.ID != "x" || m.Status != statusQueued || m.Visibility == visibilityPublic || m.Owner != nil {
			t.Fatalf("%s changed %+v", body, m)
		}
		if _, err := wire.DecodeJSON(jsonBytes(imageView(m))); err != nil {
			t.Fatal(err)
		}
	})
}
