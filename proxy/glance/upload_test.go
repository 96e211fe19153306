// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/web"
)

// hooked is a store whose writes of objects can be made to fail.
type hooked struct {
	objstore.Store
	put    func(objstore.ObjectID) error // before the write
	after  func(objstore.ObjectID) error // after it
	delete func(objstore.ObjectID) error
	opened atomic.Pointer[objstore.OpenOptions] // of the last OpenObject
}

func (h *hooked) OpenObject(ctx context.Context, o objstore.ObjectID, opts objstore.OpenOptions) (objstore.Object, error) {
	h.opened.Store(&opts)
	return h.Store.OpenObject(ctx, o, opts)
}

func (h *hooked) PutObject(ctx context.Context, o objstore.ObjectID, body io.Reader, opts objstore.PutOptions) (objstore.ObjectInfo, error) {
	if err := ended(ctx); err != nil {
		return objstore.ObjectInfo{}, err
	}
	if h.put != nil {
		if err := h.put(o); err != nil {
			return objstore.ObjectInfo{}, err
		}
	}
	info, err := h.Store.PutObject(ctx, o, body, opts)
	if err == nil && h.after != nil {
		err = h.after(o)
	}
	return info, err
}

func (h *hooked) DeleteObject(ctx context.Context, o objstore.ObjectID, opts objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	if err := ended(ctx); err != nil {
		return objstore.ObjectInfo{}, err
	}
	if h.delete != nil {
		if err := h.delete(o); err != nil {
			return objstore.ObjectInfo{}, err
		}
	}
	return h.Store.DeleteObject(ctx, o, opts)
}

// ended is how an engine may refuse a request that the server gave up.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return &objstore.Error{Kind: objstore.KindUnavailable, Op: "test", Err: ctx.Err()}
}

func newHookedSite(t *testing.T) (*site, *hooked) {
	h := &hooked{Store: memstore.New(memstore.Options{})}
	s := newSite(t)
	s.store = h
	s.restart()
	return s, h
}

// failing gives data and then an error.
func failing(data string, err error) io.Reader {
	return io.MultiReader(strings.NewReader(data), errReader{err})
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func putFile(user, id string, body io.Reader, length int64) *web.Request {
	return newRequest(user, "PUT", "/v2/images/"+id+"/file", body, length, "Content-Type", octetStream)
}

func TestBodyThatEndsEarlyLeavesTheImageQueued(t *testing.T) {
	s := newSite(t)
	cutOff := &web.StatusError{Status: 499, Err: io.ErrUnexpectedEOF}
	f := func(name, data string, length int64, cause error) {
		t.Helper()
		id := s.create("alice", "")
		before := s.do("alice", "GET", "/v2/images/"+id, "").body
		res, err := s.h.Serve(putFile("alice", id, failing(data, cause), length))
		if res != nil || !errors.Is(err, cause) {
			t.Errorf("%s: %v, %v", name, res, err)
		}
		if s.status(id) != "queued" || s.data() != 0 {
			t.Errorf("%s: %s, %d objects", name, s.status(id), s.data())
		}
		if errors.Is(cause, errUnsent) && s.do("alice", "GET", "/v2/images/"+id, "").body != before {
			t.Errorf("%s changed the image", name)
		}
		if a := s.upload("alice", id, "again"); a.Status != 204 {
			t.Errorf("%s: the next upload: %d %s", name, a.Status, a.body)
		}
		s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
	}
	f("no byte sent", "", 1000, errUnsent)
	f("no byte sent, chunked", "", -1, errUnsent)
	f("cut in the head", "abc", 1000, cutOff)
	f("cut in the head, chunked", "abc", -1, cutOff)
	f("cut later", strings.Repeat("x", 900), 1000, cutOff)
	f("cut later, chunked", strings.Repeat("x", 100_000), -1, cutOff)
	f("stalled", strings.Repeat("x", 900), 1000, &web.StatusError{Status: 408})
	f("bare error", "abc", -1, io.ErrUnexpectedEOF)
}

func TestUploadChecksComeBeforeTheBody(t *testing.T) {
	s := newSite(t)
	unread := errReader{errors.New("the body was read")}
	queued := s.create("alice", "")
	active := s.create("alice", "")
	s.upload("alice", active, "data")
	public := s.create("admin", `"visibility": "public"`)
	bare := s.want(201, "alice", "POST", "/v2/images", `{"disk_format": "raw"}`).object(t)["id"].(string)
	f := func(status int, user, id string, length int64, header ...string) {
		t.Helper()
		r := putFile(user, id, unread, length)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		if a := s.serve(r); a.Status != status {
			t.Errorf("%d, want %d: %s", a.Status, status, a.body)
		}
	}
	f(401, "", queued, 5)
	f(403, "bob", public, 5)
	f(404, "bob", queued, 5)
	f(409, "alice", active, 5)
	f(400, "alice", bare, 5)
	f(413, "alice", queued, 1<<40+1)
	f(415, "alice", queued, 5, "Content-Type", "application/json")
	f(415, "alice", queued, 5, "Content-Type", "")
	f(400, "alice", queued, 5, "X-Image-Meta-Store", "fast")
}

// TestWith: a handler with other settings has the images of the first, and the
// settings that tell where the images lie stay.
func TestWith(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	first := s.h.(Handler)
	next, err := first.With(Config{Validator: users, MaxImageBytes: 4, ServiceAccount: "AUTH_other"})
	if err != nil {
		t.Fatal(err)
	}
	s.h = next
	if a := s.serve(putFile("alice", id, strings.NewReader("12345"), 5)); a.Status != 413 {
		t.Errorf("over the new limit: %d", a.Status)
	}
	s.h = first
	if a := s.serve(putFile("alice", id, strings.NewReader("12345"), 5)); a.Status != 204 {
		t.Errorf("within the old limit: %d", a.Status)
	}
	s.h = next
	if show := s.want(200, "alice", "GET", "/v2/images/"+id, "").object(t); show["status"] != "active" {
		t.Errorf("the image of the first handler: %v", show)
	}
	if _, err := first.With(Config{Validator: users, MaxImageBytes: -1}); err == nil {
		t.Error("a wrong setting is taken")
	}
}

func TestUploadLengths(t *testing.T) {
	s := newSite(t)
	cfg := s.config()
	cfg.MaxImageBytes = 1000
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.h = h
	f := func(status int, n int, length int64) {
		t.Helper()
		id := s.create("alice", "")
		a := s.serve(putFile("alice", id, strings.NewReader(strings.Repeat("x", n)), length))
		if a.Status != status {
			t.Fatalf("%d bytes: %d %s", n, a.Status, a.body)
		}
		show := s.want(200, "alice", "GET", "/v2/images/"+id, "").object(t)
		if status == 204 && (show["status"] != "active" || show["size"] != float64(n)) {
			t.Errorf("%d bytes: %v", n, show)
		}
		if status == 413 && (show["status"] != "queued" || show["size"] != nil) {
			t.Errorf("%d bytes: %v", n, show)
		}
		s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
		if s.data() != 0 {
			t.Errorf("%d bytes: %d objects are left", n, s.data())
		}
	}
	f(204, 1000, 1000)
	f(204, 1000, -1)
	f(204, 0, 0)
	f(204, 0, -1)
	f(204, 0, web.NoLength)
	f(204, firstReadBytes, -1)
	f(204, firstReadBytes-1, -1)
	f(413, 1001, 1001)
	f(413, 1001, -1)
}

// gate is a body that waits in the middle.
type gate struct {
	entered, open chan struct{}
	sent          bool
}

func newGate() *gate { return &gate{entered: make(chan struct{}), open: make(chan struct{})} }

func (g *gate) Read(p []byte) (int, error) {
	if g.sent {
		return 0, io.EOF
	}
	g.sent = true
	close(g.entered)
	<-g.open
	return copy(p, "end"), nil
}

// startUpload runs an upload up to the gate.
func (s *site) startUpload(id string) (*gate, chan answer) {
	g, done := newGate(), make(chan answer, 1)
	body := io.MultiReader(strings.NewReader(strings.Repeat("x", 100)), g)
	go func() { done <- s.serve(putFile("alice", id, body, -1)) }()
	<-g.entered
	return g, done
}

func TestSecondUploadIsRefused(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	g, done := s.startUpload(id)
	if s.status(id) != "saving" {
		t.Errorf("%s while the upload runs", s.status(id))
	}
	a := s.upload("alice", id, "other")
	if a.Status != 409 || !strings.Contains(a.body, "Image status transition from saving to saving is not allowed") {
		t.Errorf("second upload: %d %s", a.Status, a.body)
	}
	s.want(204, "alice", "GET", "/v2/images/"+id+"/file", "")
	close(g.open)
	if a := <-done; a.Status != 204 {
		t.Errorf("first upload: %d %s", a.Status, a.body)
	}
	if a := s.want(200, "alice", "GET", "/v2/images/"+id+"/file", ""); a.body != strings.Repeat("x", 100)+"end" {
		t.Errorf("%d bytes", len(a.body))
	}
}

func TestDeleteDuringUpload(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	g, done := s.startUpload(id)
	s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
	s.want(404, "alice", "GET", "/v2/images/"+id, "")
	s.want(409, "alice", "POST", "/v2/images", `{"id": "`+id+`"}`)
	close(g.open)
	if a := <-done; a.Status != 410 {
		t.Errorf("upload: %d %s", a.Status, a.body)
	}
	if s.data() != 0 || s.records() != 0 {
		t.Errorf("%d objects, %d records", s.data(), s.records())
	}
	s.want(201, "alice", "POST", "/v2/images", `{"id": "`+id+`"}`)
}

func TestStoreFailsDuringUpload(t *testing.T) {
	s, h := newHookedSite(t)
	f := func(kind objstore.Kind, status int) {
		t.Helper()
		id := s.create("alice", "")
		h.put = func(o objstore.ObjectID) error {
			if o.Account == serviceAccount {
				return &objstore.Error{Kind: kind, Op: "put object"}
			}
			return nil
		}
		if a := s.upload("alice", id, "data"); a.Status != status {
			t.Errorf("%v: %d %s", kind, a.Status, a.body)
		}
		h.put = nil
		if s.status(id) != "queued" {
			t.Errorf("%v: %s", kind, s.status(id))
		}
	}
	f(objstore.KindNoSpace, 413)
	f(objstore.KindUnavailable, 503)
	f(objstore.KindInternal, 500)
}

// TestRecordFailsDuringUpload fails the n-th write of the record, before it or
// after it, and all later ones: an image that a restart finds active must have
// its data, a queued one none, and it must be usable again at once.
func TestRecordFailsDuringUpload(t *testing.T) {
	f := func(failFrom int, after, restart bool) {
		t.Helper()
		s, h := newHookedSite(t)
		id := s.create("alice", "")
		writes := 0
		count := func(o objstore.ObjectID) error {
			if o.Account == recordbook.Account {
				if writes++; writes >= failFrom {
					return &objstore.Error{Kind: objstore.KindUnavailable, Op: "put object"}
				}
			}
			return nil
		}
		if h.put = count; after {
			// The n-th write reaches the disk, later ones do not.
			h.put, h.after = func(o objstore.ObjectID) error {
				if writes == failFrom {
					return count(o)
				}
				return nil
			}, count
		}
		if a := s.upload("alice", id, "data"); a.Status != 503 {
			t.Errorf("write %d failed: %d", failFrom, a.Status)
		}
		h.put, h.after = nil, nil
		if restart {
			s.restart()
			if active := s.status(id) == "active"; active && s.data() != 1 || !active && (s.status(id) != "queued" || s.data() != 0) {
				t.Errorf("write %d failed, after %v: %d objects, %s", failFrom, after, s.data(), s.status(id))
			}
			return
		}
		if s.status(id) != "queued" {
			t.Errorf("write %d failed, after %v: %s", failFrom, after, s.status(id))
		}
		if a := s.upload("alice", id, "data"); a.Status != 204 {
			t.Errorf("the next upload: %d", a.Status)
		}
	}
	for failFrom := 1; failFrom <= 2; failFrom++ {
		for _, after := range []bool{false, true} {
			f(failFrom, after, false)
			f(failFrom, after, true)
		}
	}
}

// TestUploadsThatBeginTogether: the check before the body is not the claim.
func TestUploadsThatBeginTogether(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	g, done := newGate(), make(chan answer, 1)
	go func() { done <- s.serve(putFile("alice", id, g, -1)) }()
	<-g.entered
	if a := s.upload("alice", id, "first"); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.body)
	}
	close(g.open)
	if a := <-done; a.Status != 409 {
		t.Errorf("the slower one: %d %s", a.Status, a.body)
	}
	if a := s.want(200, "alice", "GET", "/v2/images/"+id+"/file", ""); a.body != "first" {
		t.Errorf("%q", a.body)
	}
}

// TestRequeueFailsOnce fails only the write that makes the image active.
func TestRequeueFailsOnce(t *testing.T) {
	s, h := newHookedSite(t)
	id := s.create("alice", "")
	writes := 0
	h.after = func(o objstore.ObjectID) error {
		if o.Account == recordbook.Account {
			if writes++; writes == 2 {
				return &objstore.Error{Kind: objstore.KindUnavailable, Op: "put object"}
			}
		}
		return nil
	}
	if a := s.upload("alice", id, "data"); a.Status != 503 {
		t.Errorf("%d", a.Status)
	}
	s.restart()
	if s.status(id) != "queued" || s.data() != 0 {
		t.Errorf("%s, %d objects", s.status(id), s.data())
	}
}

// TestServerStopsDuringUpload: the image does not stay in state saving.
func TestServerStopsDuringUpload(t *testing.T) {
	s, _ := newHookedSite(t)
	id := s.create("alice", "")
	ctx, cancel := context.WithCancel(context.Background())
	cutOff := &web.StatusError{Status: 499}
	r := putFile("alice", id, io.MultiReader(strings.NewReader(strings.Repeat("x", 100)), stopper{cancel, cutOff}), 1000)
	r.SetContext(ctx)
	if _, err := s.h.Serve(r); !errors.Is(err, cutOff) {
		t.Errorf("%v", err)
	}
	if s.status(id) != "queued" {
		t.Errorf("%s", s.status(id))
	}
	onDisk := recordbook.New(s.store, imageRecords, slog.New(slog.DiscardHandler))
	err := onDisk.Load(t.Context(), func(*image) error { return nil })
	if rec := onDisk.Get(id); err != nil || rec == nil || rec.Status != statusQueued {
		t.Errorf("on disk: %+v, %v", rec, err)
	}
}

// stopper ends the context and the body.
type stopper struct {
	cancel func()
	err    error
}

func (s stopper) Read([]byte) (int, error) {
	s.cancel()
	return 0, s.err
}

// errUnsent is the error of a body of which nothing came.
var errUnsent = errors.New("nothing was sent")

// TestNothingChangesBeforeTheBody: no route that reads a body changes anything
// before it has.
func TestNothingChangesBeforeTheBody(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.want(200, "alice", "POST", "/v2/images/"+id+"/members", `{"member": "project-b"}`)
	before := s.do("admin", "GET", "/v2/images", "").body
	for _, rt := range routes {
		if rt.bodyless || rt.method == "GET" || rt.method == "DELETE" {
			continue
		}
		r := newRequest("admin", rt.method, samplePath(rt.pattern, id), errReader{errUnsent}, 100, "Content-Type", patchV21)
		if strings.HasSuffix(rt.pattern, "/file") || strings.HasSuffix(rt.pattern, "/stage") {
			r.Header.Set("Content-Type", octetStream)
		}
		if res, err := s.h.Serve(r); res != nil || !errors.Is(err, errUnsent) {
			t.Errorf("%s %s: %v, %v", rt.method, rt.pattern, res, err)
		}
	}
	if after := s.do("admin", "GET", "/v2/images", "").body; after != before {
		t.Errorf("\n got %s\nwant %s", after, before)
	}
}
