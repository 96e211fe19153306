package meta

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// fillTableBytes is about the size of the tables that a fill writes.
const fillTableBytes = 32 << 20

// fillSuffix names the folder, beside the copy, of tables that are written.
const fillSuffix = ".fill"

// tables writes sorted keys into tables and gives them to a database, which
// takes them as they are: nothing is compacted.
type tables struct {
	to           *side
	dir          string
	path         string
	writer       *sstable.Writer // nil between two tables
	bytes        int64           // of the table
	number       int
	keys, copied int64
	progress     func(keys, bytes int64)
}

func newTables(to *side, progress func(keys, bytes int64)) *tables {
	return &tables{to: to, dir: to.dir + fillSuffix, progress: progress}
}

// copyTables copies all keys of a snapshot to an empty database, but those of
// the schema.
func copyTables(ctx context.Context, from *pebble.Snapshot, to *side, progress func(keys, bytes int64)) error {
	t := newTables(to, progress)
	return t.end(ctx, View{plain{from}}.scan(nil, func(k, value []byte) error {
		if k[0] == prefixSchema {
			return nil
		}
		return t.add(ctx, k, value)
	}))
}

// end gives the last table to the database if the walk ended without an error,
// and removes what is left over.
func (t *tables) end(ctx context.Context, err error) error {
	if err == nil {
		err = t.finish(ctx)
	} else if t.writer != nil {
		_ = t.writer.Close() // the table is dropped
	}
	t.progress(t.keys, t.copied)
	return errors.Join(err, t.to.fs.RemoveAll(t.dir))
}

func (t *tables) add(ctx context.Context, k, value []byte) error {
	if t.number == 0 {
		if err := errors.Join(t.to.fs.RemoveAll(t.dir), t.to.fs.MkdirAll(t.dir, 0o750)); err != nil {
			return err
		}
	}
	if t.writer == nil {
		t.number++
		t.path = t.to.fs.PathJoin(t.dir, fmt.Sprintf("%06d.sst", t.number))
		f, err := t.to.fs.Create(t.path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		o := t.to.opts.pebble()
		o.EnsureDefaults()
		t.writer = sstable.NewWriter(objstorageprovider.NewFileWritable(f), o.MakeWriterOptions(6, t.to.pebble.TableFormat()))
	}
	if err := t.writer.Set(k, value); err != nil {
		return err
	}
	n := int64(len(k) + len(value))
	t.keys, t.copied, t.bytes = t.keys+1, t.copied+n, t.bytes+n
	if t.keys%4096 == 0 {
		t.progress(t.keys, t.copied)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if t.bytes < fillTableBytes {
		return nil
	}
	return t.finish(ctx)
}

// finish gives the table that is being written to the database.
func (t *tables) finish(ctx context.Context) error {
	if t.writer == nil {
		return nil
	}
	w := t.writer
	t.writer, t.bytes = nil, 0
	if err := w.Close(); err != nil {
		return err
	}
	return t.to.pebble.Ingest(ctx, []string{t.path})
}
