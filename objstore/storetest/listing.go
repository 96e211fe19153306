// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"needletail/objstore"
)

// listNames returns a page, subdirs marked with sub.
func listNames(t testing.TB, e *env, c objstore.ContainerID, o objstore.ListOptions) (names []string) {
	t.Helper()
	err := e.s.ListObjects(e.ctx, c, o, func(entry *objstore.ObjectEntry) error {
		if entry.Subdir {
			names = append(names, sub(entry.Name))
		} else {
			names = append(names, entry.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("list %s: %v", showOptions(o), err)
	}
	return names
}

func showOptions(o objstore.ListOptions) string {
	s := fmt.Sprintf("limit %d prefix %q delimiter %q marker %q end %q reverse %v",
		o.Limit, o.Prefix, o.Delimiter, o.Marker, o.EndMarker, o.Reverse)
	if o.Path != nil {
		s += fmt.Sprintf(" path %q", *o.Path)
	}
	return s
}

func wantNames(t testing.TB, o objstore.ListOptions, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", showOptions(o), got, want)
	}
}

func (e *env) fill(c objstore.ContainerID, names []string) {
	e.Helper()
	for _, name := range e.texts(names) {
		e.put(c.Object(objstore.ObjectName(name)), []byte(name), objstore.PutOptions{})
	}
}

func testListings(e *env) {
	// Neighbours outside of every listing.
	before, after := e.container("b"), e.container("d")
	e.fill(before, []string{"\xff", "z"})
	e.fill(after, []string{"\x01", "a"})
	for _, lc := range listingCases {
		c := e.container("c")
		e.fill(c, lc.names)
		e.wantListed(c, len(lc.names))
		e.TB.(*testing.T).Run(lc.name, func(t *testing.T) {
			for _, p := range lc.pages {
				if p.opts.Limit == 0 {
					p.opts.Limit = 10000
				}
				for _, text := range []*string{&p.opts.Prefix, &p.opts.Delimiter, &p.opts.Marker, &p.opts.EndMarker} {
					*text = e.text(*text)
				}
				wantNames(t, p.opts, listNames(t, e, c, p.opts), e.texts(p.want))
			}
		})
		for _, name := range lc.names {
			_, err := e.s.DeleteObject(e.ctx, c.Object(objstore.ObjectName(e.text(name))), objstore.DeleteOptions{})
			e.ok(err)
		}
		e.wantListed(c, 0)
		e.ok(e.s.DeleteContainer(e.ctx, c))
	}
}

// testListingPages walks listings page by page: the pages together must be the
// whole listing, with any limit.
func testListingPages(e *env) {
	c := e.container("c")
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("d%02d/%d", i/7, i), fmt.Sprintf("f%03d", i))
	}
	e.fill(c, names)
	e.wantListed(c, len(names))
	for _, o := range []objstore.ListOptions{
		{}, {Reverse: true}, {Delimiter: "/"}, {Delimiter: "/", Reverse: true},
		{Prefix: "d1"}, {Prefix: "d1", Delimiter: "/"}, {Prefix: "d1", Delimiter: "/", Reverse: true},
	} {
		o.Limit = 10000
		want := listNames(e, e, c, o)
		for _, limit := range []int{1, 7, 64} {
			o.Limit, o.Marker = limit, ""
			var got []string
			for len(got) <= len(want) {
				page := listNames(e, e, c, o)
				if len(page) > limit {
					e.Fatalf("%s: %d entries", showOptions(o), len(page))
				}
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				o.Marker = page[len(page)-1]
				if o.Marker[0] == 0 {
					o.Marker = o.Marker[1:]
				}
			}
			wantNames(e, o, got, want)
		}
	}
}

func testListingEntries(e *env) {
	c := e.container("c")
	plain := e.put(c.Object("a"), []byte("plain"), objstore.PutOptions{ContentType: "a/b"})
	shown := int64(1 << 40)
	link := e.put(c.Object("b"), []byte("manifest"), objstore.PutOptions{ContentType: "c/d",
		Listing: objstore.ListingOverride{ETag: "shown", SizeBytes: &shown, ContentType: "e/f",
			Extra: metadata("slo_etag", `"s"`, "symlink_path", "/v1/AUTH_test/a/b")}})
	zero := int64(0)
	e.put(c.Object("c"), []byte("zero"), objstore.PutOptions{ContentType: "a/b", Listing: objstore.ListingOverride{SizeBytes: &zero}})
	e.put(c.Object("d/e"), nil, objstore.PutOptions{})

	want := []objstore.ObjectEntry{
		{Name: "a", SizeBytes: 5, ETag: plain.ETag, ContentType: "a/b", Modified: plain.Modified},
		{Name: "b", SizeBytes: shown, ETag: "shown", ContentType: "e/f", Modified: link.Modified,
			Extra: metadata("slo_etag", `"s"`, "symlink_path", "/v1/AUTH_test/a/b")},
		{Name: "c", SizeBytes: 0, ETag: etagOf([]byte("zero")), ContentType: "a/b", Modified: e.head(c.Object("c")).Modified},
		{Name: "d/", Subdir: true},
	}
	e.settle(e.g.ListedAtOnce, func(e *env) {
		i := 0
		err := e.s.ListObjects(e.ctx, c, objstore.ListOptions{Limit: 10, Delimiter: "/"}, func(got *objstore.ObjectEntry) error {
			if i < len(want) && !sameEntry(*got, want[i]) {
				e.Errorf("entry %+v, want %+v", *got, want[i])
			}
			i++
			return nil
		})
		e.ok(err)
		e.wantEqual("entries", i, len(want))
	})
	e.wantUsage(c, 4, int64(len("plain")+len("manifest")+len("zero")))
}

func sameEntry(a, b objstore.ObjectEntry) bool {
	return a.Name == b.Name && a.Subdir == b.Subdir && a.SizeBytes == b.SizeBytes && a.ETag == b.ETag &&
		a.ContentType == b.ContentType && a.Modified == b.Modified && slices.Equal(a.Extra, b.Extra)
}

// testListingVisit stops a listing from within.
func testListingVisit(e *env) {
	c := e.container("c")
	e.fill(c, []string{"1", "2", "3"})
	e.wantListed(c, 3)
	errStop, visits := errors.New("enough"), 0
	err := e.s.ListObjects(e.ctx, c, everything, func(*objstore.ObjectEntry) error {
		if visits++; visits == 2 {
			return errStop
		}
		return nil
	})
	e.wantEqual("error of visit", err, errStop)
	e.wantEqual("visits", visits, 2)
	e.container("d")
	visits = 0
	err = e.s.ListContainers(e.ctx, testAccount, everything, func(*objstore.ContainerEntry) error {
		visits++
		return errStop
	})
	e.wantEqual("error of visit", err, errStop)
	e.wantEqual("visits", visits, 1)
}
