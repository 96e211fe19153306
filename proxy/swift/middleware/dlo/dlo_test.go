// SPDX-License-Identifier: Apache-2.0

package dlo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// site is a manifest and its container of segments.
type site struct {
	manifest string // the header's value; "" for a plain object
	segments map[string]string
	// lie is how much longer a listing shows each segment than it is.
	lie        int64
	listStatus int // of the listing, if not 200
	getError   error
	asked      []string
	open       int // bodies that nobody closed
}

type counted struct {
	*bytes.Reader
	site *site
}

func (c counted) Close() error { c.site.open--; return nil }

func (s *site) object(r *swift.Request, body string, fields ...web.HeaderField) *web.Response {
	res := &web.Response{Status: 200, Header: append(web.Header{
		{Name: "Content-Type", Value: "x/y"}, {Name: "Etag", Value: "own"}, {Name: "X-Timestamp", Value: "0000000100.50000"},
		{Name: "Accept-Ranges", Value: "bytes"},
	}, fields...), ContentLength: int64(len(body))}
	if ranges, ok := web.ResolveRanges(r.Header.Get("Range"), int64(len(body))); ok && len(ranges) > 0 {
		body = body[ranges[0].Start:ranges[0].End]
		res.Status, res.ContentLength = 206, int64(len(body))
		res.Header.Set("Content-Range", "the manifest's")
	}
	if status := web.Precondition(r.Header, "own", 0); status != 0 {
		res.Status, res.ContentLength, body = status, 0, ""
		res.Header.Del("Content-Type")
	}
	if r.Method == "GET" {
		s.open++
		res.Body = counted{bytes.NewReader([]byte(body)), s}
	}
	return res
}

func (s *site) list(r *swift.Request) (*web.Response, error) {
	if s.listStatus != 0 {
		return web.StatusPage(s.listStatus), nil
	}
	var names []string
	for name := range s.segments {
		if strings.HasPrefix(name, r.Query().Get("prefix")) && name > r.Query().Get("marker") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), testPage)] {
		e := objstore.ObjectEntry{Name: name, ETag: "e" + name, SizeBytes: int64(len(s.segments[name])) + s.lie}
		if err := r.EachObject(&e); err != nil {
			return nil, err
		}
	}
	return web.NewResponse(200), nil
}

func (s *site) Serve(r *swift.Request) (*web.Response, error) {
	s.asked = append(s.asked, strings.TrimSpace(r.Source+" "+r.Method+" "+r.Path))
	switch segment, ok := strings.CutPrefix(r.Path, "/v1/a/segs/"); {
	case ok && s.getError != nil:
		return nil, s.getError
	case ok:
		return s.object(r, s.segments[segment]), nil
	case r.Path == "/v1/a/segs":
		return s.list(r)
	case s.manifest != "":
		return s.object(r, "own", web.HeaderField{Name: manifestHeader, Value: s.manifest}), nil
	}
	return s.object(r, "own"), nil
}

const testPage = 4

func newSite() *site {
	return &site{manifest: "segs/p%2F", segments: map[string]string{
		"p/1": "abc", "p/2": "", "p/3": "defgh", "q": "never",
	}}
}

func (s *site) do(t *testing.T, method, query string, fields ...string) (*web.Response, string) {
	t.Helper()
	res, body, err := s.try(method, query, fields...)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// try reads the body in both ways, which must agree.
func (s *site) try(method, query string, fields ...string) (*web.Response, string, error) {
	var bodies [2]string
	var errs [2]error
	var res *web.Response
	for i := range bodies {
		r := &swift.Request{Request: &web.Request{Method: method, Path: "/v1/a/c/o", RawQuery: query, Body: web.NoBody}}
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			r.Header.Add(name, value)
		}
		limits := swift.DefaultLimits()
		limits.ContainerListing = testPage
		var err error
		res, err = New(limits)(s).Serve(r)
		if err != nil {
			return nil, "", err
		}
		if res.Body == nil {
			continue
		}
		var b bytes.Buffer
		if to, ok := res.Body.(io.WriterTo); ok && i == 1 {
			_, errs[i] = to.WriteTo(&b)
		} else {
			_, errs[i] = io.Copy(&b, struct{ io.Reader }{res.Body})
		}
		bodies[i] = b.String()
		if err := res.Close(); err != nil {
			return nil, "", err
		}
	}
	if bodies[0] != bodies[1] || (errs[0] == nil) != (errs[1] == nil) {
		return nil, "", fmt.Errorf("Read gave %q, %v; WriteTo %q, %v", bodies[0], errs[0], bodies[1], errs[1])
	}
	if s.open != 0 {
		return nil, "", fmt.Errorf("%d bodies are still open", s.open)
	}
	return res, bodies[0], errs[0]
}

func TestContent(t *testing.T) {
	s := newSite()
	res, body := s.do(t, "GET", "")
	if res.Status != 200 || body != "abcdefgh" || res.ContentLength != 8 {
		t.Errorf("GET: %d, %q, length %d", res.Status, body, res.ContentLength)
	}
	etag := `"2d3a6c68ff94b983c3c31583fc761a50"` // the MD5 of "ep/1ep/2ep/3"
	if got := res.Header.Get("Etag"); got != etag || len(got) != 34 || res.Header.Get(manifestHeader) != "segs/p%2F" {
		t.Errorf("header %v, want Etag %s", res.Header, etag)
	}
	if want := "GET /v1/a/c/o;DLO GET /v1/a/segs;DLO GET /v1/a/segs/p/1;DLO GET /v1/a/segs/p/3"; strings.Join(s.asked[:4], ";") != want {
		t.Errorf("asked %q", s.asked)
	}
	res, _ = s.do(t, "HEAD", "")
	if res.Status != 200 || res.ContentLength != 8 || res.Header.Get("Etag") != etag {
		t.Errorf("HEAD: %d, length %d, %v", res.Status, res.ContentLength, res.Header)
	}
	if _, body = s.do(t, "GET", "multipart-manifest=get"); body != "own" {
		t.Errorf("the manifest itself is %q", body)
	}
	s.manifest = ""
	if _, body = s.do(t, "GET", "", "Range: bytes=1-"); body != "wn" {
		t.Errorf("a plain object is %q", body)
	}
	s.manifest = "segs/none"
	if res, body = s.do(t, "GET", ""); body != "" || res.ContentLength != 0 || res.Status != 200 {
		t.Errorf("without segments: %d, %q, length %d", res.Status, body, res.ContentLength)
	}
}

func TestRanges(t *testing.T) {
	for header, want := range map[string]string{
		"bytes=0-0":     "206 bytes 0-0/8 a",
		"bytes=2-4":     "206 bytes 2-4/8 cde",
		"bytes=4-":      "206 bytes 4-7/8 efgh",
		"bytes=-3":      "206 bytes 5-7/8 fgh",
		"bytes=-300":    "206 bytes 0-7/8 abcdefgh",
		"bytes=1-100":   "206 bytes 1-7/8 bcdefgh",
		"bytes=0-1,3-4": "200  abcdefgh",
		"lines=1-2":     "200  abcdefgh",
		"bytes=8-":      "416 bytes */8 ",
	} {
		res, body := newSite().do(t, "GET", "", "Range: "+header)
		if res.Status == 416 {
			body = ""
		} else if res.ContentLength != int64(len(body)) {
			t.Errorf("%s: length %d of %q", header, res.ContentLength, body)
		}
		if got := fmt.Sprintf("%d %s %s", res.Status, res.Header.Get("Content-Range"), body); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

// Conditions are about the whole, not about the manifest.
func TestConditions(t *testing.T) {
	res, _ := newSite().do(t, "HEAD", "")
	etag := res.Header.Get("Etag")
	for _, tc := range []struct {
		field  string
		status int
	}{
		{"If-Match: " + etag, 200}, {"If-Match: " + strings.Trim(etag, `"`), 200}, {"If-Match: own", 412},
		{"If-None-Match: " + etag, 304}, {"If-None-Match: own", 200},
		{"If-Modified-Since: Thu, 01 Jan 1970 00:01:41 GMT", 304},
		{"If-Unmodified-Since: Thu, 01 Jan 1970 00:01:40 GMT", 412},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			res, body := newSite().do(t, method, "", tc.field)
			if res.Status != tc.status || res.Header.Get("Etag") != etag || res.Header.Get("Content-Type") == "" {
				t.Errorf("%s %s: %d %v", method, tc.field, res.Status, res.Header)
			}
			if tc.status != 200 && (body != "" || res.ContentLength != 0) {
				t.Errorf("%s %s: body %q, length %d", method, tc.field, body, res.ContentLength)
			}
		}
	}
}

// From a full page on the length is not known, and Range is ignored.
func TestManyPages(t *testing.T) {
	s := newSite()
	want := ""
	for i := range 3*testPage + 1 {
		name := fmt.Sprintf("p/0%02d", i)
		s.segments[name] = name[1:]
		want += name[1:]
	}
	want += "abcdefgh"
	for _, lines := range [][]string{nil, {"Range: bytes=0-3"}} {
		res, body := s.do(t, "GET", "", lines...)
		if res.Status != 200 || body != want || res.ContentLength != -1 || res.Header.Get("Etag") != "own" {
			t.Errorf("%v: %d, %q, length %d, %v", lines, res.Status, body, res.ContentLength, res.Header)
		}
	}
}

func TestUnreadableSegments(t *testing.T) {
	s := newSite()
	s.getError = web.Status(404)
	_, _, err := s.try("GET", "")
	if err == nil || web.ErrorResponse(err).Status != 409 {
		t.Errorf("a missing first segment: %v", err)
	}
	if res, _ := s.do(t, "HEAD", ""); res.Status != 200 {
		t.Errorf("HEAD reads segments: %d", res.Status)
	}
	s = newSite()
	s.listStatus = 403
	if res, _ := s.do(t, "GET", ""); res.Status != 403 {
		t.Errorf("a listing that is refused: %d", res.Status)
	}
	s = newSite()
	s.lie = 1
	if _, _, err := s.try("GET", ""); err == nil || s.open != 0 {
		t.Errorf("a segment shorter than listed: %v, %d open", err, s.open)
	}
}

// A later segment that cannot be read ends the body with its error.
func TestLaterSegmentFails(t *testing.T) {
	s := newSite()
	failing := swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		if strings.HasSuffix(r.Path, "/p/3") {
			return nil, errBroken
		}
		return s.Serve(r)
	})
	r := &swift.Request{Request: &web.Request{Method: "GET", Path: "/v1/a/c/o", Body: web.NoBody}}
	res, err := New(swift.DefaultLimits())(failing).Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(struct{ io.Reader }{res.Body})
	if string(body) != "abc" || !errors.Is(err, errBroken) {
		t.Errorf("%q, %v", body, err)
	}
	if err := res.Close(); err != nil || s.open != 0 {
		t.Errorf("closing: %v, %d open", err, s.open)
	}
}

var errBroken = errors.New("broken")

func TestPutValidates(t *testing.T) {
	for value, ok := range map[string]bool{
		"c/p": true, "c/p/": true, "c%2F/p": true,
		"": false, "c": false, "c/": false, "/p": false, "c//p": false, "c/p?": false, "c/p&x": false,
	} {
		_, _, err := newSite().try("PUT", "", manifestHeader+": "+value)
		if (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
		if err != nil && web.ErrorResponse(err).Status != 400 {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// unreadable are manifests whose listing no path and no query can ask for.
var unreadable = []string{"segs/p \xfc", "segs/p%20%FC", "se\xfcgs/p", "se%FCgs/p", "se%00gs/p", "segs/p%00"}

// TestUnreadableManifestIsRefused: nobody could look at the object afterwards.
func TestUnreadableManifestIsRefused(t *testing.T) {
	for _, method := range []string{"PUT", "POST"} {
		for _, value := range unreadable {
			if _, _, err := newSite().try(method, "", manifestHeader+": "+value); err == nil || web.ErrorResponse(err).Status != 400 {
				t.Errorf("%s of %q: %v", method, value, err)
			}
		}
		for _, value := range []string{"segs/p%20\u00fc", "segs/p%C3%BC"} {
			if _, _, err := newSite().try(method, "", manifestHeader+": "+value); err != nil {
				t.Errorf("%s of %q: %v", method, value, err)
			}
		}
	}
	for _, value := range []string{"", "c"} { // Swift looks at the form of PUTs alone
		if _, _, err := newSite().try("POST", "", manifestHeader+": "+value); err != nil {
			t.Errorf("POST of %q: %v", value, err)
		}
	}
}

// TestUnreadableManifestIsFound: one that was stored by an earlier version shows
// its own headers, so that it can be seen and deleted.
func TestUnreadableManifestIsFound(t *testing.T) {
	for _, value := range unreadable {
		s := newSite()
		s.manifest, s.listStatus = value, 400
		res, _ := s.do(t, "HEAD", "")
		if res.Status != 200 || res.Header.Get(manifestHeader) != value || res.Header.Get("Etag") != "own" {
			t.Errorf("HEAD of %q: %d %v", value, res.Status, res.Header)
		}
	}
	s := newSite()
	s.manifest, s.listStatus = unreadable[0], 400
	if res, _ := s.do(t, "GET", ""); res.Status != 400 {
		t.Errorf("GET: %d", res.Status)
	}
}
