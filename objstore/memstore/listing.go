// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"slices"
	"strings"

	"needletail/objstore"
)

// line is an entry of a listing before it has values.
type line struct {
	name   string
	subdir bool
}

func keys[K ~string, V any](m map[K]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return names
}

// list returns a page of all names, which are sorted ascending. It rolls up the
// whole range first and cuts the range to the limit last.
func list(names []string, o objstore.ListOptions) []line {
	lower, upper := o.Marker, o.EndMarker
	if o.Reverse {
		lower, upper = upper, lower
	}
	if o.Path != nil {
		o.Prefix, o.Delimiter = *o.Path, "/"
		if o.Prefix != "" && !strings.HasSuffix(o.Prefix, "/") {
			o.Prefix += "/"
		}
	}
	var lines []line
	for _, name := range names {
		outside := name <= lower && lower != "" || name >= upper && upper != ""
		reserved := name[0] == 0 && !o.Reserved
		if outside || reserved || !strings.HasPrefix(name, o.Prefix) {
			continue
		}
		l := rollUp(name, o)
		if o.Path != nil && (l.subdir || name == o.Prefix) {
			continue
		}
		// A client may page on with the last subdir as its marker. The subdir
		// must not come again, though the names below the subdir are past the
		// marker.
		if l.subdir && l.name == lower {
			continue
		}
		if len(lines) > 0 && l.subdir && lines[len(lines)-1] == l {
			continue
		}
		lines = append(lines, l)
	}
	if o.Reverse {
		slices.Reverse(lines)
	}
	return lines[:min(len(lines), max(o.Limit, 0))]
}

// rollUp returns the subdir in place of name, or name itself. With Path a name
// that ends with its first delimiter is an object: the marker of a
// pseudo-directory.
func rollUp(name string, o objstore.ListOptions) line {
	if o.Delimiter == "" {
		return line{name: name}
	}
	i := strings.Index(name[len(o.Prefix):], o.Delimiter)
	if i < 0 {
		return line{name: name}
	}
	end := len(o.Prefix) + i + len(o.Delimiter)
	if o.Path != nil && end == len(name) {
		return line{name: name}
	}
	return line{name: name[:end], subdir: true}
}
