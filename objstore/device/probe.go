// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// probeName is a file in tmp/ during a probe.
const probeName = "probe"

// Probe writes, syncs, reads and removes a small file. Unlike the sync of an
// upload, a failed sync does not seal the device: no data depends on the file.
func (d *Device) Probe() error {
	path := d.fs.PathJoin(d.dir, tmpDir, probeName)
	want := []byte(NewID().String())
	err := d.writeProbe(path, want)
	if err == nil {
		err = d.readProbe(path, want)
	}
	return errors.Join(err, d.unlink(path))
}

func (d *Device) writeProbe(path string, content []byte) error {
	f, err := d.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return opError("create probe", err)
	}
	_, err = f.Write(bytes.Clone(content)) // a file system may change what it writes
	if err == nil {
		err = f.Sync()
	}
	return opError("write probe", errors.Join(err, f.Close()))
}

func (d *Device) readProbe(path string, want []byte) error {
	f, err := d.fs.Open(path)
	if err != nil {
		return opError("open probe", err)
	}
	got, err := io.ReadAll(io.LimitReader(f, int64(len(want))+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return opError("read probe", err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("device: probe reads %d other bytes", len(got))
	}
	return nil
}
