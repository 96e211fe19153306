// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/storetest"
)

// shapes are ways to keep bodies on eight devices: every policy of the suite
// gets one.
var shapes = map[string]func(*objstore.Policy){
	"3 copies": func(p *objstore.Policy) { p.Copies = 3 },
	"4+2":      func(p *objstore.Policy) { p.DataFragments, p.ParityFragments = 4, 2 },
	"1 copy":   func(*objstore.Policy) {},
}

// severalDevices are options of a store on n devices below dir, the data folder
// not one of them.
func severalDevices(dir string, n int, shape string, fs vfs.FS) Options {
	o := Options{FS: fs, Policies: storetest.Policies(), HealEvery: 20 * time.Millisecond, HealBytesPerSecond: -1}
	for i := range o.Policies {
		shapes[shape](&o.Policies[i])
	}
	for i := range n {
		o.Devices = append(o.Devices, DeviceOptions{Path: fmt.Sprintf("%s-disk%d", dir, i), Zone: i / 2, Weight: 100})
	}
	return o
}

func TestStoreOnSeveralDevices(t *testing.T) {
	for shape := range shapes {
		t.Run(shape, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) objstore.Store {
				o := severalDevices("store", 8, shape, memFS())
				o.InlineMaxBytes = 4096
				return opener(o, inMemory)(t)
			})
		})
	}
}

func TestSeveralDevicesEqualModel(t *testing.T) {
	seed := time.Now().UnixNano()
	for shape := range shapes {
		t.Run(shape, func(t *testing.T) {
			o := severalDevices("store", 8, shape, nil)
			o.InlineMaxBytes = 1000
			storetest.RunRandom(t, opener(o, inMemory), seed, 100)
		})
	}
}
