// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"

	"needletail/objstore/device"
)

// KnownDevice is a present or former device of the store. The index of a device is
// never given to a second device.
type KnownDevice struct {
	Index device.Index
	Path  string // the last known path
}

// The format of the list of devices:
//
//	version 1 | count uvarint | for each: index uvarint | path, counted by a uvarint
const devicesVersion = 1

func appendDevices(dst []byte, all []KnownDevice) []byte {
	dst = binary.AppendUvarint(append(dst, devicesVersion), uint64(len(all)))
	for _, k := range all {
		dst = appendString(binary.AppendUvarint(dst, uint64(k.Index)), k.Path)
	}
	return dst
}

func parseDevices(b []byte) ([]KnownDevice, error) {
	d := decoder{rest: b}
	d.version(devicesVersion)
	n := d.uvarint()
	if n > uint64(len(d.rest))/2 { // a device is two bytes at least
		d.fail("too many devices")
		n = 0
	}
	used := map[device.Index]bool{0: true, device.None: true}
	var all []KnownDevice
	for range n {
		v := d.uvarint()
		k := KnownDevice{Index: device.Index(v), Path: d.string()}
		if v > uint64(device.None) || used[k.Index] {
			d.fail("device without an index of its own")
		}
		used[k.Index] = true
		all = append(all, k)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return all, nil
}

// Devices returns all present and former devices of the store, except the data folder.
func (v View) Devices() ([]KnownDevice, error) {
	all, _, err := row(v, []byte(keyDevices), parseDevices)
	return all, err
}

// SetDevices writes the list of devices.
func (b *Batch) SetDevices(all []KnownDevice) {
	b.key = append(b.key[:0], keyDevices...)
	b.value = appendDevices(b.value[:0], all)
	b.set(b.value)
}
