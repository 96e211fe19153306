// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/durable"
	"needletail/objstore/twin"
)

// Sorter sorts rows by name, the newest version of a name first, in bounded memory. A
// Sorter does not survive a crash.
type Sorter struct {
	fs         vfs.FS
	dir        string
	db         *durable.DB
	key, value []byte // scratch
}

// NewSorter empties the folder dir and makes an empty sorter in dir.
func NewSorter(fs vfs.FS, dir string) (*Sorter, error) {
	if err := fs.RemoveAll(dir); err != nil {
		return nil, err
	}
	o := quietDatabase(fs)
	o.Name, o.Pebble.DisableWAL = "sorter", true
	db, err := durable.Open(dir, o)
	if err != nil {
		return nil, err
	}
	return &Sorter{fs: fs, dir: dir, db: db}, nil
}

// set writes a key and its value.
func (s *Sorter) set(key, value []byte) error {
	b := s.db.NewBatch()
	if err := errors.Join(b.Set(key, value, nil), s.db.Commit(b, false)); err != nil {
		return err
	}
	return b.Close()
}

// Add adds a row found on a device.
func (s *Sorter) Add(o objstore.ObjectID, r *ObjectRow, on device.Index) (err error) {
	s.key = append(appendName(s.key[:0], o), 0)
	for _, shift := range [...]int{56, 48, 40, 32, 24, 16, 8, 0} {
		s.key = append(s.key, ^byte(uint64(r.Info.Modified)>>shift))
	}
	s.key = append(append(s.key, r.ID[:]...), byte(on>>8), byte(on))
	if s.value, err = AppendObjectRow(s.value[:0], r); err != nil {
		return err
	}
	return s.set(s.key, s.value)
}

// sortedTail is the length of a key after the name: NUL, time, id, device.
const sortedTail = 1 + 8 + 16 + 2

// Each calls visit with each row, by name, the newest version first. The rows of a body
// follow one another.
func (s *Sorter) Each(visit func(o objstore.ObjectID, r ObjectRow) error) error {
	return View{twin.Plain(s.db)}.scan(nil, func(k, value []byte) error {
		if len(k) < sortedTail {
			return fmt.Errorf("%w: sorter's key", ErrCorrupt)
		}
		o, err := parseName(k[:len(k)-sortedTail])
		if err != nil {
			return err
		}
		r, err := ParseObjectRow(value)
		if err != nil {
			return err
		}
		return visit(o, r)
	})
}

// IDSet is a set of ids on the disk, for sets beyond the memory.
type IDSet struct{ Sorter }

// NewIDSet empties the folder dir and makes an empty set in dir.
func NewIDSet(fs vfs.FS, dir string) (*IDSet, error) {
	s, err := NewSorter(fs, dir)
	if err != nil {
		return nil, err
	}
	return &IDSet{*s}, nil
}

// Add adds an id.
func (s *IDSet) Add(id FileID) error { return s.set(id[:], nil) }

// Has reports whether an id was added.
func (s *IDSet) Has(id FileID) (bool, error) { return View{twin.Plain(s.db)}.has(id[:]) }

// Close removes the sorter and its folder.
func (s *Sorter) Close() error {
	return errors.Join(s.db.Close(), s.fs.RemoveAll(s.dir))
}
