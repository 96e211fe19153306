// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"cmp"
	"strings"

	"needletail/proxy/glance/wire"
)

// sortKey is a key of an order.
type sortKey struct {
	name string
	desc bool
}

// sortOrder is the order as the query states the order: "sort=name:asc,size"
// (combined), or sort_key and sort_dir, each repeated (keys and dirs).
type sortOrder struct{ combined, keys, dirs []string }

// maxSortKeys bounds the keys of an order: images have eight sortable attributes.
const maxSortKeys = 8

// comparers has the attributes by which images sort. Null comes first.
var comparers = map[string]func(a, b *image) int{
	"name":             func(a, b *image) int { return compareText(a.Name, b.Name) },
	"status":           func(a, b *image) int { return cmp.Compare(a.Status, b.Status) },
	"container_format": func(a, b *image) int { return compareText(a.ContainerFormat, b.ContainerFormat) },
	"disk_format":      func(a, b *image) int { return compareText(a.DiskFormat, b.DiskFormat) },
	"size":             func(a, b *image) int { return compareNumber(a.SizeBytes, b.SizeBytes) },
	"id":               func(a, b *image) int { return cmp.Compare(a.ID, b.ID) },
	"created_at":       func(a, b *image) int { return cmp.Compare(a.CreatedMicros, b.CreatedMicros) },
	"updated_at":       func(a, b *image) int { return cmp.Compare(a.UpdatedMicros, b.UpdatedMicros) },
}

// compareText compares two texts. nil comes before every text.
func compareText(a, b *string) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a != nil), btoi(b != nil))
	}
	return cmp.Compare(*a, *b)
}

// compareNumber compares two numbers. nil comes before every number.
func compareNumber(a, b *int64) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a != nil), btoi(b != nil))
	}
	return cmp.Compare(*a, *b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// parse checks the order and returns its keys. The last keys are created_at and
// id, so that two images never compare as equal (glance/api/v2/images.py
// _get_sorting_params).
func (o sortOrder) parse() ([]sortKey, error) {
	keys, dirs := o.keys, o.dirs
	if len(o.combined) > 0 {
		if len(keys)+len(dirs) > 0 {
			return nil, wire.Errorf(400, "Old and new sorting syntax cannot be combined")
		}
		for item := range strings.SplitSeq(strings.Join(o.combined, ","), ",") {
			key, dir, ok := strings.Cut(strings.TrimSpace(item), ":")
			if !ok {
				dir = "desc"
			}
			keys, dirs = append(keys, key), append(dirs, dir)
		}
	}
	switch {
	case len(dirs) == 0:
		dirs = []string{"desc"}
	case len(keys) == 0:
		keys = []string{"created_at"}
	}
	if len(dirs) > 1 && len(dirs) != max(len(keys), 1) {
		return nil, wire.Errorf(400, "Number of sort dirs does not match the number of sort keys")
	}
	var order []sortKey
	for i, key := range keys {
		if comparers[key] == nil {
			return nil, wire.Errorf(400, "Invalid sort key: %s. It must be one of the following: name, status, "+
				"container_format, disk_format, size, id, created_at, updated_at.", wire.Repr(key))
		}
		dir := dirs[min(i, len(dirs)-1)]
		if dir != "asc" && dir != "desc" {
			return nil, wire.Errorf(400, "Invalid sort direction: %s", dir)
		}
		if len(order) == maxSortKeys {
			return nil, wire.Errorf(400, "Sorting takes %d keys at most.", maxSortKeys)
		}
		order = append(order, sortKey{key, dir == "desc"})
	}
	desc := dirs[len(dirs)-1] != "asc"
	return append(order, sortKey{"created_at", desc}, sortKey{"id", desc}), nil
}

// compareBy compares two images by the keys: the first key with a difference
// decides.
func compareBy(keys []sortKey, a, b *image) int {
	for _, k := range keys {
		if n := comparers[k.name](a, b); n != 0 {
			if k.desc {
				return -n
			}
			return n
		}
	}
	return 0
}
