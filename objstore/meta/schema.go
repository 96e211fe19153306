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

// openSchema checks the version, or writes it into an empty index, and takes
// the mark of a clean stop away.
func (d *DB) openSchema() error {
	v, found, err := d.value([]byte(keyVersion), nil)
	if err != nil {
		return err
	}
	if !found {
		return d.createSchema()
	}
	version, n := binary.Uvarint(v)
	if n <= 0 {
		return fmt.Errorf("%w: schema version", ErrCorrupt)
	}
	if version != schemaVersion {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrVersion, version, schemaVersion)
	}
	if _, d.clean, err = d.value([]byte(keyClean), nil); err != nil || !d.clean {
		return err
	}
	return d.apply(d.pebble.Delete([]byte(keyClean), pebble.Sync))
}

func (d *DB) createSchema() error {
	it, err := d.reader.NewIter(nil)
	if err != nil {
		return err
	}
	used := it.First()
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return err
	}
	if used {
		return fmt.Errorf("%w: keys without a schema version", ErrCorrupt)
	}
	v := binary.AppendUvarint(nil, schemaVersion)
	return d.apply(d.pebble.Set([]byte(keyVersion), v, pebble.Sync))
}

// apply adds the seal to the result of a write: Pebble reports a failed write
// of its log to its logger, not to the caller.
func (d *DB) apply(err error) error {
	if err != nil {
		return err
	}
	return d.Sealed()
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
	return d.apply(d.pebble.Set([]byte(keyStore), []byte(id), pebble.Sync))
}
