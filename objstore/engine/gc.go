package engine

import (
	"context"
	"errors"
	"time"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// gcBatch is the number of files that are removed before the queue is written.
const gcBatch = 256

// gcGather is the pause after a pass, in which entries gather for the next: each
// pass syncs the index's log, and walks over all that was deleted from the queue
// since the last flush of a memtable, which grows with each overwrite. 4000 PUTs
// of 128 KiB, one after another and each over the last, took 2.4 ms of CPU each
// without the pause and 1.4 with it, in turns (medians).
const gcGather = 250 * time.Millisecond

var errBatchFull = errors.New("batch is full")

func (e *Engine) wakeGC() {
	select {
	case e.gcNow <- struct{}{}:
	default: // a pass is due already
	}
}

// gcPassAndGather is a pass and the pause after it.
func (e *Engine) gcPassAndGather(ctx context.Context) (int, error) {
	n, err := e.gcPass(ctx)
	pause := time.NewTimer(gcGather)
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
	return n, err
}

// gcPass removes the files in the queues of all devices that are there, and
// reports how many.
func (e *Engine) gcPass(ctx context.Context) (int, error) {
	total := 0
	var failed []error
	for i := range e.fleet.devices {
		d := e.fleet.devices[i].index
		if e.fleet.several() && e.fleet.set.State(d) == device.StateFailed {
			continue // its queue waits for it
		}
		n, err := e.gcDevice(ctx, d)
		total += n
		failed = append(failed, err)
	}
	return total, errors.Join(failed...)
}

// gcDevice removes the files in the queue of one device. An entry may be seen
// before it is on stable storage, and the row that named the file may come back
// until then: hence the barrier. A crash between the removal of a file and that
// of its entry is no harm: a missing file counts as removed. A file that cannot
// be removed, or is being read, stays in the queue. Removals are not synced, so
// that a loss of power may bring files back: the next Open looks for them.
func (e *Engine) gcDevice(ctx context.Context, d device.Index) (total int, failed error) {
	var after meta.FileID
	for ctx.Err() == nil && failed == nil {
		ids, err := e.gcNext(d, after)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		if err := e.db.Barrier(); err != nil {
			return total, err
		}
		e.messy.Store(true)
		b := e.db.NewBatch()
		removed := 0
		for _, id := range ids {
			gone, err := e.collect(d, id)
			if err != nil {
				failed = err
				break
			}
			if gone {
				b.DoneGC(d, id)
				removed++
			}
		}
		if err := b.Commit(false); err != nil {
			return total, err
		}
		total += removed
		e.stats.gcRemoved.Add(int64(removed))
		if len(ids) < gcBatch {
			break // what has come since has woken the next pass
		}
		after = ids[len(ids)-1]
	}
	return total, errors.Join(failed, ctx.Err())
}

// collect removes one file from a device, unless somebody reads it.
func (e *Engine) collect(d device.Index, id meta.FileID) (gone bool, err error) {
	if !e.fleet.several() {
		return true, e.dev.Remove(device.ID(id))
	}
	defer e.files.lock(id)()
	if e.inUse.has(e.inUse.readers, id) {
		return false, nil
	}
	// Healing may have put a file there since, and taken the entry away.
	if queued, err := e.db.InGCQueue(d, id); err != nil || !queued {
		return false, err
	}
	return true, e.remove(id, d)
}

// gcNext is what follows in a queue.
func (e *Engine) gcNext(d device.Index, after meta.FileID) ([]meta.FileID, error) {
	var ids []meta.FileID
	err := e.db.DeviceGCQueue(d, after, func(id meta.FileID, _ meta.GCRow) error {
		if ids = append(ids, id); len(ids) == gcBatch {
			return errBatchFull
		}
		return nil
	})
	if err == errBatchFull {
		err = nil
	}
	return ids, err
}

// forgetGC empties the queues of devices that are not the store's any more:
// what is on them is looked for, if one comes back.
func (e *Engine) forgetGC() error {
	b := e.db.NewBatch()
	err := e.db.GCQueue(func(d device.Index, id meta.FileID, _ meta.GCRow) error {
		if !e.fleet.configured(d) {
			b.DoneGC(d, id)
		}
		return nil
	})
	return errors.Join(err, b.Commit(false))
}
