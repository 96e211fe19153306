// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"bytes"
	"context"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore"
	"needletail/objstore/twin"
)

// walker makes a page of a listing with a single walk of an iterator, in the order of
// swift/container/backend.py list_objects_iter and swift/account/backend.py
// list_containers_iter. A seek leaves a rolled-up prefix, hence the cost of a page
// depends on the entries of the page alone.
type walker struct {
	ctx       context.Context
	it        *twin.Iterator
	base      int    // length of the prefix of all keys of the listing
	prefix    string // of the names
	delimiter string
	skip      string // a subdir of this name is not listed: the lower marker
	path      bool
	reverse   bool
	limit     int
	seek      []byte // scratch
	left      int    // subdirs left without an entry
}

// leftBetweenLooks is the number of subdirs left without an entry between two looks at
// the context. A page of objects alone shows few entries of a folder with a million
// folders, and takes long.
const leftBetweenLooks = 256

// newWalker opens the iterator, or returns nil if no name can match.
func (v View) newWalker(ctx context.Context, base []byte, o objstore.ListOptions) (*walker, error) {
	w := &walker{ctx: ctx, base: len(base), prefix: o.Prefix, delimiter: o.Delimiter, reverse: o.Reverse, limit: o.Limit}
	if o.Path != nil {
		w.path, w.delimiter, w.prefix = true, "/", ""
		if *o.Path != "" {
			w.prefix = strings.TrimSuffix(*o.Path, "/") + "/"
		}
	}
	after, before := o.Marker, o.EndMarker
	if o.Reverse {
		after, before = before, after
	}
	w.skip = after
	lower := append(bytes.Clone(base), w.prefix...)
	upper := twin.PrefixEnd(bytes.Clone(lower))
	if after != "" {
		if m := append(append(bytes.Clone(base), after...), 0); bytes.Compare(m, lower) > 0 {
			lower = m
		}
	}
	if before != "" {
		if m := append(bytes.Clone(base), before...); bytes.Compare(m, upper) < 0 {
			upper = m
		}
	}
	if w.limit <= 0 || bytes.Compare(lower, upper) >= 0 {
		return nil, nil
	}
	it, err := v.source.Iter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	w.it = it
	return w, err
}

// run calls row for each name and subdir for each rolled-up prefix of the page.
func (w *walker) run(row func(name, value []byte) error, subdir func(name []byte) error) error {
	err := w.walk(row, subdir)
	if err != nil {
		_ = w.it.Close() // repeats a failed read at most
		return err
	}
	return w.it.End()
}

func (w *walker) walk(row func(name, value []byte) error, subdir func(name []byte) error) error {
	ok := w.first()
	for ok {
		name := w.it.Key()[w.base:]
		if w.path && string(name) == w.prefix {
			ok = w.next()
			continue
		}
		end := w.rollUp(name)
		switch {
		case end < 0 || w.path && end == len(name):
			value, err := w.it.ValueAndErr()
			if err != nil {
				return err
			}
			if err := row(name, value); err != nil {
				return err
			}
			if w.limit--; w.limit == 0 {
				return nil
			}
			ok = w.next()
		case w.path || string(name[:end]) == w.skip:
			if w.left++; w.left%leftBetweenLooks == 0 && w.ctx.Err() != nil {
				return w.ctx.Err()
			}
			ok = w.leave(end)
		default:
			if err := subdir(name[:end]); err != nil {
				return err
			}
			if w.limit--; w.limit == 0 {
				return nil
			}
			ok = w.leave(end)
		}
	}
	return nil
}

// rollUp returns the length of the subdir of name, or -1 without a subdir.
func (w *walker) rollUp(name []byte) int {
	if w.delimiter == "" {
		return -1
	}
	i := bytes.Index(name[len(w.prefix):], []byte(w.delimiter))
	if i < 0 {
		return -1
	}
	return len(w.prefix) + i + len(w.delimiter)
}

func (w *walker) first() bool {
	if w.reverse {
		return w.it.Last()
	}
	return w.it.First()
}

func (w *walker) next() bool {
	if w.reverse {
		return w.it.Prev()
	}
	return w.it.Next()
}

// leave goes to the next name outside the subdir of the current name; end is the length
// of the subdir. With path, an object named like the subdir is a row, and in reverse
// the row comes last.
func (w *walker) leave(end int) bool {
	w.seek = append(w.seek[:0], w.it.Key()[:w.base+end]...)
	if w.reverse {
		if w.path {
			w.seek = append(w.seek, 0)
		}
		return w.it.SeekLT(w.seek)
	}
	past := twin.PrefixEnd(w.seek)
	if past == nil {
		return false
	}
	return w.it.SeekGE(past)
}

// ListObjects calls visit for each entry of a page of a container. A container without
// a row has an empty page or the objects left in the index. The entry is valid during
// the call only.
func (v View) ListObjects(ctx context.Context, c objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	w, err := v.newWalker(ctx, appendObjectsKey(nil, c), o)
	if w == nil || err != nil {
		return err
	}
	var e objstore.ObjectEntry
	return w.run(func(name, value []byte) error {
		e.Name = string(name)
		if err := parseEntry(value, &e); err != nil {
			return err
		}
		return visit(&e)
	}, func(name []byte) error {
		return visit(&objstore.ObjectEntry{Name: string(name), Subdir: true})
	})
}

// ListContainers calls visit for each entry of a page of an account. An account without
// a row has the containers in the index, or an empty page. The entry is valid during
// the call only.
func (v View) ListContainers(ctx context.Context, a objstore.AccountName, o objstore.ListOptions, visit func(*objstore.ContainerEntry) error) error {
	base := appendContainersKey(nil, prefixContainer, a)
	w, err := v.newWalker(ctx, base, o)
	if w == nil || err != nil {
		return err
	}
	counter := appendContainersKey(nil, prefixContainerCounter, a)
	return w.run(func(name, value []byte) error {
		r, err := ParseContainerRow(value)
		if err != nil {
			return err
		}
		counter = append(counter[:len(base)], name...)
		n, _, err := row(v, counter, parseCounts)
		if err != nil {
			return err
		}
		return visit(&objstore.ContainerEntry{
			Name:        string(name),
			ObjectCount: n.Objects,
			BytesUsed:   n.Bytes,
			Modified:    r.Modified,
			Policy:      r.Policy,
		})
	}, func(name []byte) error {
		return visit(&objstore.ContainerEntry{Name: string(name), Subdir: true})
	})
}
