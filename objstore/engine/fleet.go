// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// devicesMax bounds how many devices a store has over time: an index of a device
// is never used again.
const devicesMax = 4096

var errDevices = errors.New("the devices of the store cannot be told apart")

// placed is one configured device.
type placed struct {
	DeviceOptions
	index device.Index
	fresh bool // a device new to the store
}

// fleet is the devices of a store.
type fleet struct {
	set     *blob.Set
	devices []placed // in the order of the configuration; device 0 comes first
	// placers return the devices for the bodies of a policy. A policy without a
	// placer has one copy on device 0.
	placers map[objstore.PolicyIndex]device.Placer
	layouts map[objstore.PolicyIndex]blob.Layout
}

// layoutOf returns the layout that a policy asks for.
func layoutOf(p objstore.Policy) blob.Layout {
	if p.Erasure() {
		return blob.Layout{Data: p.DataFragments, Parity: p.ParityFragments}
	}
	return blob.Layout{Copies: max(p.Copies, 1)}
}

// configured returns the configured devices with an index each. A new device
// gets a new index, durably.
func (e *Engine) configured() ([]placed, error) {
	fs, dir := e.opts.FS, e.folder.Dir
	known, err := e.db.Devices()
	if err != nil {
		return nil, err
	}
	before, home := slices.Clone(known), absolute(fs, dir)
	list := []placed{{DeviceOptions: DeviceOptions{Path: dir, Draining: len(e.opts.Devices) > 0, FS: fs}}}
	for _, d := range e.opts.Devices {
		if d.FS == nil {
			d.FS = fs
		}
		if d.Path = absolute(d.FS, d.Path); d.Path == home {
			list[0].DeviceOptions = d
			continue
		}
		list = append(list, placed{DeviceOptions: d, index: e.identified(&known, d)})
	}
	for i := range list[1:] {
		if err := number(&known, &list[1+i]); err != nil {
			return nil, err
		}
	}
	if slices.Equal(known, before) {
		return list, nil
	}
	b := e.db.NewBatch()
	b.SetDevices(known)
	return list, b.Commit(true)
}

// identified returns the index in the identity on a device: a disk keeps the
// index when the disk is mounted elsewhere. device.None: the device has no
// identity of this store.
func (e *Engine) identified(known *[]meta.KnownDevice, d DeviceOptions) device.Index {
	id, err := device.ReadIdentity(d.FS, d.Path)
	if err != nil || id.Store != e.id || id.Index == 0 {
		return device.None
	}
	n := slices.IndexFunc(*known, func(k meta.KnownDevice) bool { return k.Index == id.Index })
	if n < 0 { // the index was rebuilt
		*known = append(*known, meta.KnownDevice{Index: id.Index, Path: d.Path})
	} else if k := &(*known)[n]; k.Path != d.Path {
		e.log.Info("a device is mounted elsewhere now", "device", k.Index, "before", k.Path, "now", d.Path)
		k.Path = d.Path
	}
	return id.Index
}

// number gives a device without an identity the index of the path, or a new
// index. A known path without an identity means a swapped or unmounted disk: the
// device is away until an operator formats the disk.
func number(known *[]meta.KnownDevice, p *placed) error {
	if p.index != device.None {
		return nil
	}
	next := device.Index(1)
	for _, k := range *known {
		if k.Path == p.Path {
			p.index = k.Index
			return nil
		}
		next = max(next, k.Index+1)
	}
	if next > devicesMax {
		return fmt.Errorf("%w: more than %d", errDevices, devicesMax)
	}
	p.index, p.fresh = next, true
	*known = append(*known, meta.KnownDevice{Index: next, Path: p.Path})
	return nil
}

// absolute returns a path that can be compared. A file system in memory has no
// working folder.
func absolute(fs vfs.FS, path string) string {
	if fs == vfs.Default {
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
	}
	return filepath.Clean(path)
}

// openDevices opens the configured devices. Device 0 must be there, because the
// index lies on device 0.
func (e *Engine) openDevices() error {
	if len(e.opts.Devices) > 0 {
		// openRing returns the error for a ring that is noted and missing.
		if err := e.folder.MakeFolder(datafolder.RingName); err != nil {
			return err
		}
	}
	list, err := e.configured()
	if err != nil {
		return err
	}
	limits := device.Options{ReserveBytes: e.opts.ReserveBytes, ReservePercent: e.opts.ReservePercent}
	specs := make([]blob.Spec, len(list))
	for i, d := range list {
		specs[i] = blob.Spec{
			Index: d.index, Dir: d.Path, FS: d.FS, Draining: d.Draining, Limits: limits,
			Format: d.fresh || d.index == 0, Monitor: e.opts.Monitor,
		}
	}
	o := e.opts.Blob
	o.Events = blob.Events{Damaged: e.heal.slotDamaged, Leftover: e.slotLeftover, State: e.heal.deviceState}
	if e.fleet.set, err = blob.Open(e.id, specs, o); err != nil {
		return err
	}
	e.fleet.devices = list
	if e.dev = e.fleet.set.Device(0); e.dev == nil {
		err := e.fleet.set.Devices()[0].LastError
		if errors.Is(err, device.ErrForeign) {
			err = fmt.Errorf("%w: %w", datafolder.ErrForeign, err)
		}
		return err
	}
	return e.openRings()
}

// layout returns how bodies of a policy are kept.
func (f *fleet) layout(p objstore.PolicyIndex) blob.Layout {
	if l, ok := f.layouts[p]; ok {
		return l
	}
	return blob.Layout{Copies: 1}
}

// several says whether there are more devices than the data folder.
func (f *fleet) several() bool { return len(f.devices) > 1 }
