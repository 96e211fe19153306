// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
	"needletail/objstore/twin"
)

// ReadOnly is an index that is open for reading alone.
type ReadOnly struct {
	View
	db *durable.DB
}

// OpenReadOnly opens an index that must exist. No process may have the index open.
func OpenReadOnly(fsys vfs.FS, dir string) (*ReadOnly, error) {
	db, err := openReadOnly(fsys, dir)
	if err != nil {
		return nil, err
	}
	r := &ReadOnly{View{twin.Plain(db)}, db}
	complete, err := r.complete()
	if err == nil && !complete {
		err = fmt.Errorf("%w: it is empty, or was not filled to the end", ErrCorrupt)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", dir, err), db.Close())
	}
	return r, nil
}

// Close closes the index.
func (r *ReadOnly) Close() error { return r.db.Close() }

// Tail returns how the logs of the index end, the worst of them.
func (r *ReadOnly) Tail() durable.Tail { return r.db.Tail() }

// openReadOnly opens an index that must exist, and changes nothing.
func openReadOnly(fsys vfs.FS, dir string) (*durable.DB, error) {
	if _, err := fsys.Stat(dir); err != nil {
		return nil, err
	}
	return durable.OpenReadOnly(dir, quietDatabase(fsys))
}

// quietDatabase returns the settings of a database that writes no log lines.
func quietDatabase(fsys vfs.FS) durable.Options {
	o := Options{FS: fsys, Logger: slog.New(slog.DiscardHandler)}
	o.EnsureDefaults()
	return o.database(fsys)
}

// PeekAge returns the age of an index that no process has open. An index that does
// not exist, or that was not filled to the end, gives fs.ErrNotExist.
func PeekAge(fsys vfs.FS, dir string) (twin.Age, error) {
	db, err := openReadOnly(fsys, dir)
	if err != nil {
		return twin.Age{}, err
	}
	age, err := twin.AgeOf(db, format)
	if err := errors.Join(err, db.Close()); err != nil {
		return twin.Age{}, fmt.Errorf("look at index %s: %w", dir, err)
	}
	return age, nil
}
