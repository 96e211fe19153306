// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
)

// Set is the open devices of a store. A Set is safe for concurrent use and
// needs no Close.
type Set struct {
	store string
	opts  Options
	disks []*disk // in the order of the specs
	// byIndex finds a disk in constant time.
	byIndex map[device.Index]*disk
	// extraStripes counts the stripe buffers in use beyond the first of each
	// upload.
	extraStripes atomic.Int64
	// writing holds a place for each file that a lane writes, so that no
	// rebuild begins at the same place meanwhile.
	writing sync.Map
}

// place is a file on a device.
type place struct {
	id device.ID
	on device.Index
}

// disk is a device: open, or away.
type disk struct {
	spec     Spec
	monitor  *device.Monitor
	draining atomic.Bool
	// dev is nil while the device is away: missing, foreign, not formatted.
	dev atomic.Pointer[device.Device]
	// probing says that a probe runs. While a probe hangs, no further probe
	// begins.
	probing atomic.Bool
	// space is as of the last probe, or nil.
	space atomic.Pointer[device.Space]

	// toldMu guards told, the last state given to Events.State.
	toldMu sync.Mutex
	told   device.State
}

// Open opens the devices of the store with the given id. A missing, unformatted
// or foreign device is opened as failed: Devices tells the reason, and Probe
// tries again. An error is an error of the arguments alone.
func Open(store string, specs []Spec, o Options) (*Set, error) {
	o.ensureDefaults()
	s := &Set{store: store, opts: o, byIndex: map[device.Index]*disk{}}
	for _, spec := range specs {
		if spec.FS == nil {
			spec.FS = vfs.Default
		}
		if err := spec.Limits.Validate(); err != nil {
			return nil, err
		}
		if spec.Index == device.None || s.byIndex[spec.Index] != nil {
			return nil, fmt.Errorf("blob: device index %v is used twice or is none", spec.Index)
		}
		d := &disk{spec: spec, monitor: device.NewMonitor(spec.Monitor)}
		d.draining.Store(spec.Draining)
		s.disks = append(s.disks, d)
		s.byIndex[spec.Index] = d
	}
	if len(s.disks) == 0 {
		return nil, fmt.Errorf("blob: a store without a device")
	}
	s.each(func(d *disk) {
		if err := s.reopen(d, d.spec.Format); err != nil {
			d.monitor.Probed(err)
		}
		d.look()
		d.told = d.state()
	})
	return s, nil
}

// each runs f for every disk side by side, and waits at most ReadWait: a
// hanging disk does not keep a store from starting.
func (s *Set) each(f func(*disk)) {
	done := make(chan struct{}, len(s.disks))
	for _, d := range s.disks {
		go func() {
			f(d)
			done <- struct{}{}
		}()
	}
	timer := time.NewTimer(s.opts.ReadWait)
	defer timer.Stop()
	for range s.disks {
		select {
		case <-done:
		case <-timer.C:
			return
		}
	}
}

// reopen opens a device that is away or sealed, and formats the device first
// where allowed.
func (s *Set) reopen(d *disk, format bool) error {
	id := device.Identity{Store: s.store, Index: d.spec.Index}
	check := device.Identify
	if format {
		check = device.Format
	}
	if err := check(d.spec.FS, d.spec.Dir, id); err != nil {
		return err
	}
	dev, err := device.Open(d.spec.FS, d.spec.Dir, d.spec.Limits)
	if err != nil {
		return err
	}
	d.dev.Store(dev)
	return nil
}

// state returns the device's own state, or the state of being drained.
func (d *disk) state() device.State {
	dev := d.dev.Load()
	if dev == nil {
		return device.StateFailed
	}
	state := d.monitor.State()
	if state != device.StateFailed && d.draining.Load() {
		return device.StateDraining
	}
	if dev.Sealed() != nil {
		return device.StateFailed
	}
	return state
}

// do runs an operation of the device in the caller's goroutine. It returns
// errAway, device.ErrBusy after wait, or op's own error.
func (d *disk) do(wait time.Duration, op func(*device.Device) error) error {
	dev := d.dev.Load()
	if dev == nil {
		return errAway
	}
	running, err := d.monitor.Begin(wait)
	if err != nil {
		return err
	}
	err = op(dev)
	running.End(faultOf(err))
	return err
}

// within is do with a limit to the caller's patience: errSlow if op takes
// longer. Then late, if not nil, is called when op comes back after all. Until
// then op may use its arguments.
func (d *disk) within(limit time.Duration, op func(*device.Device) error, late func(error)) error {
	var claimed atomic.Bool // by the answer, or by the end of patience
	done := make(chan error, 1)
	go func() {
		err := d.do(limit, op)
		if claimed.CompareAndSwap(false, true) {
			done <- err
		} else if late != nil {
			late(err)
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		if claimed.CompareAndSwap(false, true) {
			return errSlow
		}
		return <-done
	}
}

// Device returns an open device, or nil if the device is away.
func (s *Set) Device(i device.Index) *device.Device {
	if d := s.byIndex[i]; d != nil {
		return d.dev.Load()
	}
	return nil
}

// State returns a device's state. A device missing from the configuration is
// failed.
func (s *Set) State(i device.Index) device.State {
	if d := s.byIndex[i]; d != nil {
		return d.state()
	}
	return device.StateFailed
}

// Drain begins or ends the draining of a device.
func (s *Set) Drain(i device.Index, on bool) {
	if d := s.byIndex[i]; d != nil {
		d.draining.Store(on)
	}
}
