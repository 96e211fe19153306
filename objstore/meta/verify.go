package meta

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// VerifyTables reads every block of every table of the index in dir, which may
// be open, and calls bad for each that does not match its checksum: Pebble itself
// sees that only when it needs the block. Tables that go meanwhile are passed
// over. Bytes is what was looked at.
func VerifyTables(ctx context.Context, fsys vfs.FS, dir string, bad func(path string, err error)) (bytes int64, err error) {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("verify index: %w", err)
	}
	o := Options{FS: fsys, Logger: slog.New(slog.DiscardHandler)}
	o.EnsureDefaults()
	p := o.pebble()
	p.EnsureDefaults()
	readers := p.MakeReaderOptions()
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return bytes, err
		}
		path := fsys.PathJoin(dir, name)
		n, err := verifyTable(ctx, fsys, path, readers)
		bytes += n
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad(path, err)
		}
	}
	return bytes, nil
}

func verifyTable(ctx context.Context, fsys vfs.FS, path string, o sstable.ReaderOptions) (int64, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return 0, err
	}
	stat, err := f.Stat()
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(ctx, readable, o)
	if err != nil {
		return stat.Size(), err // NewReader has closed the file
	}
	return stat.Size(), errors.Join(r.ValidateBlockChecksums(), r.Close())
}
