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
	// StateOK: it does all work.
	StateOK State = iota
	// StateSuspect: it erred or is slow. Others are asked first.
	StateSuspect
	// StateFailed: it is missing, foreign, hangs or errs all the time. It gets
	// no new files, and is read only when nobody else has the bytes.
	StateFailed
	// StateDraining: an operator takes it out of use. It is read and gets no new
	// files.
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

// ErrBusy: all operations that a device may run at once were running for as long
// as the caller could wait: it is slow, or hangs.
var ErrBusy = errors.New("device is busy with operations that do not end")

// faulty tells whether err speaks against the device, and not against a file
// that is not there, a disk that is full, or a process that is out of
// descriptors.
func faulty(err error) bool {
	return err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrNoSpace) && !oserror.Exhausted(err)
}
