package meta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Copied is what CopyIndex took.
type Copied struct {
	Keys, Bytes int64
	Gaps        int // places that could not be read; between them all was taken
}

// CopyIndex makes the index in toDir, which must not exist, out of the one in
// fromDir, which no process may have open. With all it is an exact copy, and
// anything that cannot be read is an error. Without, it takes what can be read,
// and leaves out what follows from the rest: counters, expiry entries and the
// owners of files.
func CopyIndex(ctx context.Context, fsys vfs.FS, fromDir string, toFS vfs.FS, toDir string, all bool, progress func(keys, bytes int64)) (Copied, error) {
	from, err := openReadOnly(fsys, fromDir)
	if err != nil {
		return Copied{}, err
	}
	o := Options{FS: toFS, Logger: slog.New(slog.DiscardHandler)}
	o.EnsureDefaults()
	to := newSide("copy", toFS, toDir, o)
	if err := to.open(hangLimitDefault, false, nil); err != nil {
		return Copied{}, errors.Join(err, from.pebble.Close())
	}
	c, err := rescue(ctx, from, to, all, progress)
	if err != nil {
		err = fmt.Errorf("copy index %s: %w", fromDir, err)
	}
	return c, errors.Join(err, to.close(), from.pebble.Close())
}

// ReadOnly is an index that is open for reading alone.
type ReadOnly struct {
	View
	side *side
}

// OpenReadOnly opens an index that must exist and that no process has open.
func OpenReadOnly(fsys vfs.FS, dir string) (*ReadOnly, error) {
	s, err := openReadOnly(fsys, dir)
	if err != nil {
		return nil, err
	}
	found, err := s.schema()
	if err == nil && !found {
		err = fmt.Errorf("%w: it is empty, or was not filled to the end", ErrCorrupt)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", dir, err), s.pebble.Close())
	}
	return &ReadOnly{View{plain{s.pebble}}, s}, nil
}

// Close closes the index.
func (r *ReadOnly) Close() error { return r.side.close() }

// openReadOnly opens an index that must exist, and changes nothing.
func openReadOnly(fsys vfs.FS, dir string) (*side, error) {
	if _, err := fsys.Stat(dir); err != nil {
		return nil, err
	}
	o := Options{FS: fsys, Logger: slog.New(slog.DiscardHandler)}
	o.EnsureDefaults()
	s := newSide("read only", fsys, dir, o)
	if err := s.openReadOnly(); err != nil {
		return nil, err
	}
	return s, nil
}

func rescue(ctx context.Context, from, to *side, all bool, progress func(keys, bytes int64)) (Copied, error) {
	if _, err := from.schema(); err != nil && all {
		return Copied{}, err
	}
	if t := from.pebble.Tail(); all && (t.Acknowledged || t.DroppedBytes > 0) {
		return Copied{}, fmt.Errorf("%w: %v", ErrCorrupt, t)
	}
	var c Copied
	schema := map[string]struct{}{}
	t := newTables(to, progress)
	visit := func(k, value []byte) error {
		switch {
		case k[0] == prefixSchema:
			if s := string(k); s != keyClean && (all || s == keyClock || s == keyStore || s == keyDevices) {
				schema[s] = struct{}{}
			}
			return nil
		case !all && bytes.IndexByte([]byte{prefixAccountCounter, prefixContainerCounter, prefixExpiry, prefixFile, prefixJournal, prefixHeal}, k[0]) >= 0:
			return nil
		}
		c.Keys, c.Bytes = c.Keys+1, c.Bytes+int64(len(k)+len(value))
		return t.add(ctx, k, value)
	}
	walk := View{plain{from.pebble}}
	err := error(nil)
	if all {
		err = walk.scan(nil, visit)
	} else {
		c.Gaps, err = scanAround(from, visit)
	}
	if err = t.end(ctx, err); err != nil {
		return c, err
	}
	if err := copyKeys(from, to, schema); err != nil {
		return c, err
	}
	if all {
		return c, nil
	}
	return c, errors.Join(to.createVersion(), to.err())
}

// visitError tells an error of the visitor from one of reading.
type visitError struct{ error }

// scanAround visits all keys that can be read. After an error it goes on at the
// next place where a table begins or ends.
func scanAround(s *side, visit func(k, value []byte) error) (gaps int, err error) {
	places, err := s.tableBounds()
	if err != nil {
		return 0, err
	}
	var last []byte // what was visited, or tried
	for lower := []byte(nil); ; {
		err := View{plain{s.pebble}}.scanRange(lower, nil, func(k, value []byte) error {
			last = append(last[:0], k...)
			if err := visit(k, value); err != nil {
				return visitError{err}
			}
			return nil
		})
		var mine visitError
		switch {
		case err == nil:
			return gaps, nil
		case errors.As(err, &mine):
			return gaps, mine.error
		}
		gaps++
		next, exact := slices.BinarySearchFunc(places, last, bytes.Compare)
		if exact {
			next++
		}
		if next == len(places) {
			return gaps, nil
		}
		lower = places[next]
		last = append(last[:0], lower...)
	}
}

// tableBounds lists, sorted, the first key of each table and the first one
// after it.
func (s *side) tableBounds() ([][]byte, error) {
	levels, err := s.pebble.SSTables()
	if err != nil {
		return nil, err
	}
	var places [][]byte
	for _, level := range levels {
		for _, t := range level {
			places = append(places, bytes.Clone(t.Smallest.UserKey), append(bytes.Clone(t.Largest.UserKey), 0))
		}
	}
	slices.SortFunc(places, bytes.Compare)
	return slices.CompactFunc(places, bytes.Equal), nil
}

// SetGeneration makes the index newer than every copy of a lower generation.
func (d *DB) SetGeneration(g uint64) error {
	return d.change(func(b *pebble.Batch) error {
		return b.Set([]byte(keyCopy), appendCopyState(nil, copyState{generation: g}), nil)
	})
}
