// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/twin"
)

// swiftPage is list_objects_iter of swift/container/backend.py, statement by
// statement, over sorted names, but that a path loses one slash at its end and
// that its reverse is the mirror image. "…|" marks a subdir.
func swiftPage(names []string, o objstore.ListOptions) (results []string) {
	marker, endMarker, prefix, delimiter := o.Marker, o.EndMarker, o.Prefix, o.Delimiter
	if o.Reverse {
		marker, endMarker = endMarker, marker
	}
	if o.Path != nil {
		if prefix = *o.Path; prefix != "" {
			prefix = strings.TrimSuffix(prefix, "/") + "/"
		}
		delimiter = "/"
	}
	path, origMarker, forceGE := prefix, marker, false
	for len(results) < o.Limit {
		var rows []string
		for _, n := range names {
			after := n > marker || marker == "" || forceGE && n == marker
			if after && (endMarker == "" || n < endMarker) && strings.HasPrefix(n, prefix) {
				rows = append(rows, n)
			}
		}
		forceGE = false
		if o.Reverse {
			slices.Reverse(rows)
		}
		restart, last := false, false
		for _, name := range rows {
			end := -1
			if delimiter != "" {
				if end = strings.Index(name[len(prefix):], delimiter); end >= 0 {
					end += len(prefix)
				}
			}
			if o.Path != nil && name == path {
				continue
			}
			if end >= 0 && (o.Path == nil || len(name) > end+len(delimiter)) {
				dir := name[:end+len(delimiter)]
				if o.Reverse {
					if endMarker = dir; o.Path != nil {
						endMarker += "\x00"
					}
				} else {
					past := twin.PrefixEnd([]byte(dir))
					last = past == nil // nothing sorts behind 0xff bytes
					marker, forceGE = string(past), true
				}
				if o.Path == nil && dir != origMarker {
					results = append(results, dir+"|")
				}
				restart = true
				break
			}
			if results = append(results, name); len(results) >= o.Limit {
				return results
			}
		}
		if !restart || last {
			break
		}
	}
	return results
}

func fill(t testing.TB, db *DB, names []string) {
	r := sampleRows()[0]
	commit(t, db, func(b *Batch) {
		for _, n := range names {
			b.SetObject(box.Object(objstore.ObjectName(n)), &r)
		}
		for _, other := range []objstore.ContainerName{"bow", "box-", "boy"} {
			b.SetObject(objstore.ContainerID{Account: box.Account, Container: other}.Object("a/b"), &r)
		}
	})
}

func page(t testing.TB, v View, o objstore.ListOptions) (got []string) {
	t.Helper()
	if err := v.ListObjects(t.Context(), box, o, func(e *objstore.ObjectEntry) error {
		if e.Subdir {
			got = append(got, e.Name+"|")
		} else {
			got = append(got, e.Name)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestListingCases(t *testing.T) {
	p := func(s string) *string { return &s }
	for _, c := range []struct {
		names string
		o     objstore.ListOptions
		want  string
	}{
		{"test test-bar test-foo", objstore.ListOptions{Delimiter: "-"}, "test test-|"},
		{"test test-'baz test-&bar test-&foo", objstore.ListOptions{Delimiter: "-&"}, "test test-&| test-'baz"},
		{"test test-'baz test-&bar", objstore.ListOptions{Delimiter: "-&", Reverse: true}, "test-'baz test-&| test"},
		{"bar bazar", objstore.ListOptions{Delimiter: "a", Prefix: "ba"}, "bar baza|"},
		{"/test/bar test", objstore.ListOptions{Delimiter: "/"}, "/| test"},
		{"d/ d/a e", objstore.ListOptions{Delimiter: "/"}, "d/| e"},
		{"d/a d/b e", objstore.ListOptions{Delimiter: "/", Marker: "d/"}, "e"},
		{"d/a d/b e", objstore.ListOptions{Delimiter: "/", Marker: "d/a"}, "d/| e"},
		{"d/a e/b f", objstore.ListOptions{Delimiter: "/", Limit: 2}, "d/| e/|"},
		{"a b c", objstore.ListOptions{Marker: "c", EndMarker: "a"}, ""},
		{"a b c", objstore.ListOptions{Marker: "c", EndMarker: "a", Reverse: true}, "b"},
		{"a b c", objstore.ListOptions{Marker: "a\x00"}, "b c"},
		{"d d/ d/a d/b/ d/b/c d/e/f", objstore.ListOptions{Path: p("d")}, "d/a d/b/"},
		{"d d/ d/a d/b/ d/b/c d/e/f", objstore.ListOptions{Path: p("d/")}, "d/a d/b/"},
		{"a b/ b/c /x", objstore.ListOptions{Path: p("")}, "/x a b/"},
		{"a /x /y/z", objstore.ListOptions{Path: p("/")}, "/x"},
		{"\xff \xff\xff a\xffb a\xffc b", objstore.ListOptions{Delimiter: "\xff"}, "a\xff| b \xff|"},
	} {
		if c.o.Path != nil && *c.o.Path == "" { // "/x" lies in the pseudo-directory "/"
			c.want = strings.TrimPrefix(c.want, "/x ")
		}
		if c.o.Limit == 0 {
			c.o.Limit = 100
		}
		db := openTest(t, vfs.NewMem())
		fill(t, db, strings.Fields(c.names))
		if got := strings.Join(page(t, db.View, c.o), " "); got != c.want {
			t.Errorf("%q %+v: %q, want %q", c.names, c.o, got, c.want)
		}
		closeTest(t, db)
	}
}

func TestListingEqualsSwift(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	word := func(n int) string {
		var b strings.Builder
		for range rng.IntN(n) {
			b.WriteByte("ab/-\xff"[rng.IntN(5)])
		}
		return b.String()
	}
	for range 20 {
		set := map[string]bool{}
		for range rng.IntN(60) {
			set["-"[rng.IntN(2):]+word(8)] = true
		}
		delete(set, "")
		names := make([]string, 0, len(set))
		for n := range set {
			names = append(names, n)
		}
		slices.Sort(names)
		db := openTest(t, vfs.NewMem())
		fill(t, db, names)
		for range 300 {
			o := objstore.ListOptions{Limit: rng.IntN(12), Prefix: word(3), Delimiter: word(3),
				Marker: word(5), EndMarker: word(5), Reverse: rng.IntN(2) == 0}
			if rng.IntN(4) == 0 {
				p := word(4)
				o.Path = &p
			}
			got, want := page(t, db.View, o), swiftPage(names, o)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: %q %+v (path %v):\n got %q\nwant %q", seed, names, o, fmt.Sprint(o.Path != nil), got, want)
			}
		}
		closeTest(t, db)
	}
}

// A rolled-up prefix is left by a seek: its rows are not stepped over.
func TestListingSeeksPastSubdirs(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	for dir := range 3 {
		names := make([]string, 3000)
		for i := range names {
			names[i] = fmt.Sprintf("d%d/%05d", dir, i)
		}
		fill(t, db, names)
	}
	for _, reverse := range []bool{false, true} {
		w, err := db.newWalker(t.Context(), appendObjectsKey(nil, box), objstore.ListOptions{Delimiter: "/", Limit: 10, Reverse: reverse})
		if err != nil {
			t.Fatal(err)
		}
		dirs := 0
		if err := w.walk(func(_, _ []byte) error { return nil }, func([]byte) error { dirs++; return nil }); err != nil {
			t.Error(err)
		}
		s := w.it.Stats()
		steps := s.ForwardStepCount[0] + s.ReverseStepCount[0]
		if dirs != 3 || steps > 10 {
			t.Errorf("reverse %v: %d subdirs in %d steps", reverse, dirs, steps)
		}
		if err := w.it.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A page that passes over very many subdirs, and shows none of them, ends with
// its context.
func TestListingOfSkippedSubdirsEnds(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	path := ""
	for _, c := range []struct {
		n    int
		want error
	}{{leftBetweenLooks - 1, nil}, {leftBetweenLooks, context.Canceled}} {
		n, want := c.n, c.want
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("d%05d/o", i)
		}
		fill(t, db, names)
		err := db.ListObjects(ctx, box, objstore.ListOptions{Limit: 10, Path: &path}, func(*objstore.ObjectEntry) error { return nil })
		if err != want {
			t.Errorf("%d subdirs: %v, want %v", n, err, want)
		}
	}
}

// A page costs its entries' names and little else, however many objects the
// container has.
func TestListingAllocatesForItsPage(t *testing.T) {
	const page = 10_000
	const besides = 200 // allocations of a page, whatever it has
	for _, objects := range []int{page, 10 * page} {
		db := openTest(t, vfs.NewMem())
		names := make([]string, objects)
		for i := range names {
			names[i] = fmt.Sprintf("%09d", i)
		}
		fill(t, db, names)
		o := objstore.ListOptions{Limit: page, Marker: names[(objects-page)/2]}
		list := func() {
			n := 0
			err := db.ListObjects(t.Context(), box, o, func(*objstore.ObjectEntry) error { n++; return nil })
			if err != nil || n < page-1 {
				t.Fatal(n, err)
			}
		}
		// Under the race detector Pebble wraps some iterators, at random, in
		// checks that allocate for each entry: the best of several counts.
		allocs := math.Inf(1)
		for tries := 20; tries > 0 && allocs > page+besides; tries-- {
			allocs = min(allocs, testing.AllocsPerRun(1, list))
		}
		t.Logf("%d objects: %.0f allocations", objects, allocs)
		if allocs > page+besides {
			t.Errorf("%d objects: a page of %d makes %.0f allocations", objects, page, allocs)
		}
		closeTest(t, db)
	}
}

func TestListContainers(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	commit(t, db, func(b *Batch) {
		for i, n := range []objstore.ContainerName{"a", "a-b", "a-c", "b"} {
			c := objstore.ContainerID{Account: "A", Container: n}
			b.SetContainer(c, &ContainerRow{Modified: 5, Policy: 1})
			b.AddContainer(c, Counts{Objects: int64(i), Bytes: int64(10 * i)})
		}
		b.SetContainer(objstore.ContainerID{Account: "AB", Container: "z"}, &ContainerRow{})
	})
	var got []objstore.ContainerEntry
	if err := db.ListContainers(t.Context(), "A", objstore.ListOptions{Limit: 10, Delimiter: "-"}, func(e *objstore.ContainerEntry) error {
		got = append(got, *e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []objstore.ContainerEntry{
		{Name: "a", Modified: 5, Policy: 1}, {Name: "a-", Subdir: true},
		{Name: "b", Modified: 5, Policy: 1, ObjectCount: 3, BytesUsed: 30},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
