// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"errors"
	"fmt"
	"strings"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// ErrUnavailable: too few devices do their work for now. An error that matches
// ErrUnavailable matches objstore.KindUnavailable too.
var ErrUnavailable = errors.New("too few devices are available")

var (
	// errAway: the slot's device is not open, or the slot has no device.
	errAway = errors.New("device is away")
	// errSlow: the device did not answer in time.
	errSlow = errors.New("device did not answer in time")
	// errNoDevice: the placement names no device for the slot.
	errNoDevice = errors.New("no device has it")
)

// SlotError is the fault of a slot.
type SlotError struct {
	Slot   int
	Device device.Index // or device.None
	Err    error
}

func (e *SlotError) Error() string {
	return fmt.Sprintf("slot %d on device %v: %v", e.Slot, e.Device, e.Err)
}

// Unwrap gives the cause.
func (e *SlotError) Unwrap() error { return e.Err }

// ShortError: fewer slots than needed could be written or read. The error
// matches exactly one of ErrUnavailable, device.ErrNoSpace, datafile.ErrCorrupt
// and fs.ErrNotExist. With ErrUnavailable and ErrCorrupt it matches the
// corresponding objstore.Kind too.
type ShortError struct {
	Op    string // "write" or "read"
	Have  int    // slots that work
	Need  int    // slots that are needed
	Slots []*SlotError
	is    error
}

func (e *ShortError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "blob: %s: %v: %d of %d files needed", e.Op, e.is, e.Have, e.Need)
	for _, slot := range e.Slots {
		s.WriteString("; ")
		s.WriteString(slot.Error())
	}
	return s.String()
}

// Is matches as the type says. The causes do not match: a single cause does not
// speak for all.
func (e *ShortError) Is(target error) bool {
	switch target {
	case e.is:
		return true
	case objstore.KindUnavailable:
		return e.is == ErrUnavailable
	case objstore.KindCorrupt:
		return e.is == datafile.ErrCorrupt
	}
	return false
}

// faultOf returns err if the device is to blame, else nil: the device is not to
// blame for damage, an unreadable body, or its content.
func faultOf(err error) error {
	var read *datafile.ReadError
	for _, other := range []error{datafile.ErrCorrupt, datafile.ErrVersion, datafile.ErrTooLarge, datafile.ErrDone, device.ErrSealed} {
		if errors.Is(err, other) {
			return nil
		}
	}
	if errors.As(err, &read) {
		return nil
	}
	return err
}
