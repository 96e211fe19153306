// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"slices"
	"sync"

	"needletail/objstore/device"
)

// Remove deletes the files of a body; a missing file is no error. The result
// names, by slot, the devices that did not obey, and is nil if all did: the
// caller must ask these devices again when they are back. A removal is not
// synced (device.Remove).
func (s *Set) Remove(id device.ID, p Placement) (left Placement, err error) {
	if len(p) == 1 {
		if err := s.remove(id, p[0]); err != nil {
			return p, &SlotError{Device: p[0], Err: err}
		}
		return nil, nil
	}
	errs := make([]error, len(p))
	var wait sync.WaitGroup
	for slot, i := range p {
		wait.Go(func() { errs[slot] = s.removeWithin(id, i) })
	}
	wait.Wait()
	for slot, e := range errs {
		if e == nil {
			continue
		}
		if left == nil {
			left = slices.Repeat(Placement{device.None}, len(p))
		}
		left[slot] = p[slot]
		if err == nil {
			err = &SlotError{Slot: slot, Device: p[slot], Err: e}
		}
	}
	return left, err
}

func (s *Set) remove(id device.ID, i device.Index) error {
	if i == device.None {
		return nil
	}
	d := s.byIndex[i]
	if d == nil {
		return errAway
	}
	return d.do(s.opts.WriteWait, func(dev *device.Device) error { return dev.Remove(id) })
}

func (s *Set) removeWithin(id device.ID, i device.Index) error {
	if i == device.None {
		return nil
	}
	d := s.byIndex[i]
	if d == nil {
		return errAway
	}
	return d.within(s.opts.WriteWait, func(dev *device.Device) error { return dev.Remove(id) }, nil)
}
