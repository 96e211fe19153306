package engine

import (
	"context"
	"errors"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// gcBatch is the number of files that are removed before the queue is written.
const gcBatch = 256

var errBatchFull = errors.New("batch is full")

func (e *Engine) wakeGC() {
	select {
	case e.gcNow <- struct{}{}:
	default: // a pass is due already
	}
}

// gcPass removes the files in the queue and reports how many. An entry may be
// seen before it is on stable storage, and the row that named the file may come
// back until then: hence the barrier. A crash between the removal of a file and
// that of its entry is no harm: a missing file counts as removed. A file that
// cannot be removed stays in the queue. Removals are not synced, so that a
// loss of power may bring files back: the next Open looks for them.
func (e *Engine) gcPass(ctx context.Context) (int, error) {
	total := 0
	var failed error
	for ctx.Err() == nil {
		ids, err := e.gcNext()
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
			if err := e.dev.Remove(device.ID(id)); err != nil {
				failed = err
				continue
			}
			b.DoneGC(0, id)
			removed++
		}
		if err := b.Commit(false); err != nil {
			return total, err
		}
		total += removed
		e.stats.gcRemoved.Add(int64(removed))
		if failed != nil {
			return total, failed
		}
	}
	return total, ctx.Err()
}

// gcNext is the front of the queue.
func (e *Engine) gcNext() ([]meta.FileID, error) {
	var ids []meta.FileID
	err := e.db.DeviceGCQueue(0, func(id meta.FileID, _ meta.GCRow) error {
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
