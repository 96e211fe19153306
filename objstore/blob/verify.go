// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// Limiter bounds the bytes per second of background work, as
// golang.org/x/time/rate does. The burst must be 256 KiB or more.
type Limiter interface {
	WaitN(ctx context.Context, n int) error
}

// Condition is the condition of a slot's file.
type Condition uint8

const (
	// SlotOK: every byte was read and is right.
	SlotOK Condition = iota
	// SlotMissing: no device has the file, or the slot's device is present
	// without the file.
	SlotMissing
	// SlotCorrupt: the file is damaged.
	SlotCorrupt
	// SlotAway: the slot's device is away, errs or does not answer. The device
	// may come back.
	SlotAway
)

var conditionText = [...]string{SlotOK: "ok", SlotMissing: "missing", SlotCorrupt: "corrupt", SlotAway: "away"}

// String is the condition in a word.
func (c Condition) String() string {
	if int(c) < len(conditionText) {
		return conditionText[c]
	}
	return fmt.Sprintf("condition %d", uint8(c))
}

// Health is the condition of each slot, and the reason where a slot is not ok.
type Health struct {
	Slots []Condition
	Errs  []error
}

// Count is the number of slots in a condition.
func (h Health) Count(c Condition) int {
	n := 0
	for _, slot := range h.Slots {
		if slot == c {
			n++
		}
	}
	return n
}

// Verify reads every byte of every file of a body. limiter may be nil. The
// error is an error of the arguments, of ctx or of the limiter; damage is in
// the Health, and Events is not told.
func (s *Set) Verify(ctx context.Context, id device.ID, l Layout, p Placement, limiter Limiter) (Health, error) {
	if err := p.Validate(l); err != nil {
		return Health{}, err
	}
	r := s.newReader(id, l, p)
	r.quiet = true
	defer r.Close()
	h := Health{Slots: make([]Condition, len(p)), Errs: make([]error, len(p))}
	for slot := range p {
		broken, err := r.verifySlot(ctx, slot, limiter)
		if err != nil {
			return Health{}, err
		}
		h.Slots[slot], h.Errs[slot] = conditionOf(broken), broken
	}
	return h, nil
}

func conditionOf(err error) Condition {
	switch {
	case err == nil:
		return SlotOK
	case errors.Is(err, errNoDevice), errors.Is(err, fs.ErrNotExist):
		return SlotMissing
	case errors.Is(err, datafile.ErrCorrupt):
		return SlotCorrupt
	}
	return SlotAway
}

// verifySlot reads a file; broken is the fault of the file.
func (r *Reader) verifySlot(ctx context.Context, slot int, limiter Limiter) (broken, err error) {
	one := request{want: 1 << slot, need: len(r.files) + 1, skip: ^uint64(1 << slot)}
	footer, broken := r.ask(one)
	if broken != nil {
		return broken, nil
	}
	for done := int64(0); done < footer.StoredBytes(); done += int64(one.bytes) {
		one.first = done / checksum.BlockBytes
		one.bytes = int(min(footer.StoredBytes()-done, readUnitBytes))
		one.more = true
		if err := wait(ctx, limiter, one.bytes); err != nil {
			return nil, err
		}
		if _, broken := r.ask(one); broken != nil {
			return broken, nil
		}
	}
	one.padding = true
	_, broken = r.ask(one)
	return broken, nil
}

// ask runs a request of a single slot and drops the bytes.
func (r *Reader) ask(q request) (footer datafile.Footer, broken error) {
	g := r.gather(q)
	defer g.release()
	if g.err != nil {
		return footer, g.failures[0].Err
	}
	return g.footer, nil
}

// wait waits for the limiter; a nil limiter does not wait.
func wait(ctx context.Context, limiter Limiter, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if limiter == nil {
		return nil
	}
	return limiter.WaitN(ctx, n)
}
