// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"fmt"
	"slices"

	"needletail/objstore/device"
)

// slotsMax bounds the files of a body. A stripe of 64 fragments is 8 MiB.
const slotsMax = 64

// Layout says in how many files a body is kept: either Copies, or Data and
// Parity, with the remaining fields 0.
type Layout struct {
	Copies int // 1 or more
	Data   int // k, 1 or more
	Parity int // m, 1 or more
}

// Validate checks the numbers.
func (l Layout) Validate() error {
	copies := l.Copies >= 1 && l.Data == 0 && l.Parity == 0
	coded := l.Copies == 0 && l.Data >= 1 && l.Parity >= 1
	if !copies && !coded {
		return fmt.Errorf("blob: a layout of %d copies, %d data and %d parity fragments is neither", l.Copies, l.Data, l.Parity)
	}
	// Each number is checked first: the sum of numbers from outside may
	// overflow.
	if max(l.Copies, l.Data, l.Parity) > slotsMax || l.Slots() > slotsMax {
		return fmt.Errorf("blob: a layout of more than %d files", slotsMax)
	}
	return nil
}

// Slots is the number of files.
func (l Layout) Slots() int { return l.Copies + l.Data + l.Parity }

// Need returns how many files give the whole body.
func (l Layout) Need() int {
	if l.Copies > 0 {
		return 1
	}
	return l.Data
}

// Quorum returns how many files must be on stable storage for a body to count
// as stored. Of copies half count, rounded up, as in quorum_size of Swift's
// utils, so that two copies take writes with one of two disks gone. Of
// fragments Data+1 count, or just Data where the code has a single parity
// fragment.
func (l Layout) Quorum() int {
	switch {
	case l.Copies > 0:
		return (l.Copies + 1) / 2
	case l.Parity == 1:
		return l.Data
	}
	return l.Data + 1
}

// String is "3 copies" or "4+2".
func (l Layout) String() string {
	switch l.Copies {
	case 0:
		return fmt.Sprintf("%d+%d", l.Data, l.Parity)
	case 1:
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", l.Copies)
}

// Placement is the device of each slot, device.None for a missing file.
type Placement []device.Index

// Missing counts the slots without a device.
func (p Placement) Missing() int {
	n := 0
	for _, i := range p {
		if i == device.None {
			n++
		}
	}
	return n
}

// Validate checks that p has a slot for each file of l, and no device twice.
func (p Placement) Validate(l Layout) error {
	if err := l.Validate(); err != nil {
		return err
	}
	if len(p) != l.Slots() {
		return fmt.Errorf("blob: a placement of %d slots for %v", len(p), l)
	}
	for slot, i := range p {
		if i != device.None && slices.Contains(p[:slot], i) {
			return fmt.Errorf("blob: device %v has two slots of one body", i)
		}
	}
	return nil
}
