package device

import (
	"bytes"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// AlignBytes is what the address, length and offset of every write must be a
// multiple of, so that it can go past the page cache. It is the largest logical
// block size that disks have.
const AlignBytes = 4096

// File is a file in tmp/ that is being written. One goroutine at a time uses it.
type File interface {
	// Write appends p, from AlignedBuffer and a multiple of AlignBytes long.
	io.Writer
	// Sync makes the data durable. It may be called once: a failure seals the
	// device.
	Sync() error
	// Close closes the file and leaves it in tmp/.
	Close() error
}

// backing is what the file systems give us to write to.
type backing interface {
	io.WriteCloser
	SyncData() error
	Preallocate(offset, length int64) error
}

// Create creates a file in tmp/. sizeBytes is the space to set aside for it, or
// ≤ 0 if its size is not known. ErrSealed, ErrNoSpace.
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
// change what it writes, while others take its digest.
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
