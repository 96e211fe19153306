// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"crypto/md5"
	"crypto/sha512"
	"fmt"
	"strings"
	"testing"

	"needletail/objstore"
)

// newOpenSite shows locations.
func newOpenSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.reopen()
	if _, err := s.store.PutContainer(t.Context(), s.dataContainer(), objstore.PutContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) reopen() {
	s.t.Helper()
	cfg := s.config()
	cfg.ShowMultipleLocations, cfg.ShowImageDirectURL = true, true
	h, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.h = h
}

func (s *site) dataContainer() objstore.ContainerID {
	return objstore.ContainerID{Account: serviceAccount, Container: "glance"}
}

// put stores an object beside the Image API, as a glance-api does.
func (s *site) put(name, data string, metadata ...objstore.Field) {
	s.t.Helper()
	_, err := s.store.PutObject(context.Background(), s.dataContainer().Object(objstore.ObjectName(name)), strings.NewReader(data),
		objstore.PutOptions{SizeBytes: int64(len(data)), Metadata: metadata})
	if err != nil {
		s.t.Fatal(err)
	}
}

// putSegments stores an image as glance_store does if its length is unknown.
func (s *site) putSegments(id string, segments ...string) {
	s.t.Helper()
	for i, data := range segments {
		s.put(fmt.Sprintf("%s-%05d", id, i+1), data)
	}
	s.put(id, "", objstore.Field{Name: manifestHeader, Value: "glance/" + id + "-"})
}

func ownURL(id string) string { return "swift+config://ref1/glance/" + id }

func addLocation(url, more string) string {
	return `[{"op": "add", "path": "/locations/-", "value": {"url": "` + url + `", "metadata": {}` + more + `}}]`
}

func TestDataOfAGlanceAPIBecomesAnImage(t *testing.T) {
	s := newOpenSite(t)
	f := func(store func(id string), data string) {
		t.Helper()
		id := s.create("admin", "")
		store(id)
		a := s.patch("admin", id, patchV21, addLocation(ownURL(id), ""))
		md5Sum, sha512Sum := fmt.Sprintf("%x", md5.Sum([]byte(data))), fmt.Sprintf("%x", sha512.Sum512([]byte(data)))
		for _, want := range []string{
			`"status": "active"`, fmt.Sprintf(`"size": %d`, len(data)), `"checksum": "` + md5Sum + `"`, sha512Sum,
			`"locations": [{"url": "` + ownURL(id) + `", "metadata": {}}], "direct_url": "` + ownURL(id) + `"`,
		} {
			if a.Status != 200 || !strings.Contains(a.body, want) {
				t.Errorf("%d %s without %s", a.Status, a.body, want)
			}
		}
		s.reopen()
		file := "/v2/images/" + id + "/file"
		if a := s.want(200, "admin", "GET", file, ""); a.body != data || a.Header.Get("Content-MD5") != md5Sum {
			t.Errorf("downloaded %q, want %q", a.body, data)
		}
		for from := range data {
			a := s.want(206, "admin", "GET", file, "", "Range", fmt.Sprintf("bytes=%d-%d", from, from+3))
			if want := data[from:min(from+4, len(data))]; a.body != want {
				t.Errorf("from %d: %q, want %q", from, a.body, want)
			}
		}
		s.want(204, "admin", "DELETE", "/v2/images/"+id, "")
		if n := s.data(); n != 0 {
			t.Errorf("%d objects are left", n)
		}
	}
	f(func(id string) { s.put(id, "in one object") }, "in one object")
	f(func(id string) { s.putSegments(id, "abc", "d", "efgh") }, "abcdefgh")
	f(func(id string) { s.putSegments(id) }, "")
}

func TestLocationsAreChecked(t *testing.T) {
	s := newOpenSite(t)
	id := s.create("alice", "")
	f := func(user, ops string, status int, want string) {
		t.Helper()
		if a := s.patch(user, id, patchV21, ops); a.Status != status || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %d %s", ops, a.Status, a.body, status, want)
		}
	}
	own := addLocation(ownURL(id), "")
	if a := s.want(200, "alice", "GET", "/v2/images/"+id, ""); !strings.Contains(a.body, `"locations": [], "tags"`) {
		t.Error(a.body)
	}
	f("alice", own, 403, "set_image_location")
	f("admin", own, 400, "Invalid location") // there is nothing
	s.put(id, "data", objstore.Field{Name: manifestHeader, Value: "other/secrets"})
	f("admin", own, 400, "Invalid location")
	s.put(id, "data", objstore.Field{Name: "X-Object-Sysmeta-Slo-Etag", Value: "x"})
	f("admin", own, 400, "Invalid location")
	s.put(id, "data")
	f("admin", addLocation(ownURL("other"), ""), 400, "Invalid location")
	f("admin", addLocation("http://192.0.2.1/"+id, ""), 400, "Invalid location")
	f("admin", addLocation(ownURL(id), `, "validation_data": {"checksum": "00"}`), 409, "checksum is already set with a different value")
	f("admin", `[{"op": "add", "path": "/locations", "value": {}}]`, 400, "Invalid JSON pointer")
	f("admin", `[{"op": "add", "path": "/locations/7", "value": {}}]`, 400, "Invalid JSON pointer")
	f("admin", `[{"op": "replace", "path": "/locations", "value": []}]`, 403, "Cannot set locations to empty list.")
	f("admin", `[{"op": "remove", "path": "/locations/0"}]`, 409, "if image status is queued")
	if got := s.status(id); got != statusQueued {
		t.Fatalf("the image is %s", got)
	}
	f("admin", `[{"op": "replace", "path": "/locations", "value": [{"url": "`+ownURL(id)+`", "metadata": {}}]}]`, 200, `"active"`)
	f("admin", `[{"op": "replace", "path": "/locations", "value": [{"url": "`+ownURL(id)+`", "metadata": {}}]}]`, 200, `"active"`)
	f("admin", own, 400, "already exists")
	f("admin", `[{"op": "remove", "path": "/locations/0"}]`, 403, "Cannot remove last location in the image.")

	// Data of another format is refused, and stays.
	id = s.create("admin", "")
	s.patch("admin", id, patchV21, `[{"op": "replace", "path": "/disk_format", "value": "qcow2"}]`)
	s.put(id, strings.Repeat("x", 1<<16))
	if a := s.patch("admin", id, patchV21, addLocation(ownURL(id), "")); a.Status != 415 || s.status(id) != statusQueued || s.data() != 2 {
		t.Errorf("%d, %s, %d objects", a.Status, s.status(id), s.data())
	}
	// So does what a queued image never took.
	s.want(204, "admin", "DELETE", "/v2/images/"+id, "")
	if n := s.data(); n != 2 {
		t.Errorf("%d objects, want 2", n)
	}
}

func TestChangedSegmentsAreNotSent(t *testing.T) {
	s := newOpenSite(t)
	id := s.create("admin", "")
	s.putSegments(id, "abc", "def")
	s.patch("admin", id, patchV21, addLocation(ownURL(id), ""))
	s.put(id+"-00002", "longer")
	s.want(500, "admin", "GET", "/v2/images/"+id+"/file", "")
}
