// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"fmt"

	"needletail/objstore/datafolder"
	"needletail/objstore/device"
)

// Disk is an open device of a store.
type Disk struct {
	Index device.Index
	Dev   *device.Device
}

// indexOf returns the index of a device of a store, which stands in the identity
// on the device. device.ErrForeign: the device belongs to another store.
func indexOf(d datafolder.Device, store string) (device.Index, error) {
	id, err := device.ReadIdentity(d.FS, d.Path)
	if err == nil && id.Store != store {
		err = device.ErrForeign
	}
	return id.Index, err
}

// openDisk opens a device of a store. The errors are those of indexOf and
// device.Open.
func openDisk(d datafolder.Device, store string) (Disk, error) {
	index, err := indexOf(d, store)
	if err != nil {
		return Disk{}, err
	}
	dev, err := device.Open(d.FS, d.Path, device.Options{})
	return Disk{index, dev}, err
}

// openDisks opens all devices with data files of a store, the data folder
// included. An error for one device is an error for all devices: a repair would
// lose the files of a missing device.
func openDisks(f *datafolder.Folder, store string) ([]Disk, error) {
	var disks []Disk
	own := false
	for _, d := range f.Devices {
		if _, err := indexOf(d, store); err != nil {
			return nil, fmt.Errorf("device %s: %w; a rebuild needs all devices", d.Path, err)
		}
		disk, err := openDisk(d, store)
		if err != nil {
			return nil, err
		}
		disks = append(disks, disk)
		own = own || disk.Index == 0
	}
	if own {
		return disks, nil
	}
	dev, err := device.Open(f.FS, f.Dir, device.Options{})
	return append(disks, Disk{0, dev}), err
}
