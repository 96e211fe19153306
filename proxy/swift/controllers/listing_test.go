// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"needletail/proxy/swift/listing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// fillLong puts objects whose listing takes many pieces: folders of names of
// 700 bytes.
func fillLong(s *server) {
	s.t.Helper()
	s.do("PUT /v1/a/c", "")
	for i := range 400 {
		s.do(fmt.Sprintf("PUT /v1/a/c/dir%02d%s/%03d", i/8, strings.Repeat("x", 700), i), "")
	}
}

// A page that is sent in pieces is, to the byte, the page that one look at the
// store gives.
func TestPagesInPieces(t *testing.T) {
	s := newServer(t)
	fillLong(s)
	id := objstore.ContainerID{Account: "a", Container: "c"}
	dir := "dir07" + strings.Repeat("x", 700)
	for _, query := range []string{
		"", "reverse=true", "limit=333", "delimiter=/", "delimiter=/&reverse=true", "prefix=dir0",
		"marker=" + dir, "end_marker=" + dir, "path=" + dir, "prefix=" + dir + "/&delimiter=/",
	} {
		for format, name := range []string{"plain", "json", "xml"} {
			r := &swift.Request{Request: &web.Request{Method: "GET", RawQuery: query}}
			o, err := containerListOptions(r, s.limits().ContainerListing)
			if err != nil {
				t.Fatal(err)
			}
			want := listing.NewContainer(listing.Format(format), "c")
			entries := 0
			err = s.store.ListObjects(t.Context(), id, o, func(e *objstore.ObjectEntry) error {
				want.Object(e)
				entries++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			a := s.do("GET /v1/a/c?format="+name+"&"+query, "")
			body := string(want.Bytes())
			if a.status != 200 || a.body != body {
				t.Errorf("%s %q: status %d, %d bytes, want %d", name, query, a.status, len(a.body), len(body))
			}
			if whole := len(body) < web.PieceBytes; whole != (a.length >= 0) {
				t.Errorf("%s %q: %d bytes (%d entries) are sent with length %d", name, query, len(body), entries, a.length)
			}
		}
	}
}

func (s *server) limits() swift.Limits { return swift.DefaultLimits() }

// The containers of an account come in pieces too.
func TestAccountPagesInPieces(t *testing.T) {
	s := newServer(t)
	var want strings.Builder
	for i := range 600 {
		name := fmt.Sprintf("%03d%s", i, strings.Repeat("y", 200))
		s.do("PUT /v1/a/"+name, "")
		want.WriteString(name + "\n")
	}
	if a := s.do("GET /v1/a", ""); a.length != -1 || a.body != want.String() {
		t.Errorf("length %d, %d bytes, want %d", a.length, len(a.body), want.Len())
	}
}

// A page in pieces takes the bytes of its buffer of the account of memory.
func TestPagesInPiecesAreHeld(t *testing.T) {
	s := newServer(t)
	fillLong(s)
	get := func(m *web.Memory) (*web.Response, error) {
		var held web.Held
		held.Use(m)
		r := &swift.Request{Request: &web.Request{Method: "GET", RawPath: "/v1/a/c", Path: "/v1/a/c", Body: web.NoBody,
			ContentLength: web.NoLength}, Authorizer: s.who,
		}
		r.SetHeld(&held)
		return s.handler.Serve(r)
	}
	const need = 2 * web.PieceBytes
	const account = 2 * need // strangers have half
	if _, err := get(web.NewMemory(account - 1)); web.ErrorResponse(err).Status != 503 {
		t.Errorf("with a byte too few: %v", err)
	}
	m := web.NewMemory(account)
	res, err := get(m)
	if err != nil || m.Used() != need {
		t.Fatalf("%d bytes are held, error %v", m.Used(), err)
	}
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n < 4*web.PieceBytes {
		t.Errorf("%s bytes, error %v", strconv.FormatInt(n, 10), err)
	}
}

// A feature gets the entries of a listing as they are, with the rights of the
// sender and the parameters of the query.
func TestEachObject(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "")
	for _, name := range []string{"a", "d/1", "d/2", "e", "f"} {
		s.must(201, "PUT /v1/a/c/"+name, name)
	}
	list := func(query string, visit func(*objstore.ObjectEntry) error) error {
		r := &swift.Request{Request: &web.Request{
			Method: "GET", Path: "/v1/a/c", RawQuery: query, Body: web.NoBody, ContentLength: web.NoLength,
		}, Authorizer: s.who, EachObject: visit}
		res, err := s.handler.Serve(r)
		if err == nil && (res.Status != 200 || res.Body != nil) {
			t.Errorf("%s: %+v", query, res)
		}
		return err
	}
	got := ""
	visit := func(e *objstore.ObjectEntry) error {
		got += fmt.Sprintf("%s %t %d;", e.Name, e.Subdir, e.SizeBytes)
		return nil
	}
	for query, want := range map[string]string{
		"":                     "a false 1;d/1 false 3;d/2 false 3;e false 1;f false 1;",
		"delimiter=/&limit=2":  "a false 1;d/ true 0;",
		"prefix=d/&marker=d/1": "d/2 false 3;",
		"reverse=on&limit=1":   "f false 1;",
	} {
		if got = ""; list(query, visit) != nil || got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	stop := errors.New("stop")
	if err := list("", func(*objstore.ObjectEntry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the feature: %v", err)
	}
	s.as(nobody)
	if got = ""; web.ErrorResponse(list("", visit)).Status/100 != 4 || got != "" {
		t.Errorf("without a right: %q", got)
	}
	s.as(owner)
	if err := list("limit=99999", visit); web.ErrorResponse(err).Status != 412 {
		t.Errorf("a limit that is too large: %v", err)
	}
}

// pagedStore counts the listings that it is asked for.
type pagedStore struct {
	objstore.Store
	asked int
	cheap bool
}

func (s *pagedStore) Guarantees() objstore.Guarantees {
	g := s.Store.Guarantees()
	g.CheapPages = s.cheap
	return g
}

func (s *pagedStore) ListObjects(ctx context.Context, c objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	s.asked++
	return s.Store.ListObjects(ctx, c, o, visit)
}

// A page of a Store whose pages are costly comes in few pieces, and is the same
// page.
func TestCostlyPagesAreTakenWhole(t *testing.T) {
	store := &pagedStore{cheap: true}
	s := newServer(t, func(c *Config) { store.Store, c.Store = c.Store, store })
	s.must(201, "PUT /v1/a/c", "")
	long := strings.Repeat("n", 1000)
	for i := range 200 {
		s.must(201, fmt.Sprintf("PUT /v1/a/c/%03d%s", i, long), "")
	}
	want := s.must(200, "GET /v1/a/c?format=json", "").body
	if len(want) < 3*web.PieceBytes || store.asked != len(want)/web.PieceBytes+1 {
		t.Fatalf("a page of %d bytes in %d pieces", len(want), store.asked)
	}
	store.cheap, store.asked = false, 0
	if got := s.must(200, "GET /v1/a/c?format=json", "").body; got != want || store.asked != 1 {
		t.Errorf("%d bytes in %d pieces, want %d in one", len(got), store.asked, len(want))
	}
}
