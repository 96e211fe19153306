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

// task is what is to be done for one slot of a body.
type task struct {
	slot    int
	to      device.Index
	rebuild bool // from the other slots, else from the slot itself
}

// plan says what brings a body to where it belongs. health is what was found of
// its slots, or nil if only the row counts. It takes devices that work alone,
// each for one slot.
func (e *Engine) plan(o objstore.ObjectID, row *meta.ObjectRow, health []blob.Condition) []task {
	slots := row.Placement.Slots()
	order := e.place(o, row.Policy)
	homes := order[:min(len(slots), len(order))]
	taken := slices.Clone(slots)
	var tasks []task
	for slot, at := range slots {
		good := at != device.None
		if health != nil {
			good = health[slot] == blob.SlotOK
		}
		home := slices.Contains(homes, at)
		gone := !good && (health == nil || health[slot] != blob.SlotAway) || at != device.None && e.leaves(at)
		if good && home && !gone || !good && !gone {
			continue // where it belongs, or away for a while
		}
		to := e.target(slot, at, order, len(homes), taken, !gone)
		if to == device.None {
			continue
		}
		away := health != nil && health[slot] != blob.SlotOK || at == device.None || e.fleet.set.State(at) == device.StateFailed
		tasks = append(tasks, task{slot, to, away})
		taken[slot] = to
	}
	return tasks
}

// target chooses the device for a slot that is at a device now: its home,
// another device's home that is free, or with a body that cannot stay a handoff.
// A body that can stay where it is goes home only.
func (e *Engine) target(slot int, at device.Index, order []device.Index, homes int, taken []device.Index, stays bool) device.Index {
	free := func(i device.Index) bool {
		return e.takes(i) && (!slices.Contains(taken, i) || i == at)
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

// takes says that a device gets new files.
func (e *Engine) takes(i device.Index) bool {
	state := e.fleet.set.State(i)
	return (state == device.StateOK || state == device.StateSuspect) && !e.leaves(i)
}

// healOne looks at one body, does what can be done now, and takes it off the
// queue; with an error it stays there.
func (e *Engine) healOne(ctx context.Context, d damage) error {
	if !e.gate.enter() {
		return context.Canceled
	}
	defer e.gate.leave()
	o, row, found, err := e.rowOf(d.id)
	if err != nil {
		return err
	}
	if !found || row.Place != meta.PlaceFile {
		return e.doneHeal(d.id, nil)
	}
	defer e.inUse.write(d.id)()
	health, err := e.health(ctx, &row, d.verify)
	if err != nil {
		return err
	}
	tasks := e.plan(o, &row, health)
	if len(tasks) == 0 {
		return e.doneHeal(d.id, &row)
	}
	moved, errs := slices.Clone(row.Placement.Slots()), []error(nil)
	for _, t := range tasks {
		if err := e.healSlot(ctx, &row, moved, health, t); err != nil {
			errs = append(errs, fmt.Errorf("%s: slot %d to device %v: %w", o, t.slot, t.to, err))
			continue
		}
		moved[t.slot] = t.to
	}
	if len(errs) == len(tasks) {
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, e.recordMoves(o, &row, moved, len(errs) == 0))...)
}

// health is the condition of each slot of a body: whether its file is there, or
// of every byte of it.
func (e *Engine) health(ctx context.Context, row *meta.ObjectRow, verify bool) ([]blob.Condition, error) {
	slots := row.Placement.Slots()
	if verify {
		h, err := e.verify(ctx, row, e.heal.limit)
		return h.Slots, err
	}
	found := make([]blob.Condition, len(slots))
	for slot, i := range slots {
		found[slot] = e.presence(device.ID(row.ID), i)
	}
	return found, nil
}

// verify reads every byte of every slot of a body. Devices that failed are not
// asked: that may take long, and says nothing about the slot.
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

// presence asks whether a device has a file.
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

// within runs what may hang, and gives up waiting after limit.
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

// healSlot puts the file of a slot on a device. A damaged file that is there is
// put into quarantine before, if the body can be read without it.
func (e *Engine) healSlot(ctx context.Context, row *meta.ObjectRow, now []device.Index, health []blob.Condition, t task) error {
	id, layout := device.ID(row.ID), rowLayout(row)
	if health[t.slot] == blob.SlotCorrupt && t.to == now[t.slot] {
		if count(health, blob.SlotOK) < layout.Need() {
			return errTooFew
		}
		if err := e.quarantine(id, t.to); err != nil {
			return err
		}
	}
	if err := e.makeWay(row.ID, t.to); err != nil {
		return err
	}
	do := e.fleet.set.Move
	if t.rebuild {
		do = e.fleet.set.Rebuild
	}
	if err := do(ctx, id, layout, now, t.slot, t.to, e.heal.limit); err != nil {
		return err
	}
	e.stats.healedSlots.Add(1)
	e.stats.healedBytes.Add(slotBytes(row))
	if health[t.slot] == blob.SlotCorrupt && t.to != now[t.slot] {
		return e.quarantine(id, now[t.slot])
	}
	return nil
}

var errTooFew = errors.New("too few good slots are left; nothing is moved")

func count(health []blob.Condition, c blob.Condition) (n int) {
	for _, h := range health {
		if h == c {
			n++
		}
	}
	return n
}

// quarantine moves a damaged file aside, and keeps those of the same name that
// were moved there before.
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

// makeWay takes a file that waits for its removal from a device off the queue,
// because another one of that name comes to its place.
func (e *Engine) makeWay(id meta.FileID, i device.Index) error {
	defer e.files.lock(id)()
	queued, err := e.db.InGCQueue(i, id)
	if err != nil || !queued {
		return err
	}
	if err := e.remove(id, i); err != nil {
		return err
	}
	b := e.db.NewBatch()
	b.DoneGC(i, id)
	return b.Commit(true)
}

// remove deletes a file of a device, which may hang.
func (e *Engine) remove(id meta.FileID, i device.Index) error {
	_, err := e.fleet.set.Remove(device.ID(id), blob.Placement{i, device.None})
	return err
}

// recordMoves writes the new placement of a body, if it is still there; what
// was left behind is collected.
func (e *Engine) recordMoves(o objstore.ObjectID, was *meta.ObjectRow, moved []device.Index, done bool) error {
	old := was.Placement.Slots()
	defer e.locks.lockObject(o)()
	row, found, err := e.db.Object(o)
	if err != nil {
		return err
	}
	if !found || row.ID != was.ID {
		return e.dropMoves(was, moved)
	}
	b := e.db.NewBatch()
	row.Placement = placementOf(rowLayout(&row), moved)
	b.SetObject(o, &row)
	for slot, i := range old {
		if i != device.None && i != moved[slot] && !slices.Contains(moved, i) && e.fleet.configured(i) {
			b.QueueGC(i, &row)
		}
	}
	if done {
		b.DoneHeal(row.ID)
		e.progressed(was)
	}
	if err := e.commit(b, o.ContainerID()); err != nil {
		return err
	}
	e.wakeGC()
	return nil
}

// dropMoves has the files collected of a body that is gone, also those that were
// collected before and made anew since.
func (e *Engine) dropMoves(row *meta.ObjectRow, moved []device.Index) error {
	b := e.db.NewBatch()
	for _, i := range moved {
		if i != device.None && e.fleet.configured(i) {
			b.QueueGC(i, row)
		}
	}
	b.DoneHeal(row.ID)
	e.wakeGC()
	return b.Commit(true)
}

// doneHeal takes a body off the queue. row may be nil.
func (e *Engine) doneHeal(id meta.FileID, row *meta.ObjectRow) error {
	b := e.db.NewBatch()
	b.DoneHeal(id)
	if row != nil {
		e.progressed(row)
	}
	return b.Commit(false)
}

// slotBytes is about what one slot of a body takes on its device.
func slotBytes(row *meta.ObjectRow) int64 {
	return row.Info.SizeBytes / int64(max(row.Placement.DataFragments, 1))
}
