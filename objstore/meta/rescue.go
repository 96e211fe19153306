// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
	"needletail/objstore/twin"
)

// Copied is the result of CopyIndex.
type Copied struct {
	Keys, Bytes int64
	Gaps        int // reads that failed; all keys between two gaps were copied
}

// derived are the prefixes of the keys that follow from the rest of an index:
// counters, expiry entries, owners of files, the heal queue and the journal.
var derived = []byte{prefixAccountCounter, prefixContainerCounter, prefixExpiry, prefixFile, prefixJournal, prefixHeal}

// CopyIndex makes the index in toDir, which must not exist, out of the index in
// fromDir. No process may have either open. With all the copy is exact, and a key
// that cannot be read is an error. Without all CopyIndex copies the keys that can
// be read, and leaves out the derived keys.
func CopyIndex(ctx context.Context, fsys vfs.FS, fromDir string, toFS vfs.FS, toDir string, all bool, progress func(keys, bytes int64)) (Copied, error) {
	from, err := openReadOnly(fsys, fromDir)
	if err != nil {
		return Copied{}, err
	}
	o := quietDatabase(toFS)
	to, err := durable.Open(toDir, o)
	if err != nil {
		return Copied{}, errors.Join(err, from.Close())
	}
	r := rescue{from: from, to: to, all: all, tables: twin.NewTables(to, toDir, o, progress), schema: map[string]struct{}{}}
	if err = r.run(ctx); err != nil {
		err = fmt.Errorf("copy index %s: %w", fromDir, err)
	}
	return r.copied, errors.Join(err, to.Close(), from.Close())
}

// rescue is one run of CopyIndex.
type rescue struct {
	from, to *durable.DB
	all      bool
	tables   *twin.Tables
	schema   map[string]struct{} // keys of the schema, which are copied last
	copied   Copied
}

func (r *rescue) run(ctx context.Context) error {
	walk := View{twin.Plain(r.from)}
	if _, err := walk.complete(); err != nil && r.all {
		return err
	}
	if t := r.from.Tail(); r.all && (t.Acknowledged || t.DroppedBytes > 0) {
		return fmt.Errorf("%w: %v", ErrCorrupt, t)
	}
	visit := func(k, value []byte) error { return r.visit(ctx, k, value) }
	err := error(nil)
	if r.all {
		err = walk.scan(nil, visit)
	} else {
		r.copied.Gaps, err = twin.Salvage(r.from, visit)
	}
	if err = r.tables.End(ctx, err); err != nil {
		return err
	}
	if err := twin.CopyKeys(walk.source, r.to, r.schema); err != nil {
		return err
	}
	if r.all {
		return nil
	}
	b := r.to.NewBatch()
	if err := createVersion(b); err != nil {
		return errors.Join(err, b.Close())
	}
	return r.to.Commit(b, true)
}

func (r *rescue) visit(ctx context.Context, k, value []byte) error {
	switch {
	case k[0] == prefixSchema:
		if s := string(k); s != keyClean && (r.all || s == keyClock || s == keyStore || s == keyDevices) {
			r.schema[s] = struct{}{}
		}
		return nil
	case !r.all && bytes.IndexByte(derived, k[0]) >= 0:
		return nil
	}
	r.copied.Keys, r.copied.Bytes = r.copied.Keys+1, r.copied.Bytes+int64(len(k)+len(value))
	return r.tables.Add(ctx, k, value)
}
