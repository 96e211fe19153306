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

// Healing brings every body back to where it belongs and whole. Two things feed
// its queue, which is in the index: whoever meets a slot that is missing,
// damaged, or on a handoff, and a sweep, which compares all rows with the rings
// and the devices whenever one of those changes. What cannot be done yet leaves
// the queue: the change that makes it possible brings the next sweep.
const (
	healBatch   = 256
	healWorkers = 4
	healRetries = 6    // times HealEvery, after which what failed is tried again
	damageMax   = 4096 // reports that wait; more bring a sweep
	rateBurst   = 1 << 20
)

type damage struct {
	id     meta.FileID
	verify bool
}

// healer is the state of healing.
type healer struct {
	now     chan struct{} // holds one token while there is something to do
	damaged chan damage
	limit   *rate.Limiter
	// sweep says that rows are to be compared with the devices.
	sweep atomic.Bool

	mu sync.Mutex // protects the fields below
	// look holds devices whose files are to be compared with the index: they
	// came back, or the last stop was not clean.
	look map[device.Index]bool
	// doubt holds devices that may lack files that rows name: they came back.
	doubt map[device.Index]bool
	// failed is since when a device is.
	failed map[device.Index]time.Time
	// out are the devices that nothing stays on, as of the last look.
	out      map[device.Index]bool
	progress HealProgress
	// began and told are when the work on the queue began and was last logged.
	began, told time.Time
	// retry is when what failed is tried again, if nothing else brings a pass.
	retry time.Time
}

func (h *healer) init(bytesPerSecond int64) {
	h.now, h.damaged = make(chan struct{}, 1), make(chan damage, damageMax)
	h.limit = limiter(bytesPerSecond)
	h.look, h.doubt = map[device.Index]bool{}, map[device.Index]bool{}
	h.failed, h.out = map[device.Index]time.Time{}, map[device.Index]bool{}
}

// limiter bounds bytes a second; a number below 1 does not.
func limiter(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return rate.NewLimiter(rate.Inf, rateBurst)
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), rateBurst)
}

func (h *healer) wake() {
	select {
	case h.now <- struct{}{}:
	default: // a pass is due already
	}
}

// lookAt has the files of a device compared with the index.
func (h *healer) lookAt(i device.Index) {
	h.mu.Lock()
	h.look[i] = true
	h.mu.Unlock()
	h.wake()
}

// slotDamaged is told by readers.
func (e *Engine) slotDamaged(id device.ID, slot int, on device.Index, err error) {
	e.stats.damagedSlots.Add(1)
	e.log.Error("a slot of a body is damaged or missing", "file", id, "slot", slot, "device", on, "err", err)
	e.report(damage{meta.FileID(id), !isNotExist(err)})
}

// report queues a body for healing soon.
func (e *Engine) report(d damage) {
	select {
	case e.heal.damaged <- d:
	default:
		e.heal.sweep.Store(true)
	}
	e.heal.wake()
}

// slotLeftover is told of a file that could not be removed.
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

// holds says that a row has a slot of the file on the device.
func (e *Engine) holds(id meta.FileID, on device.Index) (bool, error) {
	_, row, found, err := e.rowOf(id)
	return found && row.Placement.Holds(on), err
}

// rowOf finds the row that names a file.
func (e *Engine) rowOf(id meta.FileID) (o objstore.ObjectID, row meta.ObjectRow, found bool, err error) {
	if o, found, err = e.db.FileOwner(id); err != nil || !found {
		return o, row, false, err
	}
	row, found, err = e.db.Object(o)
	return o, row, found && row.ID == id, err
}

// deviceState is told when a device comes and goes.
func (e *Engine) deviceState(i device.Index, from, to device.State, err error) {
	e.log.Warn("a device is in another state", "device", i, "from", from, "to", to, "err", err)
	if from == device.StateFailed {
		e.heal.mu.Lock()
		e.heal.look[i], e.heal.doubt[i] = true, true
		e.heal.mu.Unlock()
	}
	e.heal.wake()
}

// healLoop makes a pass when there is something to do, and looks regularly.
func (e *Engine) healLoop(ctx context.Context) {
	if !e.fleet.several() {
		return
	}
	e.heal.sweep.Store(true)
	tick := time.NewTicker(e.opts.HealEvery)
	defer tick.Stop()
	swept := time.Now()
	for ctx.Err() == nil {
		if time.Since(swept) > e.opts.SweepEvery {
			e.heal.sweep.Store(true)
		}
		did, err := e.healPass(ctx)
		if did {
			swept = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("healing failed, and is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-e.heal.now:
		case <-tick.C:
		}
	}
}

// healPass does what is due; swept says that all rows were looked at.
func (e *Engine) healPass(ctx context.Context) (swept bool, err error) {
	reported, err := e.queueDamaged()
	if err != nil {
		return false, err
	}
	if e.judgeDevices() {
		e.heal.sweep.Store(true)
		e.wakeGC()
	}
	e.startLooks(ctx)
	if e.heal.sweep.Swap(false) {
		swept = true
		if err := e.sweepRows(ctx); err != nil {
			e.heal.sweep.Store(true)
			return swept, err
		}
	}
	if !swept && reported == 0 && time.Now().Before(e.heal.retry) {
		return swept, nil
	}
	e.heal.retry = time.Now().Add(healRetries * e.opts.HealEvery)
	return swept, e.healQueue(ctx)
}

// queueDamaged writes what was reported to the queue.
func (e *Engine) queueDamaged() (n int, err error) {
	b := e.db.NewBatch()
	for len(e.heal.damaged) > 0 {
		d := <-e.heal.damaged
		b.QueueHeal(d.id, meta.HealRow{Verify: d.verify})
		n++
	}
	if n == 0 {
		return 0, b.Close()
	}
	return n, b.Commit(true)
}

// judgeDevices finds the devices that nothing stays on, and says whether there
// are others than before, or one came back.
func (e *Engine) judgeDevices() (changed bool) {
	h := &e.heal
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range e.fleet.devices {
		i := d.index
		if e.fleet.set.State(i) != device.StateFailed {
			delete(h.failed, i)
		} else if _, known := h.failed[i]; !known {
			h.failed[i] = time.Now()
		}
		since, failed := h.failed[i]
		out := d.Draining || failed && time.Since(since) >= e.opts.FailedAfter
		changed = changed || out != h.out[i]
		h.out[i] = out
	}
	return changed || len(h.doubt) > 0
}

// leaves says that nothing stays on a device: it is drained, failed for long, or
// not the store's any more.
func (e *Engine) leaves(i device.Index) bool {
	e.heal.mu.Lock()
	defer e.heal.mu.Unlock()
	return !e.fleet.configured(i) || e.heal.out[i]
}

// startLooks compares the files of devices with the index, beside everything: a
// device may hang.
func (e *Engine) startLooks(ctx context.Context) {
	e.heal.mu.Lock()
	defer e.heal.mu.Unlock()
	for i := range e.heal.look {
		dev := e.fleet.set.Device(i)
		if dev == nil || e.fleet.set.State(i) == device.StateFailed {
			continue
		}
		delete(e.heal.look, i)
		go func() {
			if err := e.findDark(ctx, i, dev); err != nil && ctx.Err() == nil {
				e.log.Error("the files of a device were not compared with the index, which is tried again", "device", i, "err", err)
				e.heal.lookAt(i)
			}
		}()
	}
}

// sweepRows queues every body that is not where it belongs, or has a slot on a
// device that may lack it.
func (e *Engine) sweepRows(ctx context.Context) error {
	e.heal.mu.Lock()
	doubt := e.heal.doubt
	e.heal.doubt = map[device.Index]bool{}
	e.heal.mu.Unlock()
	err := e.sweepFiles(ctx, doubt)
	if err != nil {
		e.heal.mu.Lock()
		for i := range doubt {
			e.heal.doubt[i] = true
		}
		e.heal.mu.Unlock()
	}
	return err
}

func (e *Engine) sweepFiles(ctx context.Context, doubt map[device.Index]bool) error {
	var after meta.FileID
	for ctx.Err() == nil {
		ids, err := e.filesAfter(after)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		b, queued := e.db.NewBatch(), 0
		for _, id := range ids {
			o, row, found, err := e.rowOf(id)
			if err != nil {
				return errors.Join(err, b.Close())
			}
			if found && (e.misplaced(o, &row) || row.Placement.HoldsAny(doubt)) {
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

func (e *Engine) filesAfter(after meta.FileID) (ids []meta.FileID, err error) {
	err = e.db.FilesAfter(after, func(id meta.FileID, _ objstore.ObjectID) error {
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

// misplaced says that healing has something to do for a body, as far as its row
// tells.
func (e *Engine) misplaced(o objstore.ObjectID, row *meta.ObjectRow) bool {
	if row.Place != meta.PlaceFile || !e.fleet.several() {
		return false
	}
	plan := e.plan(o, row, nil)
	return len(plan) > 0
}

// healQueue works through the queue.
func (e *Engine) healQueue(ctx context.Context) error {
	if err := e.startProgress(); err != nil {
		return err
	}
	defer e.endProgress()
	var after meta.FileID
	var failed []error
	for ctx.Err() == nil {
		jobs, err := e.healNext(after)
		if err != nil || len(jobs) == 0 {
			return errors.Join(append(failed, err)...)
		}
		after = jobs[len(jobs)-1].id
		if err := e.healJobs(ctx, jobs); err != nil && len(failed) < healWorkers {
			failed = append(failed, err)
		}
	}
	return ctx.Err()
}

func (e *Engine) healNext(after meta.FileID) (jobs []damage, err error) {
	err = e.db.HealQueue(after, func(id meta.FileID, r meta.HealRow) error {
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

// healJobs heals several bodies at a time. Those that fail stay in the queue.
func (e *Engine) healJobs(ctx context.Context, jobs []damage) error {
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		failed atomic.Pointer[error]
	)
	for range min(healWorkers, len(jobs)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(jobs)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := e.healOne(ctx, jobs[i]); err != nil {
					e.stats.healErrors.Add(1)
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
