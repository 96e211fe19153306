// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// VerifyTables reads every block of every table of the index in dir. The index may be
// open. VerifyTables calls bad for each table with a wrong checksum: Pebble finds the
// damage only when a lookup needs the block. A table removed meanwhile is skipped.
func VerifyTables(ctx context.Context, fsys vfs.FS, dir string, bad func(path string, err error)) error {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("verify index: %w", err)
	}
	p := quietDatabase(fsys).Pebble
	p.EnsureDefaults()
	readers := p.MakeReaderOptions()
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		path := fsys.PathJoin(dir, name)
		if err := verifyTable(ctx, fsys, path, readers); err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad(path, err)
		}
	}
	return nil
}

func verifyTable(ctx context.Context, fsys vfs.FS, path string, o sstable.ReaderOptions) error {
	f, err := fsys.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(ctx, readable, o)
	if err != nil {
		return err // NewReader has closed the file
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}
