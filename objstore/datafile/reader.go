// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// Reader is an open file with intact trailer and footer. Several goroutines may
// use a Reader, each with a Range of its own.
type Reader struct {
	file      vfs.File
	footer    Footer
	sums      blockSums
	fileBytes int64
	dataEnd   int64 // offset of the footer
}

// Open opens a published file: fs.ErrNotExist, ErrCorrupt, ErrVersion, or the
// error of reading.
func Open(d *device.Device, id device.ID) (*Reader, error) {
	f, err := d.OpenFile(id)
	if err != nil {
		return nil, err
	}
	return read(f, id)
}

// OpenDark opens a file of a device's dark data, as Open opens a published
// file.
func OpenDark(d *device.Device, dark device.DarkFile) (*Reader, error) {
	f, err := d.OpenDark(dark)
	if err != nil {
		return nil, err
	}
	return read(f, dark.ID)
}

func read(f vfs.File, id device.ID) (*Reader, error) {
	r := &Reader{file: f}
	if err := r.readTail(id); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) readTail(id device.ID) error {
	stat, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("datafile: stat: %w", err)
	}
	r.fileBytes = stat.Size()
	if r.fileBytes < trailerBytes {
		return corrupt("file is too short")
	}
	end := make([]byte, trailerBytes)
	if err := r.readAt(end, r.fileBytes-trailerBytes); err != nil {
		return err
	}
	t, err := parseTrailer(end, id, r.fileBytes)
	if err != nil {
		return err
	}
	tail := make([]byte, r.fileBytes-trailerBytes-t.footerOffset)
	if err := r.readAt(tail, t.footerOffset); err != nil {
		return err
	}
	if checksum.Block(tail) != t.footerSum {
		return corrupt("footer does not match its checksum")
	}
	r.footer, r.sums, err = parseFooter(tail[:t.footerBytes])
	if err != nil {
		return err
	}
	r.dataEnd = t.footerOffset
	if (t.version == versionFragment) != (r.footer.Fragment.Data > 0) {
		return corrupt("trailer's version is not the footer's")
	}
	if device.Align(r.SizeBytes()) != r.dataEnd {
		return corrupt("footer's size is not that of the data")
	}
	return nil
}

// Footer describes the object.
func (r *Reader) Footer() Footer { return r.footer }

// SizeBytes returns the length of the content: the body, or the fragment.
func (r *Reader) SizeBytes() int64 { return r.footer.StoredBytes() }

// Close closes the file. Ranges give errors afterwards.
func (r *Reader) Close() error { return r.file.Close() }

// readAt fills p. A file with an earlier end is corrupt.
func (r *Reader) readAt(p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	n, err := r.file.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return corrupt("file is cut off")
	}
	return fmt.Errorf("datafile: read: %w", err)
}
