// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore"
	"needletail/objstore/twin"
)

// schemaVersion is the format of keys and rows that this program writes. Version 1
// is the first.
const schemaVersion = 1

// format tells package twin which keys of the index it may use, and how a complete
// index is recognised.
var format = twin.Format{
	Control: []byte{prefixSchema},
	State:   []byte(keyCopy),
	Journal: []byte{prefixJournal},
	Look:    look,
	Create:  createVersion,
}

// look reads what a copy of the index says about itself. An index without a schema
// version is not complete.
func look(from twin.Source) (h twin.Head, err error) {
	v := View{from}
	if h.Complete, err = v.complete(); err != nil || !h.Complete {
		return h, err
	}
	if h.Owner, err = v.StoreID(); err != nil {
		return h, err
	}
	clock, err := v.Clock()
	h.Clock = int64(clock)
	return h, err
}

// complete reports that the index has a schema version. Another version than
// schemaVersion is ErrVersion.
func (v View) complete() (bool, error) {
	b, found, err := v.value([]byte(keyVersion), nil)
	if err != nil || !found {
		return false, err
	}
	version, n := binary.Uvarint(b)
	if n <= 0 {
		return false, fmt.Errorf("%w: schema version", ErrCorrupt)
	}
	if version != schemaVersion {
		return false, fmt.Errorf("%w: schema %d, this program knows %d", ErrVersion, version, schemaVersion)
	}
	return true, nil
}

func createVersion(b *pebble.Batch) error {
	return b.Set([]byte(keyVersion), binary.AppendUvarint(nil, schemaVersion), nil)
}

// takeClean removes the mark of an orderly stop, and reports whether the mark was
// there.
func (d *DB) takeClean() (clean bool, err error) {
	if _, clean, err = d.value([]byte(keyClean), nil); err != nil || !clean {
		return false, err
	}
	return true, d.change(func(b *pebble.Batch) error { return b.Delete([]byte(keyClean), nil) })
}

// change commits, synced, the changes that fill puts into a batch.
func (d *DB) change(fill func(*pebble.Batch) error) error {
	b := d.NewBatch()
	b.note(fill(b.batch.Batch))
	return b.Commit(true)
}

// Clock returns the greatest timestamp that was ever committed, or 0.
func (v View) Clock() (objstore.Timestamp, error) {
	b, found, err := v.value([]byte(keyClock), nil)
	if err != nil || !found {
		return 0, err
	}
	d := decoder{rest: b}
	t := objstore.Timestamp(d.varint())
	return t, d.end()
}

// StoreID returns the id that SetStoreID has set, or "" in a new index.
func (v View) StoreID() (string, error) {
	b, _, err := v.value([]byte(keyStore), nil)
	return string(b), err
}

// SetStoreID records, durably, which store the index belongs to.
func (d *DB) SetStoreID(id string) error {
	return d.change(func(b *pebble.Batch) error { return b.Set([]byte(keyStore), []byte(id), nil) })
}

// SetGeneration makes an index of one copy newer than every copy of a lower
// generation.
func (d *DB) SetGeneration(g uint64) error { return d.copies.SetGeneration(g) }
