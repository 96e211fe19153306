// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"needletail/auth"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func etagOf(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

func objectServer(t *testing.T, change ...func(*Config)) *server {
	t.Helper()
	s := newServer(t, change...)
	s.must(201, "PUT /v1/a/c", "")
	return s
}

func TestObjectVerbs(t *testing.T) {
	s := objectServer(t)
	for _, path := range []string{"/v1/a/c/o", "/v1/a/none/o"} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			s.must(404, method+" "+path, "").want(t, html)
		}
	}
	s.must(404, "PUT /v1/a/none/o", "body")
	put := s.must(201, "PUT /v1/a/c/d/o.txt", "hello", "X-Object-Meta-foo2bar: ü", "Content-Disposition: inline",
		"Content-Encoding: gzip", "X-Junk: x")
	put.want(t, html, "Etag: "+etagOf("hello"))
	put.wantBody(t, "")
	for _, method := range []string{"GET", "HEAD"} {
		a := s.must(200, method+" /v1/a/c/d/o.txt", "")
		a.want(t, "Content-Type: text/plain", "Etag: "+etagOf("hello"), "Accept-Ranges: bytes",
			"X-Object-Meta-Foo2Bar: ü", "Content-Disposition: inline", "Content-Encoding: gzip", "X-Junk:",
			"Last-Modified: "+put.Get("Last-Modified"), "X-Delete-At:")
		if a.length != 5 || method == "GET" && a.body != "hello" {
			t.Errorf("%s: length %d, body %q, header %v", method, a.length, a.body, a.Header)
		}
	}
	post := s.must(202, "POST /v1/a/c/d/o.txt", "", "X-Object-Meta-New: 1", "Expires: never")
	post.want(t, html)
	post.wantBody(t, accepted)
	s.must(200, "HEAD /v1/a/c/d/o.txt", "").want(t, "Content-Type: text/plain", "X-Object-Meta-New: 1",
		"X-Object-Meta-Foo2Bar:", "Content-Encoding:", "Expires: never", "Etag: "+etagOf("hello"))
	s.must(202, "POST /v1/a/c/d/o.txt", "", "Content-Type: a/b")
	s.must(200, "HEAD /v1/a/c/d/o.txt", "").want(t, "Content-Type: a/b", "X-Object-Meta-New:")
	del := s.must(204, "DELETE /v1/a/c/d/o.txt", "")
	del.want(t, html)
	s.must(404, "DELETE /v1/a/c/d/o.txt", "")
}

func TestObjectNamesAreNotCleaned(t *testing.T) {
	s := objectServer(t)
	for _, name := range []string{"a", "a/b", "a//b", "a/../b", "a/", ".", "/x", "%25", "%20+"} {
		s.must(201, "PUT /v1/a/c/"+name, name)
	}
	for _, name := range []string{"a", "a/b", "a//b", "a/../b", "a/", ".", "/x", "%25", "%20+"} {
		s.must(200, "GET /v1/a/c/"+name, "").wantBody(t, name)
	}
	s.must(200, "GET /v1/a/c", "").wantBody(t, " +\n%\n.\n/x\na\na/\na/../b\na//b\na/b\n")
	s.must(201, "PUT /v1/a/c/"+strings.Repeat("n", 1024), "")
	a := s.must(400, "PUT /v1/a/c/"+strings.Repeat("n", 1025), "")
	a.wantBody(t, "Object name length of 1025 longer than 1024")
	a.want(t, "Content-Type: text/plain")
}

func TestObjectContentType(t *testing.T) {
	s := objectServer(t)
	for _, tc := range []struct{ name, line, want string }{
		{"a.wav", "X: y", "audio/x-wav"},
		{"a.zip", "Content-Type:", "application/zip"},
		{"a", "X: y", "application/octet-stream"},
		{"a.txt", "Content-Type: odd/ü; charset=x", "odd/ü; charset=x"},
	} {
		s.must(201, "PUT /v1/a/c/"+tc.name, "", tc.line)
		s.must(200, "HEAD /v1/a/c/"+tc.name, "").want(t, "Content-Type: "+tc.want)
	}
	s.must(201, "PUT /v1/a/c/b.txt", "", "Content-Type: x/y", "X-Detect-Content-Type: true")
	s.must(200, "HEAD /v1/a/c/b.txt", "").want(t, "Content-Type: text/plain")
	s.must(400, "PUT /v1/a/c/b", "", "Content-Type: a/b; swift_bytes=1").
		wantBody(t, "Invalid Content-Type, swift_* is not a valid parameter name.")
	s.must(400, "PUT /v1/a/c/b", "", "Content-Type: a/\xff").wantBody(t, "Invalid Content-Type")
}

// unread fails the test when the body is read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestObjectPutRefusesWithoutReading(t *testing.T) {
	s := objectServer(t)
	s.must(201, "PUT /v1/a/c/there", "x")
	limit := swift.DefaultLimits().FileBytes
	for _, tc := range []struct {
		path   string
		length int64
		line   string
		status int
		body   string
	}{
		{"c/o", web.NoLength, "X: y", 411, "Missing Content-Length header."},
		{"c/o", limit + 1, "X: y", 413, "Your request is too large."},
		{"c/o", 1, "If-None-Match: abc", 400, "If-None-Match only supports *"},
		{"c/o", 1, "X-Delete-At: soon", 400, "Non-integer X-Delete-At"},
		{"c/o", 1, "X-Delete-At:", 400, "Non-integer X-Delete-At"},
		{"c/o", 1, "X-Delete-At: 1", 400, "X-Delete-At in past"},
		{"c/o", 1, "X-Delete-After: 1.5", 400, "Non-integer X-Delete-After"},
		{"c/o", 1, "X-Delete-After: -1", 400, "X-Delete-After in past"},
		{"c/o", 1, "X-Object-Meta-: v", 400, "Metadata name cannot be empty"},
		{"c/there", 1, "If-None-Match: *", 412, page(412)},
		{"none/o", 1, "X: y", 404, page(404)},
	} {
		a := s.send("PUT /v1/a/"+tc.path, unread{t}, tc.length, tc.line)
		if a.status != tc.status || a.body != tc.body {
			t.Errorf("PUT %s, length %d, %q: %d %q", tc.path, tc.length, tc.line, a.status, a.body)
		}
	}
	s.as(nobody).send("PUT /v1/a/c/o", unread{t}, 1)
}

func TestObjectPutBodies(t *testing.T) {
	s := objectServer(t, func(c *Config) { c.Limits.FileBytes = 4 })
	s.must(201, "PUT /v1/a/c/o", "1234")
	s.must(413, "PUT /v1/a/c/o", "12345")
	if a := s.send("PUT /v1/a/c/chunked", strings.NewReader("1234"), -1); a.status != 201 {
		t.Errorf("a chunked body at the limit: %d", a.status)
	}
	if a := s.send("PUT /v1/a/c/chunked", strings.NewReader("12345"), -1); a.status != 413 {
		t.Errorf("a chunked body over the limit: %d", a.status)
	}
	if a := s.send("PUT /v1/a/c/short", strings.NewReader("12"), 3); a.status != 499 {
		t.Errorf("a short body: %d", a.status)
	}
	stalled := io.MultiReader(strings.NewReader("1"), failing{web.Status(408)})
	if a := s.send("PUT /v1/a/c/stalled", stalled, 3); a.status != 408 {
		t.Errorf("a stalled body: %d", a.status)
	}
	if a := s.must(422, "PUT /v1/a/c/o", "zzzz", "Etag: "+etagOf("other")); !strings.HasSuffix(a.Get("Last-Modified"), " GMT") {
		t.Errorf("a refused body: %v", a.Header)
	}
	s.must(200, "GET /v1/a/c/o", "").wantBody(t, "1234")
	s.must(201, "PUT /v1/a/c/o", "zzzz", `Etag: "`+etagOf("zzzz")+`"`)
	s.must(412, "PUT /v1/a/c/o", "1", "If-None-Match: *")
	s.must(201, "PUT /v1/a/c/p", "1", "If-None-Match: *")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// An error of the body comes back as it went in: it knows its status.
func TestObjectPutBodyError(t *testing.T) {
	s := objectServer(t)
	errCut := web.Status(499)
	r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o", Body: failing{errCut}, ContentLength: 3,
		Header: web.Header{{Name: "Origin", Value: "http://o"}}}, Authorizer: s.who,
	}
	if _, err := s.handler.Serve(r); !errors.Is(err, errCut) {
		t.Errorf("got %v", err)
	}
}

// fullStore has no room for a body.
type fullStore struct{ objstore.Store }

func (fullStore) PutObject(context.Context, objstore.ObjectID, io.Reader, objstore.PutOptions) (objstore.ObjectInfo, error) {
	return objstore.ObjectInfo{}, &objstore.Error{Kind: objstore.KindNoSpace, Op: "put object"}
}

func TestObjectPutOnAFullDisk(t *testing.T) {
	for configured, want := range map[int]int{0: 507, 507: 507, 413: 413} {
		s := newServer(t, func(c *Config) { c.Store, c.FullDiskStatus = fullStore{c.Store}, configured })
		s.must(201, "PUT /v1/a/c", "")
		if a := s.must(want, "PUT /v1/a/c/o", "1"); !strings.Contains(a.body, "not enough space") {
			t.Errorf("%d: %q", want, a.body)
		}
		s.must(404, "GET /v1/a/c/o", "")
	}
}

func TestObjectConditions(t *testing.T) {
	s := objectServer(t)
	at := s.must(201, "PUT /v1/a/c/o", "body").Get("Last-Modified")
	modified, err := time.Parse(time.RFC1123, at)
	if err != nil {
		t.Fatal(err)
	}
	before := modified.Add(-time.Second).UTC().Format("Monday, 02-Jan-06 15:04:05") + " GMT"
	etag := etagOf("body")
	for _, tc := range []struct {
		lines  []string
		status int
	}{
		{[]string{"If-None-Match: " + etag}, 304},
		{[]string{`If-None-Match: "x", "` + etag + `"`}, 304},
		{[]string{"If-None-Match: *"}, 304},
		{[]string{`If-None-Match: "x"`}, 200},
		{[]string{"If-Match: " + etag}, 200},
		{[]string{"If-Match: x"}, 412},
		{[]string{"If-Match:"}, 412},
		{[]string{"If-None-Match:"}, 200},
		{[]string{"If-None-Match: " + etag, "If-Match: x"}, 304},
		{[]string{"If-Modified-Since: " + at}, 304},
		{[]string{"If-Modified-Since: " + before}, 200},
		{[]string{"If-Modified-Since: garbage"}, 200},
		{[]string{"If-Unmodified-Since: " + at}, 200},
		{[]string{"If-Unmodified-Since: " + before}, 412},
		{[]string{"If-Unmodified-Since: " + modified.Format(time.ANSIC)}, 200},
		{[]string{"If-Match: x", "If-Modified-Since: " + at}, 412},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := s.must(tc.status, method+" /v1/a/c/o", "", tc.lines...)
			a.want(t, "Etag: "+etag, "Last-Modified: "+at)
			if tc.status == 412 {
				a.want(t, html, "Accept-Ranges:")
			} else {
				a.want(t, "Accept-Ranges: bytes", "Content-Type: application/octet-stream")
			}
			if tc.status != 200 && (a.length != 0 || a.body != "") {
				t.Errorf("%s %v: %d bytes", method, tc.lines, a.length)
			}
		}
	}
	s.must(412, "GET /v1/a/c/none", "", "If-Match: *").wantBody(t, "")
	s.must(404, "GET /v1/a/c/none", "", "If-Match: x", "If-None-Match: *")
}

func TestObjectRanges(t *testing.T) {
	s := objectServer(t)
	s.must(201, "PUT /v1/a/c/o", "0123456789", "Content-Type: t/p; a=b")
	for _, tc := range []struct{ header, contentRange, body string }{
		{"bytes=0-4", "bytes 0-4/10", "01234"},
		{"BYTES = 0 - 999", "bytes 0-9/10", "0123456789"},
		{"bytes=-3", "bytes 7-9/10", "789"},
		{"bytes=-30", "bytes 0-9/10", "0123456789"},
		{"bytes=7-", "bytes 7-9/10", "789"},
		{"bytes=20-,1-2", "bytes 1-2/10", "12"},
	} {
		a := s.must(206, "GET /v1/a/c/o", "", "Range: "+tc.header)
		a.want(t, "Content-Range: "+tc.contentRange, "Content-Type: t/p; a=b")
		a.wantBody(t, tc.body)
	}
	for _, header := range []string{"0-4", "parsecs=8-12", "bytes=4-0", "bytes=a-b", "bytes=-", "bytes=1,2-3"} {
		a := s.must(200, "GET /v1/a/c/o", "", "Range: "+header)
		a.wantBody(t, "0123456789")
		a.want(t, "Content-Range:")
	}
	for _, header := range []string{"bytes=10-", "bytes=-0", "bytes=99-100"} {
		a := s.must(416, "GET /v1/a/c/o", "", "Range: "+header)
		a.want(t, "Content-Range: bytes */10", "Etag: "+etagOf("0123456789"), "Accept-Ranges: bytes")
	}
	s.must(200, "HEAD /v1/a/c/o", "", "Range: bytes=0-4").want(t, "Content-Range:")

	a := s.must(206, "GET /v1/a/c/o", "", "Range: bytes=7-8,0-0,20-")
	boundary, ok := strings.CutPrefix(a.Get("Content-Type"), "multipart/byteranges;boundary=")
	if !ok || len(boundary) != 32 {
		t.Fatalf("Content-Type %q", a.Get("Content-Type"))
	}
	a.want(t, "Content-Range:")
	part := "--" + boundary + "\r\nContent-Type: t/p; a=b\r\nContent-Range: bytes %s/10\r\n\r\n%s\r\n"
	a.wantBody(t, fmt.Sprintf(part, "7-8", "78")+fmt.Sprintf(part, "0-0", "0")+"--"+boundary+"--")

	s.must(201, "PUT /v1/a/c/empty", "")
	s.must(200, "GET /v1/a/c/empty", "", "Range: bytes=-5").wantBody(t, "")
	s.must(416, "GET /v1/a/c/empty", "", "Range: bytes=0-5")
}

func TestObjectExpiry(t *testing.T) {
	s := objectServer(t)
	now := time.Now().Unix()
	s.must(201, "PUT /v1/a/c/o", "", "X-Delete-After: 1000", "X-Delete-At: 5")
	a := s.must(200, "HEAD /v1/a/c/o", "")
	var at int64
	if _, err := fmt.Sscan(a.Get("X-Delete-At"), &at); err != nil || at < now+1000 || at > now+1010 || a.Has("X-Delete-After") {
		t.Errorf("X-Delete-At %q at %d", a.Get("X-Delete-At"), now)
	}
	s.must(202, "POST /v1/a/c/o", "", "X-Delete-At: "+strings.Repeat("1", 100))
	s.must(200, "HEAD /v1/a/c/o", "").want(t, "X-Delete-At: 9999999999")
	s.must(400, "DELETE /v1/a/c/o", "", "X-If-Delete-At: bad").wantBody(t, "Bad X-If-Delete-At header value")
	s.must(412, "DELETE /v1/a/c/o", "", "X-If-Delete-At: 12345").
		wantBody(t, "X-If-Delete-At and X-Delete-At do not match")
	s.must(204, "DELETE /v1/a/c/o", "", "X-If-Delete-At: 9999999999")
	s.must(404, "DELETE /v1/a/c/o", "", "X-If-Delete-At: 9999999999")
	s.must(201, "PUT /v1/a/c/o", "", "X-Delete-After: 1000")
	s.must(202, "POST /v1/a/c/o", "")
	s.must(200, "HEAD /v1/a/c/o", "").want(t, "X-Delete-At:")
	s.must(400, "POST /v1/a/c/o", "", "X-Delete-After: 0").wantBody(t, "X-Delete-After in past")
}

func TestSysmetaOfWrites(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "")
	s.must(201, "PUT /v1/a/c/o", "", "X-Object-Sysmeta-A: 1", "X-Object-Meta-B: 2",
		swift.OverridePrefix+"Size: 12", swift.OverrideETag+": m; symlink_target=d/o; slo_etag=s")
	s.must(202, "POST /v1/a/c/o", "", "X-Object-Meta-B: 3").want(t, "X-Object-Sysmeta-A: 1", "X-Object-Meta-B:")
	got := s.must(200, "GET /v1/a/c?format=json", "").body
	for _, want := range []string{`"bytes": 12`, `"hash": "m"`, `"slo_etag": "\"s\""`, `"symlink_path": "/v1/a/d/o"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

// Where a feature says so, conditions are about an ETag in the metadata, and
// the object is sent whole.
func TestBackendHints(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "")
	s.must(201, "PUT /v1/a/c/o", "body", "X-Object-Sysmeta-E: other")
	hints := []string{swift.ETagIsAt + ": X-Object-Sysmeta-E", swift.IgnoreRangeIf + ": X-Object-Sysmeta-E"}
	for _, method := range []string{"GET", "HEAD"} {
		s.must(304, method+" /v1/a/c/o", "", append(hints, "If-None-Match: other")...)
		s.must(412, method+" /v1/a/c/o", "", append(hints, "If-Match: 841a2d689ad86bd1611447453c22c6fc")...)
	}
	s.must(200, "GET /v1/a/c/o", "", append(hints, "Range: bytes=9-")...).wantBody(t, "body")
	s.must(416, "GET /v1/a/c/o", "", "Range: bytes=9-")
}

// hintedStore keeps the options of the last OpenObject.
type hintedStore struct {
	objstore.Store
	last objstore.OpenOptions
}

func (s *hintedStore) OpenObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	s.last = o
	return s.Store.OpenObject(ctx, id, o)
}

// The Store hears which parts will be read before it opens the object.
func TestStoreHearsTheRanges(t *testing.T) {
	store := &hintedStore{}
	s := newServer(t, func(c *Config) { store.Store, c.Store = c.Store, store })
	s.must(201, "PUT /v1/a/c", "")
	s.must(201, "PUT /v1/a/c/o", "body")
	s.must(206, "GET /v1/a/c/o", "", "Range: bytes=1-2", swift.IgnoreRangeIf+": X-Object-Manifest")
	if want := (objstore.OpenOptions{Ranges: "bytes=1-2", WholeIf: "X-Object-Manifest"}); store.last != want {
		t.Errorf("%+v, want %+v", store.last, want)
	}
	s.must(200, "GET /v1/a/c/o", "")
	if want := (objstore.OpenOptions{}); store.last != want {
		t.Errorf("%+v, want %+v", store.last, want)
	}
}

// What is kept elsewhere is found there, under the rights over the path.
func TestStored(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "", "X-Container-Read: all", "X-Container-Write: all")
	s.must(201, "PUT /v1/b/d", "")
	kept := objstore.ObjectID{Account: "b", Container: "d", Object: "\xffkept"}
	send := func(method string, stored *swift.Stored, lines ...web.HeaderField) (*web.Response, error) {
		return s.handler.Serve(&swift.Request{Request: &web.Request{
			Method: method, Path: "/v1/a/c/o", Body: strings.NewReader("body"), ContentLength: 4,
			Identity: &auth.Identity{}, Header: lines,
		}, Authorizer: s.who, Stored: stored,
		})
	}
	s.as(byACL)
	at := &swift.Stored{Object: kept, Timestamp: 1234}
	if _, err := send("PUT", at, web.HeaderField{Name: "X-Delete-At", Value: "9000000000"}); err != nil || at.DeleteAt != 9000000000 {
		t.Fatalf("PUT: %v, DeleteAt %d", err, at.DeleteAt)
	}
	if info, err := s.store.HeadObject(t.Context(), kept, objstore.OpenOptions{}); err != nil || info.Created != 1234 || info.DeleteAt != 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := send("POST", at, web.HeaderField{Name: "X-Delete-At", Value: "9000000001"}); err != nil || at.DeleteAt != 9000000001 {
		t.Errorf("POST: %v, DeleteAt %d", err, at.DeleteAt)
	}
	if res, err := send("GET", at); err != nil || res.ContentLength != 4 || res.Close() != nil {
		t.Errorf("GET: %+v, %v", res, err)
	}
	at.AccountRight = true
	var status *web.StatusError
	if _, err := send("GET", at); !errors.As(err, &status) || status.Status != 403 {
		t.Errorf("GET by the container's ACL: %v", err)
	}
}

func TestCheckAuthorized(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "", "X-Container-Write: all")
	r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o", Body: strings.NewReader("body"), ContentLength: 4}, Authorizer: s.who}
	s.as(byACL)
	if err := r.CheckAuthorized(s.handler, nil); err != nil || !r.Grant.Allowed {
		t.Errorf("by the ACL: %v, %+v", err, r.Grant)
	}
	if err := r.CheckAuthorized(s.handler, &swift.Stored{AccountRight: true}); err == nil {
		t.Error("by the account's right: allowed")
	}
	s.as(owner).must(404, "GET /v1/a/c/o", "")
}
