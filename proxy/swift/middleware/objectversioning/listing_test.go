// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestListParameters(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one").id()
	for _, c := range []struct {
		status int
		query  string
		accept string
		want   string
	}{
		{406, "versions&format=plain", "", ""},
		{406, "versions&format=xml", "application/json", ""},
		{406, "versions", "text/plain", ""},
		{406, "versions", "foo/bar", ""},
		{200, "versions", "*/*", ""},
		{200, "versions&format=JSON", "text/plain", ""},
		{400, "versions&delimiter=a1", "", "invalid delimiter param"},
		{400, "versions&version_marker=" + id, "", "version_marker param requires marker"},
		{400, "versions&marker=o&version_marker=x", "", "invalid version_marker param"},
		{412, "versions&limit=10001", "", "Maximum limit is 10000"},
	} {
		got := s.must(c.status, "GET c?"+c.query, "", "Accept: "+c.accept)
		if c.want != "" && got.body != c.want {
			t.Errorf("%s: %q", c.query, got.body)
		}
		if c.status == 200 {
			got.want(t, "Content-Type: application/json; charset=utf-8", "X-Container-Object-Count: 1", "X-Versions-Enabled: True")
		}
	}
	s.must(204, "HEAD c?versions", "")
	s.must(404, "GET none?versions", "")
}

// An entry has Swift's keys and no others.
func TestListedKeys(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one", "Content-Type: a/b").id()
	e := s.list("versions")[0]
	want := fmt.Sprintf(`[{"bytes": 3, "hash": "%s", "name": "o", "content_type": "a/b", "last_modified": "%s", "is_latest": true, "version_id": "%s"}]`,
		"f97c5d29941bfb1b2fdab0874906ab82", e.Modified, id)
	if got := s.must(200, "GET c?versions", ""); got.body != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
	want = fmt.Sprintf(`[{"bytes": 3, "hash": "%s", "name": "o", "content_type": "a/b", "last_modified": "%s", `+
		`"symlink_path": "/v1/a/c/o?version-id=%s", "version_symlink": true}]`, "f97c5d29941bfb1b2fdab0874906ab82",
		s.list("format=json")[0].Modified, id)
	if got := s.must(200, "GET c?format=json", ""); got.body != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(201, "PUT c/null", "one", "Content-Type: a/b")
	want = fmt.Sprintf(`[{"bytes": 3, "hash": "%s", "name": "null", "content_type": "a/b", "last_modified": "%s", "version_id": "null", "is_latest": true}]`,
		"f97c5d29941bfb1b2fdab0874906ab82", s.list("versions&prefix=n")[0].Modified)
	if got := s.must(200, "GET c?versions&prefix=n", ""); got.body != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
}

// Swift takes no version for the latest after the null one; clients of a page
// that began there have seen the null version as the latest.
func TestNullMarker(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one").id()
	p := s.must(201, "PUT c/p", "one").id()
	if got := show(s.list("versions&marker=o&version_marker=null")); !slices.Equal(got, []string{"o@" + id, "p@" + p + "*"}) {
		t.Errorf("%q", got)
	}
}

func TestMarkersOfReverseListings(t *testing.T) {
	s := newVersionedSite(t)
	s.must(201, "PUT c/o", "one")
	first := s.must(204, "DELETE c/o", "").id()
	second := s.must(404, "DELETE c/o", "").id()
	v := s.list("versions")[2].ID
	if got := show(s.list("versions&reverse=on")); !slices.Equal(got, []string{"o@" + v, "o@" + first, "o@" + second + "*"}) {
		t.Errorf("%q", got)
	}
	if got := show(s.list("versions&marker=o&version_marker=" + second)); !slices.Equal(got, []string{"o@" + first, "o@" + v}) {
		t.Errorf("%q", got)
	}
}

// fill makes random names with versions, markers, null objects and restored
// versions, and gives their listing as "name@id*".
func fill(s *site, r *rand.Rand) (lines []string) {
	names := map[string]bool{}
	for range 60 {
		name := randomName(r)
		names[name] = true
		target := "c/" + url.PathEscape(name)
		switch r.IntN(8) {
		case 0, 1:
			s.do("DELETE "+target, "")
		case 2:
			s.must(204, "POST c", "", "X-Versions-Enabled: "+[]string{"true", "false"}[r.IntN(2)])
		default:
			s.must(201, "PUT "+target, "x")
		}
	}
	all := show(s.list("versions"))
	// The order and the latest by the definition, from what GET says.
	for _, name := range slices.Sorted(keysOf(names)) {
		var ids []string
		for _, line := range all {
			if n, id, _ := strings.Cut(strings.TrimSuffix(line, "*"), "@"); n == name {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids) // "null" comes last
		slices.Reverse(ids)
		current := s.do("GET c/"+url.PathEscape(name), "")
		for i, id := range ids {
			line := name + "@" + id
			if current.id() == id || current.status == 404 && i == 0 && s.do("GET c/"+url.PathEscape(name)+"?version-id="+id, "").Get("Content-Type") == markerType {
				line += "*"
			}
			lines = append(lines, line)
		}
	}
	if !slices.Equal(all, lines) {
		s.t.Errorf("got  %q\nwant %q", all, lines)
	}
	return lines
}

func keysOf(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestPages puts the pages of a listing together: whatever their length, their
// direction and the rest of the query, they are the one listing.
func TestPages(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for range 15 {
		s := newVersionedSite(t)
		all := fill(s, r)
		reversed := slices.Clone(all)
		slices.Reverse(reversed)
		if got := show(s.list("versions&reverse=1")); !slices.Equal(got, reversed) {
			t.Errorf("reverse: got  %q\nwant %q", got, reversed)
		}
		for _, query := range []string{"", "&reverse=true", "&prefix=a", "&reverse=1&prefix=%01", "&delimiter=-", "&delimiter=%01&reverse=1", "&prefix=a&delimiter=/"} {
			whole := show(s.list("versions" + query))
			var pages []string
			marker := ""
			for range 200 {
				page := s.list(fmt.Sprintf("versions%s&limit=%d%s", query, 1+r.IntN(4), marker))
				if len(page) == 0 {
					break
				}
				pages = append(pages, show(page)...)
				last := page[len(page)-1]
				marker = "&marker=" + url.QueryEscape(last.Subdir)
				if last.Subdir == "" {
					marker = "&marker=" + url.QueryEscape(last.Name) + "&version_marker=" + last.ID
				}
			}
			for i := range pages { // see TestNullMarker
				pages[i] = strings.TrimSuffix(pages[i], "*")
				if i < len(whole) {
					whole[i] = strings.TrimSuffix(whole[i], "*")
				}
			}
			if !slices.Equal(pages, whole) {
				t.Errorf("%q: pages %q\nwhole %q", query, pages, whole)
			}
		}
		checkBounds(s, r, all)
	}
}

// checkBounds asks for what lies between two names.
func checkBounds(s *site, r *rand.Rand, all []string) {
	for range 10 {
		low, high := randomName(r), randomName(r)
		var want []string
		for _, line := range all {
			if name, _, _ := strings.Cut(line, "@"); name > low && name < high {
				want = append(want, line)
			}
		}
		query := "versions&marker=" + url.QueryEscape(low) + "&end_marker=" + url.QueryEscape(high)
		if got := show(s.list(query)); !slices.Equal(got, want) {
			s.t.Errorf("%s: got %q\nwant %q", query, got, want)
		}
		slices.Reverse(want)
		query = "versions&reverse=1&marker=" + url.QueryEscape(high) + "&end_marker=" + url.QueryEscape(low)
		if got := show(s.list(query)); !slices.Equal(got, want) {
			s.t.Errorf("%s: got %q\nwant %q", query, got, want)
		}
	}
}
