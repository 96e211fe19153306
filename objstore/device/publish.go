// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Publish moves a file, which its writer has synced and closed, from tmp/ to
// its place, and makes the move durable. After a failure the file is gone from
// data/, as far as the disk still obeys; Discard removes the rest in tmp/.
func (d *Device) Publish(id ID) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	if err := d.makeLeaf(id); err != nil {
		return err
	}
	if err := d.fs.Rename(d.tmpPath(id), d.dataPath(id)); err != nil {
		return opError("publish", err)
	}
	if err := d.syncDirShared(d.leafPath(id)); err != nil {
		// No row will name the file. If the removal fails too, the next start
		// finds the file as dark data.
		return errors.Join(err, d.unlink(d.dataPath(id)))
	}
	return nil
}

// Discard removes an unpublished file. A missing file is no error. A sealed
// device discards too.
func (d *Device) Discard(id ID) error { return d.unlink(d.tmpPath(id)) }

// Remove deletes a published file. A missing file is no error. The removal is
// not synced: after a loss of power the file may be back, as dark data.
func (d *Device) Remove(id ID) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	return d.unlink(d.dataPath(id))
}

// Quarantine moves a published file aside, durably. It never replaces a file in
// quarantine: the second file of a name is NAME.1 there, and so on. With
// quarantineMax files of a name it returns fs.ErrExist, and the file stays.
func (d *Device) Quarantine(id ID) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	to, err := d.quarantinePath(id)
	if err != nil {
		return err
	}
	if err := d.fs.Rename(d.dataPath(id), to); err != nil {
		return opError("quarantine", err)
	}
	if err := d.syncDir(d.fs.PathJoin(d.dir, quarantineDir)); err != nil {
		return err
	}
	return d.syncDir(d.leafPath(id))
}

// OpenFile opens a published file for reading. A missing file matches
// fs.ErrNotExist.
func (d *Device) OpenFile(id ID) (vfs.File, error) {
	f, err := d.fs.Open(d.dataPath(id))
	if err != nil {
		return nil, opError("open", err)
	}
	return f, nil
}

func (d *Device) unlink(path string) error {
	if err := d.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return opError("remove", err)
	}
	return nil
}
