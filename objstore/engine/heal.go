// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Healing brings every body back to the devices of the ring, with all slots. The
// queue of bodies to heal is in the index. Readers, uploads and the scrubber
// queue a body with a missing, damaged or misplaced slot. A sweep compares all
// rows with the rings and the devices, and queues more. Each change of a ring or
// a device starts a sweep. A body leaves the queue even if healing is impossible
// now: the change that makes healing possible starts the next sweep.
const (
	healBatch   = 256
	healWorkers = 4
	healRetries = 6    // times HealEvery: the pause before failed jobs are tried again
	damageMax   = 4096 // waiting reports; a report beyond starts a sweep
	rateBurst   = 1 << 20
)

type damage struct {
	id     meta.FileID
	verify bool
}

// healer heals bodies. A single goroutine runs loop. Requests, devices and workers
// call report, slotDamaged, deviceState, lookAt, leaves and misplaced at any time.
type healer struct {
	e       *Engine
	now     chan struct{} // holds one token while work waits
	damaged chan damage
	limit   *rate.Limiter
	// sweep is set while all rows are to be compared with the devices.
	sweep atomic.Bool

	mu sync.Mutex // protects the fields below
	// look holds the devices whose files are to be compared with the index: the
	// device came back, or the last stop was not clean.
	look map[device.Index]bool
	// doubt holds the devices that came back and may lack files of rows.
	doubt map[device.Index]bool
	// failed holds the failed devices, with the time since when the device is
	// failed.
	failed map[device.Index]time.Time
	// out holds the devices that keep no file (leaves), as of the last look.
	out      map[device.Index]bool
	progress HealProgress
	// began is when the work on the queue began, told when progress was last
	// logged.
	began, told time.Time
	// retry is when failed jobs are tried again if no other cause starts a pass.
	retry time.Time
}

func (h *healer) init(e *Engine, bytesPerSecond int64) {
	h.e = e
	h.now, h.damaged = make(chan struct{}, 1), make(chan damage, damageMax)
	h.limit = limiter(bytesPerSecond)
	h.look, h.doubt = map[device.Index]bool{}, map[device.Index]bool{}
	h.failed, h.out = map[device.Index]time.Time{}, map[device.Index]bool{}
}

// limiter returns a limiter for bytes per second. A number below 1 means no
// limit.
func limiter(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return rate.NewLimiter(rate.Inf, rateBurst)
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), rateBurst)
}

// wake asks for a pass. A pass that is due already covers the request.
func (h *healer) wake() {
	select {
	case h.now <- struct{}{}:
	default: // a pass is due already
	}
}

// lookAt asks for a comparison of the files of a device with the index.
func (h *healer) lookAt(i device.Index) {
	h.mu.Lock()
	h.look[i] = true
	h.mu.Unlock()
	h.wake()
}

// slotDamaged queues a body with a damaged or missing slot. Readers of the body
// call slotDamaged.
func (h *healer) slotDamaged(id device.ID, slot int, on device.Index, err error) {
	h.e.stats.damagedSlots.Add(1)
	h.e.log.Error("a slot of a body is damaged or missing", "file", id, "slot", slot, "device", on, "err", err)
	h.report(damage{meta.FileID(id), !isNotExist(err)})
}

// report queues a body for healing soon. If too many reports wait, a sweep of
// all rows takes the place of the report.
func (h *healer) report(d damage) {
	select {
	case h.damaged <- d:
	default:
		h.sweep.Store(true)
	}
	h.wake()
}

// slotLeftover queues a file for removal that an upload or a heal could not
// remove. blob calls slotLeftover.
func (e *Engine) slotLeftover(id device.ID, on device.Index, err error) {
	if !e.gate.enter() {
		e.messy.Store(true)
		return
	}
	defer e.gate.leave()
	defer e.files.lock(meta.FileID(id))()
	if held, err := e.holds(meta.FileID(id), on); err != nil || held {
		return
	}
	b := e.db.NewBatch()
	b.QueueGC(on, &meta.ObjectRow{ID: meta.FileID(id)})
	if err := b.Commit(false); err != nil {
		e.messy.Store(true)
	}
}

// holds says whether a row has a slot of the file on the device.
func (e *Engine) holds(id meta.FileID, on device.Index) (bool, error) {
	_, row, found, err := e.rowOf(id)
	return found && row.Placement.Holds(on), err
}

// rowOf returns the row that names a file, and the object of the row.
func (e *Engine) rowOf(id meta.FileID) (o objstore.ObjectID, row meta.ObjectRow, found bool, err error) {
	if o, found, err = e.db.FileOwner(id); err != nil || !found {
		return o, row, false, err
	}
	row, found, err = e.db.Object(o)
	return o, row, found && row.ID == id, err
}

// deviceState notes the new state of a device. A device back from StateFailed is
// compared with the index.
func (h *healer) deviceState(i device.Index, from, to device.State, err error) {
	h.e.log.Warn("a device is in another state", "device", i, "from", from, "to", to, "err", err)
	if from == device.StateFailed {
		h.mu.Lock()
		h.look[i], h.doubt[i] = true, true
		h.mu.Unlock()
	}
	h.wake()
}

// loop makes a pass when a report waits, when a device changes, and at least
// every HealEvery.
func (h *healer) loop(ctx context.Context) {
	if !h.e.fleet.several() {
		return
	}
	h.sweep.Store(true)
	tick := time.NewTicker(h.e.opts.HealEvery)
	defer tick.Stop()
	swept := time.Now()
	for ctx.Err() == nil {
		if time.Since(swept) > h.e.opts.SweepEvery {
			h.sweep.Store(true)
		}
		did, err := h.pass(ctx)
		if did {
			swept = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			h.e.log.Error("healing failed, and is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-h.now:
		case <-tick.C:
		}
	}
}

// pass does the work that is due. swept is true if all rows were compared.
func (h *healer) pass(ctx context.Context) (swept bool, err error) {
	reported, err := h.queueDamaged()
	if err != nil {
		return false, err
	}
	if h.judgeDevices() {
		h.sweep.Store(true)
		h.e.gc.wake()
	}
	h.startLooks(ctx)
	if h.sweep.Swap(false) {
		swept = true
		if err := h.sweepRows(ctx); err != nil {
			h.sweep.Store(true)
			return swept, err
		}
	}
	if !swept && reported == 0 && time.Now().Before(h.retry) {
		return swept, nil
	}
	h.retry = time.Now().Add(healRetries * h.e.opts.HealEvery)
	return swept, h.workOff(ctx)
}

// queueDamaged moves the waiting reports to the queue in the index, and returns
// how many.
func (h *healer) queueDamaged() (n int, err error) {
	b := h.e.db.NewBatch()
	for len(h.damaged) > 0 {
		d := <-h.damaged
		b.QueueHeal(d.id, meta.HealRow{Verify: d.verify})
		n++
	}
	if n == 0 {
		return 0, b.Close()
	}
	return n, b.Commit(true)
}

// judgeDevices finds the devices that keep no file. changed is true if the set
// differs from the last look, or a device came back.
func (h *healer) judgeDevices() (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.e.fleet.devices {
		i := d.index
		if h.e.fleet.set.State(i) != device.StateFailed {
			delete(h.failed, i)
		} else if _, known := h.failed[i]; !known {
			h.failed[i] = time.Now()
		}
		since, failed := h.failed[i]
		out := d.Draining || failed && time.Since(since) >= h.e.opts.FailedAfter
		changed = changed || out != h.out[i]
		h.out[i] = out
	}
	return changed || len(h.doubt) > 0
}

// leaves says whether a device keeps no file: the device is drained, is failed
// for FailedAfter, or does not belong to the store any more.
func (h *healer) leaves(i device.Index) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.e.fleet.configured(i) || h.out[i]
}

// startLooks starts the comparisons of devices with the index, a goroutine for
// each device, because a device may hang.
func (h *healer) startLooks(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.look {
		dev := h.e.fleet.set.Device(i)
		if dev == nil || h.e.fleet.set.State(i) == device.StateFailed {
			continue
		}
		delete(h.look, i)
		go func() {
			if err := h.e.dark.find(ctx, i, dev); err != nil && ctx.Err() == nil {
				h.e.log.Error("the files of a device were not compared with the index, which is tried again", "device", i, "err", err)
				h.lookAt(i)
			}
		}()
	}
}

// sweepRows queues every body with a slot outside the devices of the ring, or
// with a slot on a device in doubt. After an error the devices stay in doubt.
func (h *healer) sweepRows(ctx context.Context) error {
	h.mu.Lock()
	doubt := h.doubt
	h.doubt = map[device.Index]bool{}
	h.mu.Unlock()
	err := h.sweepFiles(ctx, doubt)
	if err != nil {
		h.mu.Lock()
		for i := range doubt {
			h.doubt[i] = true
		}
		h.mu.Unlock()
	}
	return err
}

// sweepFiles walks over all files in the order of the ids, healBatch files at a
// time, and queues the bodies to heal.
func (h *healer) sweepFiles(ctx context.Context, doubt map[device.Index]bool) error {
	var after meta.FileID
	for ctx.Err() == nil {
		ids, err := h.filesAfter(after)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		b, queued := h.e.db.NewBatch(), 0
		for _, id := range ids {
			o, row, found, err := h.e.rowOf(id)
			if err != nil {
				return errors.Join(err, b.Close())
			}
			if found && (h.misplaced(o, &row) || row.Placement.HoldsAny(doubt)) {
				b.QueueHeal(id, meta.HealRow{})
				queued++
			}
		}
		if queued == 0 {
			err = b.Close()
		} else {
			err = b.Commit(false)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// filesAfter returns the next files in the order of the ids, at most healBatch.
func (h *healer) filesAfter(after meta.FileID) (ids []meta.FileID, err error) {
	err = h.e.db.FilesAfter(after, func(id meta.FileID, _ objstore.ObjectID) error {
		if ids = append(ids, id); len(ids) == healBatch {
			return errBatchFull
		}
		return nil
	})
	if err == errBatchFull {
		err = nil
	}
	return ids, err
}

// misplaced says whether healing would move or rebuild a slot of a body. Only
// the row is asked, and no device.
func (h *healer) misplaced(o objstore.ObjectID, row *meta.ObjectRow) bool {
	if row.Place != meta.PlaceFile || !h.e.fleet.several() {
		return false
	}
	plan := h.plan(o, row, nil)
	return len(plan) > 0
}

// workOff works through the queue once.
func (h *healer) workOff(ctx context.Context) error {
	if err := h.startProgress(); err != nil {
		return err
	}
	defer h.endProgress()
	var after meta.FileID
	var failed []error
	for ctx.Err() == nil {
		jobs, err := h.next(after)
		if err != nil || len(jobs) == 0 {
			return errors.Join(append(failed, err)...)
		}
		after = jobs[len(jobs)-1].id
		if err := h.healJobs(ctx, jobs); err != nil && len(failed) < healWorkers {
			failed = append(failed, err)
		}
	}
	return ctx.Err()
}

// next returns the next jobs of the queue, at most healBatch.
func (h *healer) next(after meta.FileID) (jobs []damage, err error) {
	err = h.e.db.HealQueue(after, func(id meta.FileID, r meta.HealRow) error {
		if jobs = append(jobs, damage{id, r.Verify}); len(jobs) == healBatch {
			return errBatchFull
		}
		return nil
	})
	if err == errBatchFull {
		err = nil
	}
	return jobs, err
}

// healJobs heals up to healWorkers bodies at a time. Bodies that fail stay in
// the queue. The first error is returned.
func (h *healer) healJobs(ctx context.Context, jobs []damage) error {
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		failed atomic.Pointer[error]
	)
	for range min(healWorkers, len(jobs)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(jobs)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := h.healOne(ctx, jobs[i]); err != nil {
					h.e.stats.healErrors.Add(1)
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
