// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// joinContainers gives each request the entries, in the order of the listing.
func (s *server) joinContainers(names ...string) {
	inner := s.handler
	s.handler = swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		r.JoinContainers = nil
		for _, name := range names {
			r.JoinContainers = append(r.JoinContainers, objstore.ContainerEntry{Name: name, BytesUsed: 10})
		}
		if swift.IsTrue(r.Query().Get("reverse")) {
			slices.Reverse(r.JoinContainers)
		}
		return inner.Serve(r)
	})
}

func TestJoinedContainers(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"b", "d", "e-1", "e-2"} {
		s.must(201, "PUT /v1/a/"+name, "")
	}
	s.must(201, "PUT /v1/a/d/o", "body")
	s.joinContainers("a", "c", "d", "f", "g")
	for query, want := range map[string]string{
		"":                        "a\nb\nc\nd\ne-1\ne-2\nf\ng\n",
		"reverse=true":            "g\nf\ne-2\ne-1\nd\nc\nb\na\n",
		"limit=1":                 "a\n",
		"limit=2":                 "a\nb\n",
		"limit=3":                 "a\nb\nc\n",
		"limit=4":                 "a\nb\nc\nd\n",
		"limit=7":                 "a\nb\nc\nd\ne-1\ne-2\nf\n",
		"limit=8":                 "a\nb\nc\nd\ne-1\ne-2\nf\ng\n",
		"limit=9":                 "a\nb\nc\nd\ne-1\ne-2\nf\ng\n",
		"limit=5&delimiter=-":     "a\nb\nc\nd\ne-\n",
		"limit=6&delimiter=-":     "a\nb\nc\nd\ne-\nf\n",
		"limit=2&reverse=true":    "g\nf\n",
		"limit=3&reverse=true":    "g\nf\ne-2\n",
		"prefix=nothing&limit=10": "a\nc\nd\nf\ng\n",
	} {
		s.must(200, "GET /v1/a?"+query, "").wantBody(t, want)
	}
	s.must(204, "GET /v1/a?limit=0", "").wantBody(t, "")
	s.must(204, "HEAD /v1/a", "")
	body := s.must(200, "GET /v1/a?format=json", "").body
	for _, entry := range []string{`"name": "c", "count": 0, "bytes": 10`, `"name": "d", "count": 1, "bytes": 14`} {
		if !strings.Contains(body, entry) {
			t.Errorf("%s\nlacks %s", body, entry)
		}
	}
	s.must(204, "GET /v1/none", "").wantBody(t, "")
}

// A joined entry may be the last of a piece.
func TestJoinedContainersInPieces(t *testing.T) {
	s := newServer(t)
	var joined []string
	var want strings.Builder
	for i := range 900 {
		name := fmt.Sprintf("%03d%s", i, strings.Repeat("y", 200))
		if i%3 == 0 {
			s.do("PUT /v1/a/"+name, "")
		} else {
			joined = append(joined, name)
		}
		want.WriteString(name + "\n")
	}
	s.joinContainers(joined...)
	if a := s.do("GET /v1/a", ""); a.length != -1 || a.body != want.String() {
		t.Errorf("length %d, %d bytes, want %d", a.length, len(a.body), want.Len())
	}
}
