package meta

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore"
)

// schemaVersion is the format of keys and rows as this program writes them.
// Version 1 is the first.
const schemaVersion = 1

// schema says whether a database has one, which must be of our version.
func (s *side) schema() (found bool, err error) {
	v, found, err := View{plain{s.pebble}}.value([]byte(keyVersion), nil)
	if err != nil || !found {
		return false, err
	}
	version, n := binary.Uvarint(v)
	if n <= 0 {
		return false, fmt.Errorf("%w: schema version", ErrCorrupt)
	}
	if version != schemaVersion {
		return false, fmt.Errorf("%w: schema %d, this program knows %d", ErrVersion, version, schemaVersion)
	}
	return true, nil
}

// empty says that a database has no keys.
func (s *side) empty() (bool, error) {
	it, err := s.pebble.NewIter(nil)
	if err != nil {
		return false, err
	}
	used := it.First()
	return !used, errors.Join(it.Error(), it.Close())
}

// createSchema writes the version into an empty database.
func (s *side) createSchema() error {
	empty, err := s.empty()
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: keys without a schema version", ErrCorrupt)
	}
	return s.createVersion()
}

func (s *side) createVersion() error {
	b := s.pebble.NewBatch()
	if err := b.Set([]byte(keyVersion), binary.AppendUvarint(nil, schemaVersion), nil); err != nil {
		return err
	}
	return s.commit(b)
}

// takeClean takes the mark of a clean stop away and says whether it was there.
func (d *DB) takeClean() (clean bool, err error) {
	if _, clean, err = d.value([]byte(keyClean), nil); err != nil || !clean {
		return false, err
	}
	return true, d.change(func(b *pebble.Batch) error { return b.Delete([]byte(keyClean), nil) })
}

// change commits, synced, what fill puts into a batch.
func (d *DB) change(fill func(*pebble.Batch) error) error {
	b := d.NewBatch()
	b.note(fill(b.batch))
	return b.Commit(true)
}

// Clock is the greatest timestamp that was ever committed, or 0.
func (v View) Clock() (objstore.Timestamp, error) {
	b, found, err := v.value([]byte(keyClock), nil)
	if err != nil || !found {
		return 0, err
	}
	d := decoder{rest: b}
	t := objstore.Timestamp(d.varint())
	return t, d.end()
}

// StoreID is what SetStoreID set, or "" in an index that is new.
func (v View) StoreID() (string, error) {
	b, _, err := v.value([]byte(keyStore), nil)
	return string(b), err
}

// SetStoreID notes, durably, which store the index belongs to.
func (d *DB) SetStoreID(id string) error {
	return d.change(func(b *pebble.Batch) error { return b.Set([]byte(keyStore), []byte(id), nil) })
}
