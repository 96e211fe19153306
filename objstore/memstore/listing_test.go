// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"slices"
	"testing"

	"needletail/objstore"
)

func TestList(t *testing.T) {
	path := "d"
	names := []string{"a", "d", "d/", "d/x", "d/y/", "d/y/z", "e"}
	f := func(o objstore.ListOptions, want ...string) {
		t.Helper()
		if o.Limit == 0 {
			o.Limit = 100
		}
		var got []string
		for _, l := range list(names, o) {
			got = append(got, l.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: got %q, want %q", o, got, want)
		}
	}
	f(objstore.ListOptions{}, names...)
	f(objstore.ListOptions{Limit: -1})
	f(objstore.ListOptions{Delimiter: "/"}, "a", "d", "d/", "e")
	f(objstore.ListOptions{Delimiter: "/", Marker: "d/"}, "e")
	f(objstore.ListOptions{Delimiter: "/", Reverse: true, Limit: 2}, "e", "d/")
	f(objstore.ListOptions{Path: &path}, "d/x", "d/y/")
	f(objstore.ListOptions{Prefix: "d/", Delimiter: "/"}, "d/", "d/x", "d/y/")
}
