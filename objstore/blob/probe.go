// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"needletail/objstore/device"
)

// Status is the known state of a device.
type Status struct {
	Index    device.Index
	Dir      string
	State    device.State
	Draining bool // also while State says that it failed
	Away     bool // not open: missing, foreign, not formatted
	Running  int  // operations
	device.MonitorStats
	Space device.Space // as of the last probe; zeros before
}

// Devices reports all devices, in the order of their configuration. Devices
// asks no device.
func (s *Set) Devices() []Status {
	var all []Status
	for _, d := range s.disks {
		st := Status{
			Index: d.spec.Index, Dir: d.spec.Dir, State: d.state(), Draining: d.draining.Load(),
			Away: d.dev.Load() == nil, Running: d.monitor.Running(), MonitorStats: d.monitor.Stats(),
		}
		if space := d.space.Load(); space != nil {
			st.Space = *space
		}
		all = append(all, st)
	}
	return all
}

// Run probes all devices every ProbeEvery until ctx ends.
func (s *Set) Run(ctx context.Context) {
	ticker := time.NewTicker(s.opts.ProbeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Probe()
		}
	}
}

// Probe looks at every device: whether the disk is still the same, how full the
// disk is, and, if its state is not ok, whether the disk takes and gives bytes.
// Probe opens a device that is back, and opens a sealed device anew.
func (s *Set) Probe() {
	s.each(func(d *disk) {
		if !d.probing.CompareAndSwap(false, true) {
			s.tell(d, nil)
			return
		}
		defer d.probing.Store(false)
		s.tell(d, s.probe(d))
	})
}

func (s *Set) probe(d *disk) error {
	dev := d.dev.Load()
	if dev == nil || dev.Sealed() != nil {
		err := s.reopen(d, false)
		d.monitor.Probed(err)
		if err == nil {
			d.look()
		}
		return err
	}
	id := device.Identity{Store: s.store, Index: d.spec.Index}
	err := d.do(s.opts.WriteWait, func(*device.Device) error {
		return device.Identify(d.spec.FS, d.spec.Dir, id)
	})
	if err == nil && d.monitor.State() != device.StateOK {
		err = d.do(s.opts.WriteWait, (*device.Device).Probe)
		if err == nil {
			d.monitor.Probed(nil)
		}
	}
	if errors.Is(err, device.ErrUnformatted) || errors.Is(err, device.ErrForeign) {
		d.dev.Store(nil)
	}
	if err != nil && !errors.Is(err, device.ErrNoSpace) {
		d.monitor.Probed(err)
		return err
	}
	d.look()
	return nil
}

// look asks how full an open device is.
func (d *disk) look() {
	// A failure counts against the device, and the next probe tells.
	_ = d.do(0, func(dev *device.Device) error {
		space, err := dev.Space()
		if err == nil {
			d.space.Store(&space)
		}
		return err
	})
}

// Format makes a replacement disk the device i: a disk without an identity gets
// the identity and is opened. The content of the old disk must be rebuilt.
func (s *Set) Format(i device.Index) error {
	d := s.byIndex[i]
	if d == nil {
		return fmt.Errorf("blob: device %v is not configured", i)
	}
	err := s.reopen(d, true)
	d.monitor.Probed(err)
	d.look()
	return err
}

// tell reports a change of state.
func (s *Set) tell(d *disk, err error) {
	d.toldMu.Lock()
	from, to := d.told, d.state()
	d.told = to
	d.toldMu.Unlock()
	if from != to {
		s.opts.Events.State(d.spec.Index, from, to, err)
	}
}
