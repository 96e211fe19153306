// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// ErrForeign: the end of the file is not the end of a data file. The file is
// foreign, or its end is lost; a lost end matches ErrCorrupt as well.
var ErrForeign = errors.New("not a data file")

// OpenPath opens a data file at any path. The trailer says which file it is.
// Errors as from Open.
func OpenPath(fs vfs.FS, path string) (*Reader, device.ID, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, device.ID{}, err
	}
	r := &Reader{file: f}
	id, err := r.ownID()
	if err == nil {
		err = r.readTail(id)
	}
	if err != nil {
		return nil, id, errors.Join(err, f.Close())
	}
	return r, id, nil
}

// ownID returns the id in the trailer, unchecked.
func (r *Reader) ownID() (device.ID, error) {
	stat, err := r.file.Stat()
	if err != nil {
		return device.ID{}, fmt.Errorf("datafile: stat: %w", err)
	}
	if stat.Size() < trailerBytes {
		return device.ID{}, fmt.Errorf("%w: %w", ErrForeign, corrupt("file is too short"))
	}
	var end [trailerBytes]byte
	if err := r.readAt(end[:], stat.Size()-trailerBytes); err != nil {
		return device.ID{}, err
	}
	if string(end[:len(trailerMagic)]) != trailerMagic {
		return device.ID{}, fmt.Errorf("%w: %w", ErrForeign, corrupt("trailer has no magic"))
	}
	return device.ID(end[40:56]), nil
}

// Survey reads every byte of the file and calls damaged for each block, and for
// the padding, with changed bytes. Survey ends with the first error of reading,
// or of damaged. blocks is the number of blocks read.
func (r *Reader) Survey(damaged func(*CorruptError) error) (blocks int64, err error) {
	p := make([]byte, checksum.BlockBytes)
	report := func(err error) error {
		var c *CorruptError
		if errors.As(err, &c) {
			return damaged(c)
		}
		return err
	}
	for n := blockCount(r.SizeBytes()); blocks < n; blocks++ {
		start := blocks * checksum.BlockBytes
		if err := report(r.readBlocks(p[:min(checksum.BlockBytes, r.SizeBytes()-start)], blocks)); err != nil {
			return blocks, err
		}
	}
	return blocks, report(r.VerifyPadding())
}
