// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"io"
	"strings"
	"testing"

	"needletail/objstore"
)

func TestDownloadRanges(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.upload("alice", id, "0123456789")
	f := func(header, value string, status int, body, contentRange string) {
		t.Helper()
		a := s.want(status, "alice", "GET", "/v2/images/"+id+"/file", "", header, value)
		if status == 206 && (a.body != body || a.Header.Has("Content-MD5")) {
			t.Errorf("%s: %q, %v", value, a.body, a.Header)
		}
		if got := a.Header.Get("Content-Range"); got != contentRange {
			t.Errorf("%s: Content-Range %q", value, got)
		}
	}
	f("Range", "bytes=0-3", 206, "0123", "bytes 0-3/10")
	f("Range", "bytes=9-", 206, "9", "bytes 9-9/10")
	f("Range", "bytes=-3", 206, "789", "bytes 7-9/10")
	f("Range", "bytes=-99", 206, "0123456789", "bytes 0-9/10")
	f("Range", "bytes=5-99", 206, "56789", "bytes 5-9/10")
	f("Content-Range", "bytes 0-4/*", 206, "01234", "bytes 0-4/10")
	f("Content-Range", "bytes 0-4/10", 206, "01234", "bytes 0-4/10")
	for _, bad := range []string{"bytes=10-", "bytes=-0", "bytes=-", "bytes=x-", "bytes=1-x", "bytes=3-2", "bytes=", "x=1-2", "bytes=1",
		"bytes=-99999999999999999999", "bytes=0-99999999999999999999", "bytes=+1-2"} {
		f("Range", bad, 416, "", "")
	}
	f("Range", "bytes=0-1,3-4", 400, "", "")
	for _, bad := range []string{"bytes 0-4", "0-4/10", "bytes -4/10", "bytes 0-/10", "bytes 11-12/10"} {
		f("Content-Range", bad, 416, "", "")
	}
	empty := s.create("alice", "")
	s.upload("alice", empty, "")
	s.want(416, "alice", "GET", "/v2/images/"+empty+"/file", "", "Range", "bytes=0-")
	s.want(416, "alice", "GET", "/v2/images/"+empty+"/file", "", "Range", "bytes=-1")
	s.want(200, "alice", "GET", "/v2/images/"+empty+"/file", "")
}

// TestLostDataIsNotAnEmptyImage: the container can be reached through Swift.
func TestLostDataIsNotAnEmptyImage(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.upload("alice", id, "data")
	o := objstore.ObjectID{Account: serviceAccount, Container: "glance", Object: objstore.ObjectName(id)}
	if _, err := s.store.DeleteObject(context.Background(), o, objstore.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.want(404, "alice", "GET", "/v2/images/"+id+"/file", "")
	s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
}

// tracked is an object that knows whether it was closed.
type tracked struct {
	objstore.Object
	reader io.Reader
	closed int
}

func (o *tracked) Info() *objstore.ObjectInfo   { return &objstore.ObjectInfo{SizeBytes: 4} }
func (o *tracked) Range(int64, int64) io.Reader { return o.reader }
func (o *tracked) Close() error                 { o.closed++; return nil }

func TestBodyKeepsWriterToAndCloses(t *testing.T) {
	f := func(r io.Reader, writerTo bool) {
		t.Helper()
		o := &tracked{reader: r}
		res, err := dataResponse(nil, &image{}, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := res.Body.(io.WriterTo); ok != writerTo {
			t.Errorf("WriterTo: %v", ok)
		}
		if err := res.Close(); err != nil || o.closed != 1 {
			t.Errorf("closed %d times, %v", o.closed, err)
		}
	}
	f(strings.NewReader("data"), true)
	f(io.LimitReader(strings.NewReader("data"), 4), false)
}

func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-3", int64(10))
	f.Add("bytes=-3", int64(1))
	f.Add("bytes=18446744073709551615-", int64(5))
	f.Fuzz(func(t *testing.T, value string, size int64) {
		if size < 0 {
			return
		}
		part, err := parseRange(value, size)
		if err == nil && (part.offset < 0 || part.length <= 0 || part.offset > size-part.length) {
			t.Fatalf("%q of %d: %+v", value, size, part)
		}
	})
}

func TestDownloadIfChanged(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.upload("alice", id, "data")
	file := "/v2/images/" + id + "/file"
	tag := s.want(200, "alice", "GET", file, "").Header.Get("Etag")
	if tag != `"8d777f385d3dfec8815d20f7496026dc"` {
		t.Errorf("Etag %s", tag)
	}
	if a := s.want(304, "alice", "GET", file, "", "If-None-Match", `"other", `+tag); a.body != "" || a.Header.Get("Etag") != tag {
		t.Errorf("%v %q", a.Header, a.body)
	}
	s.want(200, "alice", "GET", file, "", "If-None-Match", `"other"`)
	s.want(206, "alice", "GET", file, "", "If-None-Match", `"other"`, "Range", "bytes=0-1")
	s.want(404, "bob", "GET", file, "", "If-None-Match", tag)
}

// What a site without a cache and with one store does not have, and what Glance
// had once or has lately: the routes of v1's cache, nodes of a cache, locations
// without a PATCH.
func TestAbsentRoutes(t *testing.T) {
	s := newSite(t)
	id := s.create("admin", "")
	for _, route := range []string{
		"GET /v2/cache", "DELETE /v2/cache", "PUT /v2/cache/" + id, "DELETE /v2/cache/" + id, "GET /v2/cached_images",
		"DELETE /v2/cached_images", "PUT /v2/queued_images/" + id, "GET /v2/queued_images", "DELETE /v2/queued_images/" + id,
		"GET /v2/cache/nodes", "DELETE /v2/cache/clean", "POST /v2/images/" + id + "/locations", "GET /v2/images/detail",
		"DELETE /v2/stores/s/" + id, "GET /v2/info/stores", "GET /v2/info/stores/detail", "GET /v2/images/" + id + "/locations",
	} {
		method, path, _ := strings.Cut(route, " ")
		s.want(404, "admin", method, path, "")
		s.want(401, "", method, path, "")
	}
}

// TestSignaturesArePlainProperties: nobody checks them, so nothing is refused.
func TestSignaturesArePlainProperties(t *testing.T) {
	s := newSite(t)
	properties := `"img_signature": "abc", "img_signature_hash_method": "SHA-256", "img_signature_key_type": "RSA-PSS", "img_signature_certificate_uuid": "x"`
	id := s.create("alice", properties)
	if a := s.upload("alice", id, "data"); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.body)
	}
	if body := s.want(200, "alice", "GET", "/v2/images/"+id, "").body; !strings.HasPrefix(body, "{"+properties) {
		t.Error(body)
	}
}

// The Store hears which part of an image will be read.
func TestDownloadTellsTheRange(t *testing.T) {
	s, store := newHookedSite(t)
	id := s.create("alice", "")
	s.upload("alice", id, "0123456789")
	for value, want := range map[string]string{"bytes=2-3": "bytes=2-3", "": ""} {
		var lines []string
		status := 200
		if value != "" {
			status, lines = 206, []string{"Range", value}
		}
		s.want(status, "alice", "GET", "/v2/images/"+id+"/file", "", lines...)
		if got := store.opened.Load(); got.Ranges != want || got.WholeIf != manifestHeader {
			t.Errorf("%q: %+v", value, got)
		}
	}
}
