// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/ec"
)

// Create starts the body id. order lists devices: the primaries, a device per
// slot, then handoffs, the best first. Create passes over device.None, devices
// missing from the configuration, and devices that fail, are full or are
// drained; suspect devices are the last choice. Errors: *ShortError that
// matches ErrUnavailable or device.ErrNoSpace, datafile.ErrTooLarge.
func (s *Set) Create(id device.ID, l Layout, order []device.Index, o datafile.WriterOptions) (*Writer, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	if o.SizeHintBytes > datafile.SizeMaxBytes {
		return nil, fmt.Errorf("%w: body of %d bytes", datafile.ErrTooLarge, o.SizeHintBytes)
	}
	if l.Copies == 1 {
		return s.createSingle(id, order, o)
	}
	u := &upload{set: s, id: id, layout: l, hint: o.SizeHintBytes}
	if l.Copies == 0 {
		var err error
		if u.code, err = ec.New(l.Data, l.Parity); err != nil {
			return nil, err
		}
		u.blocks = make([][]uint64, l.Slots())
	}
	if err := u.start(s.choose(l.Slots(), order)); err != nil {
		return nil, err
	}
	newHash := checksum.New
	if o.AnyMD5 {
		newHash = checksum.NewWithoutMD5
	}
	u.hash = newHash(o.SHA512)
	return &Writer{many: u}, nil
}

// createSingle opens a file on the first device that accepts the file: an ok
// device, or else a suspect device.
func (s *Set) createSingle(id device.ID, order []device.Index, o datafile.WriterOptions) (*Writer, error) {
	short := &ShortError{Op: "write", Need: 1}
	for _, state := range [...]device.State{device.StateOK, device.StateSuspect} {
		for _, i := range order {
			d := s.byIndex[i]
			if d == nil || d.state() != state || short.names(i) {
				continue
			}
			w, err := d.createSingle(id, o)
			if err == nil {
				return w, nil
			}
			short.Slots = append(short.Slots, &SlotError{Device: i, Err: err})
		}
	}
	return nil, short.judge()
}

func (d *disk) createSingle(id device.ID, o datafile.WriterOptions) (*Writer, error) {
	dev := d.dev.Load()
	if dev == nil {
		return nil, errAway
	}
	w, err := datafile.Create(dev, id, o)
	if err != nil {
		d.monitor.Blame(faultOf(err))
		return nil, err
	}
	return &Writer{single: w, disk: d}, nil
}

// names tells whether a device failed already.
func (e *ShortError) names(i device.Index) bool {
	return slices.ContainsFunc(e.Slots, func(slot *SlotError) bool { return slot.Device == i })
}

// candidates are the devices for a new body, without repetition.
type candidates struct {
	primary  []*disk // per slot, or nil; ok ones alone
	handoffs []*disk // ok ones, then suspect ones
}

func (s *Set) choose(slots int, order []device.Index) *candidates {
	c := &candidates{primary: make([]*disk, slots)}
	var suspect []*disk
	for i, index := range order {
		d := s.byIndex[index]
		if d == nil || slices.Contains(order[:i], index) {
			continue
		}
		switch state := d.state(); {
		case state == device.StateSuspect:
			suspect = append(suspect, d)
		case state != device.StateOK:
		case i < slots:
			c.primary[i] = d
		default:
			c.handoffs = append(c.handoffs, d)
		}
	}
	c.handoffs = append(c.handoffs, suspect...)
	return c
}

// next gives the device to try next for a slot, or nil.
func (c *candidates) next(slot int) *disk {
	if d := c.primary[slot]; d != nil {
		c.primary[slot] = nil
		return d
	}
	if len(c.handoffs) == 0 {
		return nil
	}
	d := c.handoffs[0]
	c.handoffs = c.handoffs[1:]
	return d
}

// start opens the file of each slot, on a handoff where the primary fails or
// does not answer within CreateWait.
func (u *upload) start(c *candidates) error {
	slots := u.layout.Slots()
	u.slots = make([]*lane, slots)
	u.free = make(chan *stripe, stripesEach)
	u.results = make(chan laneResult, slots)
	// Room for every report: a device is asked once.
	created := make(chan laneResult, len(u.set.disks))
	asked := map[*lane]bool{}
	ask := func(slot int) {
		if d := c.next(slot); d != nil {
			l := &lane{u: u, slot: slot, disk: d, queue: make(chan *stripe, stripesEach)}
			asked[l] = true
			u.lanes.Add(1)
			go l.run(created)
		}
	}
	for slot := range slots {
		ask(slot)
	}
	timer := time.NewTimer(u.set.opts.CreateWait)
	defer timer.Stop()
	for len(asked) > 0 {
		select {
		case r := <-created:
			if !asked[r.lane] {
				continue
			}
			delete(asked, r.lane)
			if r.err == nil {
				u.slots[r.lane.slot] = r.lane
				continue
			}
			u.laneFailed(r.lane, r.err)
			ask(r.lane.slot)
		case <-timer.C:
			for l := range asked {
				delete(asked, l)
				u.giveUp(l)
				ask(l.slot)
			}
			timer.Reset(u.set.opts.CreateWait)
		}
	}
	if err := u.checkQuorum(); err != nil {
		u.closeLanes()
		u.waitForLanes()
		return err
	}
	u.made, u.cur = 1, takeStripe(u.layout)
	return nil
}

// giveUp leaves a lane alone whose file was not created in time. The lane
// removes the file as soon as the file is there.
func (u *upload) giveUp(l *lane) {
	u.mu.Lock()
	u.drop(l)
	u.mu.Unlock()
	close(l.queue)
}

// short returns the error of too few working slots. The caller holds u.mu.
func (u *upload) short(have int) error {
	e := &ShortError{Op: "write", Have: have, Need: u.layout.Quorum(), Slots: slices.Clone(u.failures)}
	return e.judge()
}

// judge decides what a failed write matches: ErrNoSpace if only full devices
// stand in the way of the write, else ErrUnavailable.
func (e *ShortError) judge() error {
	full := 0
	for _, slot := range e.Slots {
		if errors.Is(slot.Err, device.ErrNoSpace) {
			full++
		}
	}
	e.is = ErrUnavailable
	if full > 0 && e.Have+full >= e.Need {
		e.is = device.ErrNoSpace
	}
	return e
}
