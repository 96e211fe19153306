// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"errors"
	"fmt"

	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// ErrBusy: the file is being written at the same place already.
var ErrBusy = errors.New("the file is being written already")

// Rebuild makes the file of a slot anew on the device to, from the files of the
// remaining slots, and publishes the file durably. The file is byte for byte
// the old file. limiter may be nil. p is the placement in the index; on success
// the caller records to as p[slot]. Errors: *ShortError if too few files can be
// read, ErrBusy, the errors of device to, of ctx and of the limiter.
func (s *Set) Rebuild(ctx context.Context, id device.ID, l Layout, p Placement, slot int, to device.Index, limiter Limiter) error {
	return s.copySlot(ctx, id, l, p, slot, to, limiter, 1<<slot)
}

// Move is Rebuild from the slot's own file, as long as the file is good. The
// caller removes the old file when the index has the new placement.
func (s *Set) Move(ctx context.Context, id device.ID, l Layout, p Placement, slot int, to device.Index, limiter Limiter) error {
	return s.copySlot(ctx, id, l, p, slot, to, limiter, 0)
}

// copySlot writes the file of a slot to a device, without reading the slots in
// skip.
func (s *Set) copySlot(ctx context.Context, id device.ID, l Layout, p Placement, slot int, to device.Index, limiter Limiter, skip uint64) error {
	if err := checkCopy(l, p, slot, to); err != nil {
		return err
	}
	d := s.byIndex[to]
	if d == nil {
		return &SlotError{Slot: slot, Device: to, Err: errAway}
	}
	c := &copier{set: s, disk: d, reader: s.newReader(id, l, p), slot: slot, skip: skip, at: place{id, to}}
	defer c.reader.Close()
	if err := c.open(); err != nil {
		return err
	}
	err := c.copy(ctx, limiter)
	c.end()
	if err != nil {
		return fmt.Errorf("blob: rebuild: %w", err)
	}
	return nil
}

func checkCopy(l Layout, p Placement, slot int, to device.Index) error {
	if err := p.Validate(l); err != nil {
		return err
	}
	if slot < 0 || slot >= len(p) {
		return fmt.Errorf("blob: %v has no slot %d", l, slot)
	}
	for other, i := range p {
		if other != slot && i == to {
			return fmt.Errorf("blob: device %v has slot %d of the body already", to, other)
		}
	}
	return nil
}

// copier makes the file of a slot.
type copier struct {
	set    *Set
	disk   *disk // that gets the file
	at     place
	reader *Reader
	slot   int
	skip   uint64
	part   *datafile.Part
	blocks []uint64
	// lost says that the device did not answer: the receiver of the late answer
	// ends the part.
	lost bool
	// publishing is set before the last operation.
	publishing bool
}

// open finds the footer and creates the file.
func (c *copier) open() error {
	r := c.reader
	g := r.gather(request{want: r.allSlots(), need: 1, skip: c.skip})
	defer g.release()
	if g.err != nil {
		return g.err
	}
	r.footer = g.footer
	r.footer.Fragment = datafile.Fragment{}
	if _, busy := c.set.writing.LoadOrStore(c.at, c); busy {
		return ErrBusy
	}
	err := c.run(func(dev *device.Device) (err error) {
		c.part, err = datafile.CreatePart(dev, c.at.id, c.stored())
		return err
	})
	if err != nil && !c.lost {
		c.set.writing.CompareAndDelete(c.at, c)
	}
	return err
}

// stored returns the length of the file's content.
func (c *copier) stored() int64 {
	f := c.reader.layout.footer(c.reader.footer, c.slot)
	return f.StoredBytes()
}

// run runs an operation on the device of the new file. If the device does not
// answer in time, the late answer ends the part.
func (c *copier) run(op func(*device.Device) error) error {
	err := c.disk.within(c.set.opts.SyncWait, op, func(err error) {
		if c.publishing && err == nil {
			c.set.opts.Events.Leftover(c.at.id, c.at.on, errSlow)
		}
		c.abort()
	})
	c.lost = c.lost || errors.Is(err, errSlow)
	return err
}

// abort ends an unfinished part, and the claim to its place.
func (c *copier) abort() {
	if c.part != nil {
		if err := c.part.Abort(); err != nil {
			c.set.opts.Events.Leftover(c.at.id, c.at.on, err)
		}
	}
	c.set.writing.CompareAndDelete(c.at, c)
}

func (c *copier) end() {
	if !c.lost {
		c.disk.within(c.set.opts.WriteWait, func(*device.Device) error { c.abort(); return nil }, nil)
	}
}

// copy writes the content, and publishes the file.
func (c *copier) copy(ctx context.Context, limiter Limiter) error {
	unit := int64(readUnitBytes)
	if c.reader.fragments {
		unit = checksum.BlockBytes // a shard of a stripe
	}
	for off := int64(0); off < c.stored(); off += unit {
		n := int(min(unit, c.stored()-off))
		if err := wait(ctx, limiter, n); err != nil {
			return err
		}
		if err := c.copyUnit(off/checksum.BlockBytes, n); err != nil {
			return err
		}
	}
	f := c.reader.layout.footer(c.reader.footer, c.slot)
	c.publishing = true
	return c.run(func(*device.Device) error { return c.part.Finish(f, c.blocks) })
}

func (c *copier) copyUnit(first int64, n int) error {
	g, p, err := c.readUnit(first, n)
	if err != nil {
		g.release()
		return err
	}
	for rest := p; len(rest) > 0; {
		k := min(len(rest), checksum.BlockBytes)
		c.blocks = append(c.blocks, checksum.Block(rest[:k]))
		rest = rest[k:]
	}
	err = c.run(func(*device.Device) error {
		_, err := c.part.Write(p)
		return err
	})
	if !c.lost { // else the device may still read p
		g.release()
	}
	return err
}

// readUnit reads the content for the new file.
func (c *copier) readUnit(first int64, n int) (*gathering, []byte, error) {
	r := c.reader
	if r.fragments {
		g, err := r.stripe(first, 1<<c.slot, c.skip, true)
		return g, g.shards[c.slot], err
	}
	g := r.gather(request{want: 1 << c.slot, need: 1, skip: c.skip, first: first, bytes: n, more: true})
	for _, p := range g.shards {
		if p != nil {
			return g, p, g.err
		}
	}
	return g, nil, g.err
}
