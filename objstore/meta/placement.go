// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"errors"
	"slices"

	"needletail/objstore/device"
)

// Placement names the device of each slot of a body. A slot is a whole copy or a
// fragment. The zero value is a single copy on device 0, as in a store of one device.
//
//	data fragments uvarint, 0 for copies | slots uvarint, at least 1
//	| for each slot: device's index plus 1, or 0 for none, uvarint
type Placement struct {
	DataFragments int
	Devices       []device.Index // by slot; device.None marks a missing slot
}

// slotsMax bounds the slots of a body.
const slotsMax = 255

var (
	errPlacement = errors.New("object row: no slots or too many, too few for the fragments, a device twice, or an inline body")
	onlyDevice   = []device.Index{0}
)

// IsZero reports that the body is a single copy on device 0.
func (p *Placement) IsZero() bool { return p.DataFragments == 0 && p.Devices == nil }

// Slots returns the devices by slot, for the zero value too. The caller must not change
// the slice.
func (p *Placement) Slots() []device.Index {
	if p.IsZero() {
		return onlyDevice
	}
	return p.Devices
}

// Holds reports that a slot lies on the device.
func (p *Placement) Holds(d device.Index) bool { return slices.Contains(p.Slots(), d) }

// Missing returns the number of missing slots.
func (p *Placement) Missing() (n int) {
	for _, d := range p.Slots() {
		if d == device.None {
			n++
		}
	}
	return n
}

func (p *Placement) check(place Place) error {
	n := len(p.Devices)
	if place != PlaceFile || n == 0 || n > slotsMax || p.DataFragments < 0 || p.DataFragments > n {
		return errPlacement
	}
	for i, d := range p.Devices {
		if d != device.None && slices.Contains(p.Devices[:i], d) {
			return errPlacement
		}
	}
	return nil
}

func appendPlacement(dst []byte, p *Placement) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.DataFragments))
	dst = binary.AppendUvarint(dst, uint64(len(p.Devices)))
	for _, d := range p.Devices {
		dst = binary.AppendUvarint(dst, uint64(d+1)) // None wraps around to 0
	}
	return dst
}

func (d *decoder) placement(place Place) (p Placement) {
	data, n := d.uvarint(), d.uvarint()
	if n == 0 || n > slotsMax || data > n {
		d.fail("bad placement")
		return p
	}
	p.DataFragments, p.Devices = int(data), make([]device.Index, n)
	for i := range p.Devices {
		v := d.uvarint()
		if v > uint64(device.None) {
			d.fail("bad device")
		}
		p.Devices[i] = device.Index(v) - 1
	}
	if d.err == nil && p.check(place) != nil {
		d.fail("bad placement")
	}
	if d.err != nil {
		return Placement{}
	}
	return p
}

// HoldsAny reports that a slot lies on a device of the set.
func (p *Placement) HoldsAny(set map[device.Index]bool) bool {
	return len(set) > 0 && slices.ContainsFunc(p.Slots(), func(d device.Index) bool { return set[d] })
}

// Equal reports that p and q name the same devices for the same slots.
func (p *Placement) Equal(q *Placement) bool {
	return p.DataFragments == q.DataFragments && slices.Equal(p.Slots(), q.Slots())
}
