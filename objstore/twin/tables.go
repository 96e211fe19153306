// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
)

const (
	// tableBytes is about the size of a table.
	tableBytes = 32 << 20
	// progressKeys is how many keys lie between two reports of progress.
	progressKeys = 4096
	// bottomLevel is the level of Pebble whose options the tables take.
	bottomLevel = 6
	// fillSuffix ends the name of the folder, beside the database, of the tables
	// that are being written.
	fillSuffix = ".fill"
)

// Tables writes sorted keys into tables and hands the tables to a database, which
// takes them as they are: no compaction runs.
type Tables struct {
	to           *durable.DB
	fs           vfs.FS
	dir          string // of the tables
	options      pebble.Options
	path         string          // of the table that is being written
	writer       *sstable.Writer // nil between two tables
	bytes        int64           // of the table that is being written
	number       int
	keys, copied int64
	progress     func(keys, bytes int64)
}

// NewTables returns Tables for the database to, which lies in dir and was opened
// with the options o.
func NewTables(to *durable.DB, dir string, o durable.Options, progress func(keys, bytes int64)) *Tables {
	t := &Tables{to: to, fs: o.FS, dir: dir + fillSuffix, options: o.Pebble, progress: progress}
	t.options.EnsureDefaults()
	return t
}

// copyTables copies all keys of a snapshot to an empty database, except the keys of
// Format.Control.
func copyTables(ctx context.Context, from *pebble.Snapshot, to *side, progress func(keys, bytes int64)) error {
	t := NewTables(to.pebble, to.dir, to.database(), progress)
	return t.End(ctx, Scan(Plain(from), nil, nil, func(k, value []byte) error {
		if bytes.HasPrefix(k, to.opts.Format.Control) {
			return nil
		}
		return t.Add(ctx, k, value)
	}))
}

// End hands the last table to the database if err, the error of the walk over the
// keys, is nil. End removes the folder of the tables.
func (t *Tables) End(ctx context.Context, err error) error {
	if err == nil {
		err = t.finish(ctx)
	} else if t.writer != nil {
		_ = t.writer.Close() // the table is dropped
	}
	t.progress(t.keys, t.copied)
	return errors.Join(err, t.fs.RemoveAll(t.dir))
}

// Add adds a key. Keys come in ascending order.
func (t *Tables) Add(ctx context.Context, k, value []byte) error {
	if t.writer == nil {
		if err := t.begin(); err != nil {
			return err
		}
	}
	if err := t.writer.Set(k, value); err != nil {
		return err
	}
	n := int64(len(k) + len(value))
	t.keys, t.copied, t.bytes = t.keys+1, t.copied+n, t.bytes+n
	if t.keys%progressKeys == 0 {
		t.progress(t.keys, t.copied)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if t.bytes < tableBytes {
		return nil
	}
	return t.finish(ctx)
}

// begin begins a table.
func (t *Tables) begin() error {
	if t.number == 0 {
		if err := errors.Join(t.fs.RemoveAll(t.dir), t.fs.MkdirAll(t.dir, 0o750)); err != nil {
			return err
		}
	}
	t.number++
	t.path = t.fs.PathJoin(t.dir, fmt.Sprintf("%06d.sst", t.number))
	f, err := t.fs.Create(t.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	t.writer = sstable.NewWriter(objstorageprovider.NewFileWritable(f), t.options.MakeWriterOptions(bottomLevel, t.to.TableFormat()))
	return nil
}

// finish hands the table that is being written to the database.
func (t *Tables) finish(ctx context.Context) error {
	if t.writer == nil {
		return nil
	}
	w := t.writer
	t.writer, t.bytes = nil, 0
	if err := w.Close(); err != nil {
		return err
	}
	return t.to.Ingest(ctx, []string{t.path})
}
