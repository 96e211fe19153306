// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// task is the work for one slot of a body.
type task struct {
	slot    int
	to      device.Index
	rebuild bool // from the other slots; false: copy the file of the slot
}

// plan returns the tasks to bring a body to the devices of the ring. health is
// the condition of each slot, or nil if only the row counts. plan chooses
// working devices, and each device for one slot at most.
func (h *healer) plan(o objstore.ObjectID, row *meta.ObjectRow, health []blob.Condition) []task {
	slots := row.Placement.Slots()
	order := h.e.place(o, row.Policy)
	homes := order[:min(len(slots), len(order))]
	taken := slices.Clone(slots)
	var tasks []task
	for slot, at := range slots {
		good := at != device.None
		if health != nil {
			good = health[slot] == blob.SlotOK
		}
		home := slices.Contains(homes, at)
		gone := !good && (health == nil || health[slot] != blob.SlotAway) || at != device.None && h.leaves(at)
		if good && home && !gone || !good && !gone {
			continue // the slot is at home, or the device is away for a while
		}
		to := h.target(slot, at, order, len(homes), taken, !gone)
		if to == device.None {
			continue
		}
		away := health != nil && health[slot] != blob.SlotOK || at == device.None || h.e.fleet.set.State(at) == device.StateFailed
		tasks = append(tasks, task{slot, to, away})
		taken[slot] = to
	}
	return tasks
}

// target chooses a device for a slot on the device at. The first choice is the
// home of the slot, then the free home of a different slot. If the slot must
// leave the device, any free handoff is a choice too. device.None: no device is
// free.
func (h *healer) target(slot int, at device.Index, order []device.Index, homes int, taken []device.Index, stays bool) device.Index {
	free := func(i device.Index) bool {
		return h.takes(i) && (!slices.Contains(taken, i) || i == at)
	}
	if slot < homes && free(order[slot]) {
		return order[slot]
	}
	if stays {
		order = order[:homes]
	}
	for _, i := range order {
		if free(i) && (i != at || !stays) {
			return i
		}
	}
	return device.None
}

// takes says whether a device gets new files.
func (h *healer) takes(i device.Index) bool {
	state := h.e.fleet.set.State(i)
	return (state == device.StateOK || state == device.StateSuspect) && !h.leaves(i)
}

// healOne looks at one body, does the tasks possible now, and takes the body off
// the queue. After an error the body stays in the queue.
func (h *healer) healOne(ctx context.Context, d damage) error {
	if !h.e.gate.enter() {
		return context.Canceled
	}
	defer h.e.gate.leave()
	o, row, found, err := h.e.rowOf(d.id)
	if err != nil {
		return err
	}
	if !found || row.Place != meta.PlaceFile {
		return h.done(d.id, nil)
	}
	defer h.e.inUse.write(d.id)()
	health, err := h.health(ctx, &row, d.verify)
	if err != nil {
		return err
	}
	tasks := h.plan(o, &row, health)
	if len(tasks) == 0 {
		return h.done(d.id, &row)
	}
	moved, errs := slices.Clone(row.Placement.Slots()), []error(nil)
	for _, t := range tasks {
		if err := h.healSlot(ctx, &row, moved, health, t); err != nil {
			errs = append(errs, fmt.Errorf("%s: slot %d to device %v: %w", o, t.slot, t.to, err))
			continue
		}
		moved[t.slot] = t.to
	}
	if len(errs) == len(tasks) {
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, h.recordMoves(o, &row, moved, len(errs) == 0))...)
}

// health returns the condition of each slot of a body. With verify every byte is
// read, else only the presence of the files is checked.
func (h *healer) health(ctx context.Context, row *meta.ObjectRow, verify bool) ([]blob.Condition, error) {
	slots := row.Placement.Slots()
	if verify {
		read, err := h.e.verify(ctx, row, h.limit)
		return read.Slots, err
	}
	found := make([]blob.Condition, len(slots))
	for slot, i := range slots {
		found[slot] = h.e.presence(device.ID(row.ID), i)
	}
	return found, nil
}

// verify reads every byte of every slot of a body. Slots on failed devices are
// SlotAway and are not read: a read may hang, and tells nothing about the slot.
func (e *Engine) verify(ctx context.Context, row *meta.ObjectRow, limit blob.Limiter) (blob.Health, error) {
	asked := slices.Clone(row.Placement.Slots())
	for slot, i := range asked {
		if e.fleet.set.State(i) == device.StateFailed {
			asked[slot] = device.None
		}
	}
	h, err := e.fleet.set.Verify(ctx, device.ID(row.ID), rowLayout(row), asked, limit)
	if err != nil {
		return h, err
	}
	for slot, i := range row.Placement.Slots() {
		if i != device.None && asked[slot] == device.None {
			h.Slots[slot] = blob.SlotAway
		}
	}
	return h, nil
}

// presence says whether a device has a file. A device that does not answer
// within presenceWait is SlotAway.
func (e *Engine) presence(id device.ID, i device.Index) blob.Condition {
	if i == device.None {
		return blob.SlotMissing
	}
	dev := e.fleet.set.Device(i)
	if dev == nil || e.fleet.set.State(i) == device.StateFailed {
		return blob.SlotAway
	}
	err := within(presenceWait, func() error {
		f, err := dev.OpenFile(id)
		if err != nil {
			return err
		}
		return f.Close()
	})
	switch {
	case err == nil:
		return blob.SlotOK
	case isNotExist(err):
		return blob.SlotMissing
	}
	return blob.SlotAway
}

const presenceWait = 5 * time.Second

var errHangs = errors.New("the device did not answer in time")

// within runs op in a goroutine and returns the error of op, or errHangs after
// limit. op goes on after errHangs.
func within(limit time.Duration, op func() error) error {
	done := make(chan error, 1)
	go func() { done <- op() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errHangs
	}
}

// healSlot puts the file of a slot on a device. If a damaged file is in the
// place, healSlot moves the damaged file to quarantine before, but only if
// enough good slots are left to read the body.
func (h *healer) healSlot(ctx context.Context, row *meta.ObjectRow, now []device.Index, health []blob.Condition, t task) error {
	id, layout := device.ID(row.ID), rowLayout(row)
	if health[t.slot] == blob.SlotCorrupt && t.to == now[t.slot] {
		if count(health, blob.SlotOK) < layout.Need() {
			return errTooFew
		}
		if err := h.e.quarantine(id, t.to); err != nil {
			return err
		}
	}
	if err := h.makeWay(row.ID, t.to); err != nil {
		return err
	}
	do := h.e.fleet.set.Move
	if t.rebuild {
		do = h.e.fleet.set.Rebuild
	}
	if err := do(ctx, id, layout, now, t.slot, t.to, h.limit); err != nil {
		return err
	}
	h.e.stats.healedSlots.Add(1)
	h.e.stats.healedBytes.Add(slotBytes(row))
	if health[t.slot] == blob.SlotCorrupt && t.to != now[t.slot] {
		return h.e.quarantine(id, now[t.slot])
	}
	return nil
}

var errTooFew = errors.New("too few good slots are left; nothing is moved")

// count returns how many slots have the condition.
func count(health []blob.Condition, c blob.Condition) (n int) {
	for _, h := range health {
		if h == c {
			n++
		}
	}
	return n
}

// quarantine moves a damaged file aside. Files with the same name that are in
// quarantine already are kept. A missing file is no error.
func (e *Engine) quarantine(id device.ID, i device.Index) error {
	dev := e.fleet.set.Device(i)
	if dev == nil {
		return errHangs
	}
	err := within(presenceWait, func() error { return dev.Quarantine(id) })
	if err == nil {
		e.stats.quarantined.Add(1)
		e.log.Error("a damaged file is in quarantine", "file", id, "device", i)
	}
	if isNotExist(err) {
		return nil
	}
	return err
}

// makeWay removes a file that waits for removal on a device, and the entry in
// the queue: a new file with the same name comes to the place.
func (h *healer) makeWay(id meta.FileID, i device.Index) error {
	defer h.e.files.lock(id)()
	queued, err := h.e.db.InGCQueue(i, id)
	if err != nil || !queued {
		return err
	}
	if err := h.e.remove(id, i); err != nil {
		return err
	}
	b := h.e.db.NewBatch()
	b.DoneGC(i, id)
	return b.Commit(true)
}

// remove deletes a file of a device. The device may hang; blob bounds the wait.
func (e *Engine) remove(id meta.FileID, i device.Index) error {
	_, err := e.fleet.set.Remove(device.ID(id), blob.Placement{i, device.None})
	return err
}

// recordMoves commits the new placement of a body and queues the files that were
// left behind for removal. If the body was replaced meanwhile, the new files are
// queued for removal instead.
func (h *healer) recordMoves(o objstore.ObjectID, was *meta.ObjectRow, moved []device.Index, done bool) error {
	old := was.Placement.Slots()
	defer h.e.locks.lockObject(o)()
	row, found, err := h.e.db.Object(o)
	if err != nil {
		return err
	}
	if !found || row.ID != was.ID {
		return h.dropMoves(was, moved)
	}
	b := h.e.db.NewBatch()
	row.Placement = placementOf(rowLayout(&row), moved)
	b.SetObject(o, &row)
	for slot, i := range old {
		if i != device.None && i != moved[slot] && !slices.Contains(moved, i) && h.e.fleet.configured(i) {
			b.QueueGC(i, &row)
		}
	}
	if done {
		b.DoneHeal(row.ID)
		h.progressed(was)
	}
	if err := h.e.commit(b, o.ContainerID()); err != nil {
		return err
	}
	h.e.gc.wake()
	return nil
}

// dropMoves queues the files of a body without a row for removal, and takes the
// body off the healing queue. A file may have been removed before and made anew
// by a heal.
func (h *healer) dropMoves(row *meta.ObjectRow, moved []device.Index) error {
	b := h.e.db.NewBatch()
	for _, i := range moved {
		if i != device.None && h.e.fleet.configured(i) {
			b.QueueGC(i, row)
		}
	}
	b.DoneHeal(row.ID)
	h.e.gc.wake()
	return b.Commit(true)
}

// done takes a body off the queue. row may be nil: the progress does not change
// then.
func (h *healer) done(id meta.FileID, row *meta.ObjectRow) error {
	b := h.e.db.NewBatch()
	b.DoneHeal(id)
	if row != nil {
		h.progressed(row)
	}
	return b.Commit(false)
}

// slotBytes returns about how many bytes one slot of a body takes on a device.
func slotBytes(row *meta.ObjectRow) int64 {
	return row.Info.SizeBytes / int64(max(row.Placement.DataFragments, 1))
}
