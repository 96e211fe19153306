// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Device is an open device. There is nothing to close.
type Device struct {
	fs   vfs.FS
	dir  string
	opts Options

	// sealedBy is the error of the first failed fsync, or nil.
	sealedBy atomic.Pointer[error]

	levels [fanOut]level
	syncs  dirSyncs
	dark   darkSyncs
}

// level is a directory of the first level of the fan-out.
type level struct {
	mu sync.Mutex // makes directories one by one; guards what follows
	// durable says that the directory's own entry survives a crash.
	durable bool
	// leaves says the same of each directory below.
	leaves [fanOut]bool
}

// Open opens the device in the folder dir, and creates a missing folder. Open
// empties tmp/, and makes all existing directories durable.
func Open(fs vfs.FS, dir string, opts Options) (*Device, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	d := &Device{fs: fs, dir: dir, opts: opts}
	if err := d.makeFolders(); err != nil {
		return nil, err
	}
	if err := d.emptyTmp(); err != nil {
		return nil, err
	}
	if err := d.syncFanOut(); err != nil {
		return nil, err
	}
	return d, nil
}

// Dir is the device's folder.
func (d *Device) Dir() string { return d.dir }

// Sealed returns nil, or an error that matches ErrSealed and the cause.
func (d *Device) Sealed() error {
	if cause := d.sealedBy.Load(); cause != nil {
		return fmt.Errorf("device: %w: %w", ErrSealed, *cause)
	}
	return nil
}

// Seal stops all writes to the device. Only the first cause is kept.
func (d *Device) Seal(cause error) { d.sealedBy.CompareAndSwap(nil, &cause) }

// syncDir makes the entries of a directory durable. A failure seals the device,
// and after a failure no sync of the same directory counts.
func (d *Device) syncDir(path string) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	f, err := d.fs.OpenDir(path)
	if err != nil {
		return opError("open directory", err)
	}
	if err := f.Sync(); err != nil {
		f.Close()
		err = opError("sync directory", err)
		d.Seal(err)
		return err
	}
	if err := f.Close(); err != nil {
		return opError("close directory", err)
	}
	return d.Sealed()
}
