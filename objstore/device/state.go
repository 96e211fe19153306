// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"io/fs"

	"needletail/objstore/oserror"
)

// State says how far a device is to be trusted.
type State uint8

const (
	// StateOK: the device does all work.
	StateOK State = iota
	// StateSuspect: the device erred or is slow. Ok devices are asked first.
	StateSuspect
	// StateFailed: the device is missing, foreign, hangs or errs all the time.
	// It gets no new files, and is read only when no other device has the
	// bytes.
	StateFailed
	// StateDraining: an operator takes the device out of use. It is read and
	// gets no new files.
	StateDraining
)

var stateText = [...]string{StateOK: "ok", StateSuspect: "suspect", StateFailed: "failed", StateDraining: "draining"}

// String is the state in a word.
func (s State) String() string {
	if int(s) < len(stateText) {
		return stateText[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// ErrBusy: the device ran as many operations as it may at once, for as long as
// the caller could wait: the device is slow, or hangs.
var ErrBusy = errors.New("device is busy with operations that do not end")

// faulty reports whether err speaks against the device. A missing file, a full
// disk and a process without free descriptors do not.
func faulty(err error) bool {
	return err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrNoSpace) && !oserror.Exhausted(err)
}
