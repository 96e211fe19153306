// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"time"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// gcBatch is the number of files that a pass removes before the pass commits the
// change of the queue.
const gcBatch = 256

// gcGather is the pause after a pass. During the pause entries gather for the
// next pass, because a pass has a fixed price: a pass syncs the log of the
// index, and walks over every entry that was deleted from the queue since the
// last flush of a memtable. 4000 PUTs of 128 KiB, each over the last, took 2.4
// ms of CPU each without the pause and 1.4 ms with the pause (medians, measured
// in turns).
const gcGather = 250 * time.Millisecond

// collector removes the files in the removal queues (GC queues) of the devices.
type collector struct {
	e   *Engine
	now chan struct{} // holds one token while a queue may be filled
}

func (c *collector) init(e *Engine) { c.e, c.now = e, make(chan struct{}, 1) }

var errBatchFull = errors.New("batch is full")

// wake asks for a pass. A pass that is due already covers the request.
func (c *collector) wake() {
	select {
	case c.now <- struct{}{}:
	default: // a pass is due already
	}
}

// passAndGather makes a pass and waits for gcGather.
func (c *collector) passAndGather(ctx context.Context) (int, error) {
	n, err := c.pass(ctx)
	pause := time.NewTimer(gcGather)
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
	return n, err
}

// pass removes the files in the queues of all present devices, and returns the
// number of removed files.
func (c *collector) pass(ctx context.Context) (int, error) {
	total := 0
	var failed []error
	for i := range c.e.fleet.devices {
		d := c.e.fleet.devices[i].index
		if c.e.fleet.several() && c.e.fleet.set.State(d) == device.StateFailed {
			continue // the queue waits for the device
		}
		n, err := c.collectDevice(ctx, d)
		total += n
		failed = append(failed, err)
	}
	return total, errors.Join(failed...)
}

// collectDevice removes the files in the queue of one device, and returns the
// number of removed files.
//
// A barrier comes before the removals. An entry can be read from the index
// before the entry is on stable storage: without a barrier a crash could bring
// the row of a removed file back. A crash between the removal of a file and the
// removal of the entry does no harm, because a missing file counts as removed. A
// file stays in the queue if the removal fails or a reader has the file open.
// Removals are not synced: a loss of power may bring files back, and the next
// Open searches for files without a row.
func (c *collector) collectDevice(ctx context.Context, d device.Index) (total int, failed error) {
	var after meta.FileID
	for ctx.Err() == nil && failed == nil {
		ids, err := c.next(d, after)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		if err := c.e.db.Barrier(); err != nil {
			return total, err
		}
		c.e.messy.Store(true)
		b := c.e.db.NewBatch()
		removed := 0
		for _, id := range ids {
			gone, err := c.collect(d, id)
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
		c.e.stats.gcRemoved.Add(int64(removed))
		if len(ids) < gcBatch {
			break // newer entries have woken the next pass
		}
		after = ids[len(ids)-1]
	}
	return total, errors.Join(failed, ctx.Err())
}

// collect removes one file from a device. gone is false while a reader has the
// file open.
func (c *collector) collect(d device.Index, id meta.FileID) (gone bool, err error) {
	if !c.e.fleet.several() {
		return true, c.e.dev.Remove(device.ID(id))
	}
	defer c.e.files.lock(id)()
	if c.e.inUse.has(c.e.inUse.readers, id) {
		return false, nil
	}
	// Healing may have put a new file there and removed the entry since.
	if queued, err := c.e.db.InGCQueue(d, id); err != nil || !queued {
		return false, err
	}
	return true, c.e.remove(id, d)
}

// next returns up to gcBatch entries of a queue that follow after.
func (c *collector) next(d device.Index, after meta.FileID) ([]meta.FileID, error) {
	var ids []meta.FileID
	err := c.e.db.DeviceGCQueue(d, after, func(id meta.FileID, _ meta.GCRow) error {
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

// forget empties the queues of devices outside the configuration. If the device
// comes back, the files of the device are compared with the index.
func (c *collector) forget() error {
	b := c.e.db.NewBatch()
	err := c.e.db.GCQueue(func(d device.Index, id meta.FileID, _ meta.GCRow) error {
		if !c.e.fleet.configured(d) {
			b.DoneGC(d, id)
		}
		return nil
	})
	return errors.Join(err, b.Commit(false))
}
