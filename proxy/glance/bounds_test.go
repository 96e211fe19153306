// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/web"
)

// described is an image with a description of a length, as a change leaves it.
func described(id string, bytes int) *image {
	value := strings.Repeat("v", bytes-1)
	return &image{ID: id, Properties: []property{{"p", &value}}}
}

func TestDescriptionIsBounded(t *testing.T) {
	c := &catalog{records: recordbook.New(nil, imageRecords, nil)}
	if err := c.room(nil, described("a", maxDescriptionBytes)); err != nil {
		t.Error(err)
	}
	if err := c.room(nil, described("a", maxDescriptionBytes+1)); asFailure(err) == nil || asFailure(err).Status != 413 {
		t.Errorf("a byte more: %v", err)
	}
	// An image from before there was the bound stays as it is, or shrinks.
	old := described("a", 4*maxDescriptionBytes)
	for bytes, ok := range map[int]bool{4 * maxDescriptionBytes: true, 3 * maxDescriptionBytes: true, 4*maxDescriptionBytes + 1: false} {
		if err := c.room(old, described("a", bytes)); (err == nil) != ok {
			t.Errorf("from %d to %d bytes: %v", 4*maxDescriptionBytes, bytes, err)
		}
	}
}

// The memory of records is counted exactly as they come, change and go, and has
// a bound for each project and for all.
func TestRecordsAreCounted(t *testing.T) {
	s := newSite(t)
	if n := s.heldBytes(); n != 0 {
		t.Fatalf("%d bytes of nothing", n)
	}
	id := s.create("alice", `"p": "value", "tags": ["tag"]`)
	s.create("bob", "")
	counted := s.heldBytes()
	s.patch("alice", id, patchV21, `[{"op": "add", "path": "/q", "value": "0123456789"}]`)
	if grown := s.heldBytes() - counted; grown != 64+11 {
		t.Errorf("a property of 11 bytes takes %d", grown)
	}
	before := s.heldBytes()
	s.restart()
	if n := s.heldBytes(); n != before {
		t.Errorf("%d bytes after a restart, %d before", n, before)
	}
	s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
	s.create("bob", "")
	if owned, total := s.h.(*service).images.records.Sums("project-b"); total != 2*recordBytes || owned != total {
		t.Errorf("%d bytes of two images without a description, %d of the project", total, owned)
	}
}

// heldBytes is what the records of all images take.
func (s *site) heldBytes() int64 {
	_, total := s.h.(*service).images.records.Sums("")
	return total
}

func TestRecordsHaveABound(t *testing.T) {
	for name, c := range map[string]struct {
		grown, project, total int64
		ok                    bool
	}{
		"both bounds are met":         {recordBytes, maxProjectBytes - recordBytes, maxCatalogBytes - recordBytes, true},
		"the project has too much":    {recordBytes, maxProjectBytes - recordBytes + 1, 0, false},
		"all have too much":           {recordBytes, 0, maxCatalogBytes - recordBytes + 1, false},
		"a change that takes nothing": {0, maxProjectBytes + 1, maxCatalogBytes + 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := roomFor(c.grown, c.project, c.total)
			if (err == nil) != c.ok || err != nil && asFailure(err).Status != 413 {
				t.Errorf("%v", err)
			}
		})
	}
}

// A page ends before its limit where it is long, and names the next one: all
// images are listed.
func TestPageEndsByItsBytes(t *testing.T) {
	s := newSite(t)
	const images = 2*paging.MaxPageBytes/maxPropertyBytes + 1
	for range images {
		s.create("alice", fmt.Sprintf(`"p": %q`, strings.Repeat("v", maxPropertyBytes)))
	}
	pages, seen := 0, 0
	for path := "/v2/images?limit=1000"; path != ""; pages++ {
		a := s.want(200, "alice", "GET", path, "")
		if len(a.body) > paging.MaxPageBytes+2*maxPropertyBytes {
			t.Errorf("a page of %d bytes", len(a.body))
		}
		o := a.object(t)
		seen += len(o["images"].([]any))
		path, _ = o["next"].(string)
	}
	if seen != images || pages < 3 {
		t.Errorf("%d pages with %d of %d images", pages, seen, images)
	}
}

func TestPagesAreHeld(t *testing.T) {
	s := newSite(t)
	s.create("alice", fmt.Sprintf(`"p": %q`, strings.Repeat("v", 10_000)))
	var held web.Held
	memory := web.NewMemory(10_000)
	held.Use(memory)
	held.SetKnown()
	r := newRequest("alice", "GET", "/v2/images", web.NoBody, web.NoLength)
	r.SetHeld(&held)
	if _, err := s.h.Serve(r); !errors.Is(err, web.ErrNoMemory) {
		t.Errorf("%v", err)
	}
	held.End()
}

// A long page is encoded as it is taken: what an unread one holds is a piece.
func TestUnreadPagesHoldAPiece(t *testing.T) {
	s := newSite(t)
	for range 100 {
		s.create("alice", fmt.Sprintf(`"p": %q`, strings.Repeat("v", 10_000)))
	}
	var held web.Held
	memory := web.NewMemory(1 << 20)
	held.Use(memory)
	held.SetKnown()
	r := newRequest("alice", "GET", "/v2/images?limit=1000", web.NoBody, web.NoLength)
	r.SetHeld(&held)
	res, err := s.h.Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	if used := memory.Used(); used < web.PieceBytes || used > 3*web.PieceBytes {
		t.Errorf("%d bytes are held", used)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) < 100*10_000 {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	if o := (answer{res, string(body)}).object(t); len(o["images"].([]any)) != 100 || o["schema"] != "/v2/schemas/images" {
		t.Errorf("%d images", len(o["images"].([]any)))
	}
	held.End()
}

// endless is a body without an end, of which n bytes have been read.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n += int64(len(p))
	return len(p), nil
}

// Who shows no token is refused before a byte of the body is read, and so is who
// may not see the image.
func TestStrangersBodyIsNotRead(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	for _, route := range routes {
		for _, user := range []string{"", "carol"} {
			if user != "" && !strings.Contains(route.pattern, "{image}") {
				continue
			}
			body := new(endless)
			path := "/v2/" + strings.NewReplacer("{image}", id, "{", "", "}", "").Replace(route.pattern)
			r := newRequest("carol", route.method, path, body, -1)
			if user == "" {
				r.Header.Del("X-Auth-Token")
			}
			if _, err := s.h.Serve(r); err != nil {
				t.Fatalf("%s %s: %v", route.method, path, err)
			}
			if body.n > 0 {
				t.Errorf("%s %s as %q: %d bytes of the body were read", route.method, route.pattern, user, body.n)
			}
		}
	}
}
