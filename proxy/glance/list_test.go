// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"needletail/proxy/glance/paging"
)

// names lists and gives the names, in order.
func (s *site) names(user, query string) []string {
	s.t.Helper()
	names, _ := s.namesAndNext(user, "/v2/images"+query)
	return names
}

func (s *site) namesAndNext(user, path string) (names []string, next string) {
	s.t.Helper()
	o := s.want(200, user, "GET", path, "").object(s.t)
	for _, m := range o["images"].([]any) {
		name, _ := m.(map[string]any)["name"].(string)
		names = append(names, name)
	}
	next, _ = o["next"].(string)
	return names, next
}

func TestPagesOfSixtyImages(t *testing.T) {
	s := newSite(t)
	for i := range 60 {
		s.create("alice", fmt.Sprintf(`"name": "i%02d"`, i))
	}
	f := func(query string, firstName string, sizes ...int) {
		t.Helper()
		path := "/v2/images" + query
		var all []string
		for i, size := range sizes {
			names, next := s.namesAndNext("alice", path)
			if len(names) != size {
				t.Fatalf("%s: page %d has %d images, want %d", query, i, len(names), size)
			}
			if (next != "") != (i < len(sizes)-1) {
				t.Fatalf("%s: page %d: next %q", query, i, next)
			}
			all, path = append(all, names...), next
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != 60 {
			t.Errorf("%s: %d different images", query, len(all))
		}
		if names := s.names("alice", query); firstName != names[0] {
			t.Errorf("%s: begins with %s", query, names[0])
		}
	}
	f("", "i59", 25, 25, 10)
	f("?limit=20", "i59", 20, 20, 20, 0) // an exact multiple costs an empty page
	f("?limit=200&sort_key=name&sort_dir=asc", "i00", 60)
	f("?sort=name:asc&limit=40&visibility=shared", "i00", 40, 20)
	f("?limit=5000", "i59", 60)

	o := s.want(200, "alice", "GET", "/v2/images?limit=2&name=in:i00,%22i01%22,i02&tag=", "").object(t)
	if o["first"] != "/v2/images?limit=2&name=in%3Ai00%2C%22i01%22%2Ci02&tag=" || o["schema"] != "/v2/schemas/images" {
		t.Errorf("first %v, schema %v", o["first"], o["schema"])
	}
	o = s.want(200, "alice", "GET", "/v2/images?limit=0", "").object(t)
	if len(o["images"].([]any)) != 0 || o["next"] != nil {
		t.Errorf("limit=0: %v", o)
	}
}

func TestListFilters(t *testing.T) {
	s := newSite(t)
	a := s.create("alice", `"name": "a", "tags": ["x", "y"], "min_ram": 10, "os_distro": "debian"`) // 00:35:41
	s.upload("alice", a, "12345")
	s.create("alice", `"name": "b", "tags": ["x"], "protected": true, "min_disk": 7`)
	s.create("alice", `"name": "c", "os_hidden": true`)
	s.create("alice", `"name": "d:e,f", "visibility": "private"`)
	sum := s.want(200, "alice", "GET", "/v2/images/"+a, "").object(t)
	f := func(query string, want ...string) {
		t.Helper()
		if got := s.names("alice", "?sort=name:asc&"+query); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	f("", "a", "b", "d:e,f")
	f("name=a", "a")
	f("name=eq:a", "a")
	f("name=in:a,b", "a", "b")
	f("checksum=") // those without one have not an empty one
	f("name=")
	f("name=d%3Ae%2Cf", "d:e,f")
	f(`name=in:%22d:e,f%22,a`, "a", "d:e,f")
	f("id="+a, "a")
	f("status=active", "a")
	f("status=in:queued,active", "a", "b", "d:e,f")
	f("disk_format=raw&container_format=bare", "a", "b", "d:e,f")
	f("disk_format=qcow2")
	f("size=5", "a")
	f("size_min=5&size_max=5", "a")
	f("size_min=6")
	f("min_ram_min=1", "a")
	f("min_disk_max=6", "a", "d:e,f")
	f("tag=x", "a", "b")
	f("tag=x&tag=y", "a")
	f("protected=true", "b")
	f("protected=False", "a", "d:e,f")
	f("os_hidden=True", "c")
	f("visibility=private", "d:e,f")
	f("visibility=all", "a", "b", "d:e,f")
	f("owner=project-a", "a", "b", "d:e,f")
	f("owner=project-b")
	f("os_distro=debian", "a")
	f("no_such=debian")
	f("checksum="+sum["checksum"].(string), "a")
	f("os_hash_value="+sum["os_hash_value"].(string), "a")
	f("created_at=2022-12-30T00:35:41Z", "a")
	f("created_at=eq:2022-12-30T00:35:41", "a")
	f("created_at=gt:2022-12-30T00:35:41Z", "b", "d:e,f")
	f("created_at=lte:2022-12-30T01:35:41%2B01:00", "a")
	f("created_at=neq:2022-12-30T00:35:41Z", "b", "d:e,f")
	f("updated_at=gte:2022-12-31")

	for _, query := range []string{"limit=x", "limit=-1", "limit=1.5", "marker=nobody", "sort=name:up", "sort=nose", "sort_key=nose",
		"sort_key=name&sort_dir=up", "sort=name&sort_key=name", "sort_key=name&sort_dir=asc&sort_dir=asc", "visibility=x",
		"member_status=x", "os_hidden=x", "protected=x", "size=x", "size_min=x", "name=neq:a", "status=gt:a", `name=in:%22a`,
		`name=in:a%22b,c`, `name=in:%22a%22b`, "created_at=x", "created_at=foo:2022-12-30", "changes-since=1",
		strings.Repeat("a=b&", paging.MaxPairs+1), "sort=" + strings.Repeat("name,", maxSortKeys) + "name"} {
		s.want(400, "alice", "GET", "/v2/images?"+query, "")
	}
}

func TestListOrder(t *testing.T) {
	s := newSite(t)
	for _, fields := range []string{`"name": "b"`, `"name": "a"`, `"name": "c"`, ``} {
		id := s.create("alice", fields)
		if fields == `"name": "c"` {
			s.upload("alice", id, "data")
		}
	}
	f := func(query string, want ...string) {
		t.Helper()
		if got := s.names("alice", query); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	f("", "", "c", "a", "b")
	f("?sort=created_at:asc", "b", "a", "c", "")
	f("?sort=name", "c", "b", "a", "")
	f("?sort_key=name&sort_dir=asc", "", "a", "b", "c")
	f("?sort_dir=asc", "b", "a", "c", "")
	f("?sort=size:asc,name:desc", "b", "a", "", "c")
	f("?sort_key=status&sort_key=name&sort_dir=asc&sort_dir=desc", "c", "b", "a", "")
	f("?sort_key=disk_format&sort_key=container_format&sort_key=updated_at&sort_dir=desc", "", "c", "a", "b")
}

func TestMarkerNeedNotMatchTheFilter(t *testing.T) {
	s := newSite(t)
	s.create("alice", `"name": "a", "tags": ["x"]`)
	marker := s.create("alice", `"name": "b"`)
	s.create("alice", `"name": "c", "tags": ["x"]`)
	if got := s.names("alice", "?tag=x&sort=name:asc&marker="+marker); !slices.Equal(got, []string{"c"}) {
		t.Errorf("%q", got)
	}
	private := s.create("bob", `"visibility": "private"`)
	s.want(400, "alice", "GET", "/v2/images?marker="+private, "")
}

func FuzzListQuery(f *testing.F) {
	f.Add(`limit=2&name=in:a,"b,c"&tag=x&created_at=gt:2022-12-30T00:35:41Z&sort=name:asc,size`)
	f.Add("sort_key=name&sort_dir=asc&size_min=5&marker=x&member_status=all&visibility=all")
	f.Add("%zz&=&a=%00&name=in:\"\\\"\"")
	name, size := "a", int64(5)
	m := &image{ID: "x", Name: &name, SizeBytes: &size, Visibility: visibilityPublic, Tags: []string{"x"}}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseListQuery(raw)
		if err != nil {
			if asFailure(err) == nil {
				t.Fatalf("no answer for %v", err)
			}
			return
		}
		if q.limit < 0 || q.limit > paging.MaxLimit {
			t.Fatalf("limit %d", q.limit)
		}
		want := q.lists(caller{}, m)
		if compareBy(q.keys, m, m) != 0 {
			t.Fatal("an image differs from itself")
		}
		// A link leads to the same listing.
		u, err := url.Parse(q.link("mark"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseListQuery(u.RawQuery)
		if err != nil || again.marker != "mark" || again.limit != q.limit || again.lists(caller{}, m) != want {
			t.Fatalf("%q leads to %q: %v", raw, u, err)
		}
	})
}
