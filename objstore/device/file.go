// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// AlignBytes divides the address, length and offset of every write that goes
// past the page cache. It is the largest logical block size of disks.
const AlignBytes = 4096

// File is a file in tmp/ being written, by one goroutine at a time.
type File interface {
	// Write appends p, from AlignedBuffer and a multiple of AlignBytes long.
	io.Writer
	// Sync makes the data durable. Sync may be called once: a failure seals the
	// device.
	Sync() error
	// Close closes the file and leaves it in tmp/.
	Close() error
}

// backing is a file of the file system below.
type backing interface {
	io.WriteCloser
	SyncData() error
	Preallocate(offset, length int64) error
}

// Create creates a file in tmp/. sizeBytes is the space to set aside for the
// file, or ≤ 0 for an unknown size. ErrSealed, ErrNoSpace.
func (d *Device) Create(id ID, sizeBytes int64) (File, error) {
	if err := d.Sealed(); err != nil {
		return nil, err
	}
	b, err := d.createBacking(d.tmpPath(id))
	if err != nil {
		return nil, opError("create", err)
	}
	f := &file{device: d, backing: b}
	if sizeBytes <= 0 {
		return f, nil
	}
	if err := b.Preallocate(0, sizeBytes); err != nil {
		b.Close()
		d.unlink(d.tmpPath(id))
		return nil, opError("preallocate", err)
	}
	return f, nil
}

func (d *Device) createBacking(path string) (backing, error) {
	if d.fs == vfs.Default {
		return createDirect(path)
	}
	f, err := d.fs.Create(path, vfs.WriteCategoryUnspecified)
	return copied{f}, err
}

// copied is a file of another file system than the machine's. A vfs.File may
// change the bytes of a write, while their digest is being taken.
type copied struct{ vfs.File }

func (c copied) Write(p []byte) (int, error) { return c.File.Write(bytes.Clone(p)) }

type file struct {
	device  *Device
	backing backing
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.backing.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, opError("write", err)
}

func (f *file) Sync() error {
	if err := f.backing.SyncData(); err != nil {
		err = opError("sync", err)
		f.device.Seal(err)
		return err
	}
	return nil
}

func (f *file) Close() error { return opError("close", f.backing.Close()) }
