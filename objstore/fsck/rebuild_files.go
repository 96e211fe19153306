// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// restore completes an index with the remains of a copy, or an empty index.
// First the data files give objects, then derive makes the rest. An exact copy
// may not be the newest copy: then only objects later than the copy are added.
func (r *rebuild) restore(ctx context.Context) error {
	after := objstore.Timestamp(0)
	var err error
	if r.out.Exact {
		after, err = r.db.Clock()
	} else {
		err = errors.Join(r.db.SetGeneration(r.newest+1), r.db.SetStoreID(r.id))
	}
	if err != nil {
		return err
	}
	sorter, err := meta.NewSorter(r.folder.FS, r.path(sortName))
	if err != nil {
		return err
	}
	rows, err := r.collect(ctx, sorter, after)
	if err == nil {
		err = r.merge(ctx, sorter, rows)
	}
	if err = errors.Join(err, sorter.Close()); err != nil || r.out.Exact && rows == 0 {
		return err
	}
	return r.derive(ctx)
}

// collect reads the footers of all data files, and sorts the rows of objects
// that are newer than after.
func (r *rebuild) collect(ctx context.Context, to *meta.Sorter, after objstore.Timestamp) (rows int64, err error) {
	for i, d := range r.devices {
		err := d.Dev.Walk(func(id device.ID) error {
			r.out.Files++
			if r.out.Files%256 == 0 {
				within := float64(int(id[0])<<8|int(id[1])) / 65536 // Walk visits files in the order of the IDs
				r.step("reading data files", (float64(i)+within)/float64(len(r.devices)), r.out.Files)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			queued, err := r.db.InGCQueue(d.Index, meta.FileID(id))
			if err != nil || queued {
				return err
			}
			row, o, err := r.readFile(d, id)
			if err != nil || o.Object == "" || row.Info.Modified <= after {
				return err
			}
			rows++
			return to.Add(o, &row, d.Index)
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// readFile makes a row from the footer of a file. o is zero if the file is
// damaged.
func (r *rebuild) readFile(d Disk, id device.ID) (row meta.ObjectRow, o objstore.ObjectID, err error) {
	f, err := datafile.Open(d.Dev, id)
	if errors.Is(err, datafile.ErrCorrupt) {
		return row, o, r.damaged(d, id, err)
	}
	if err != nil {
		return row, o, fmt.Errorf("file %v of device %v: %w", id, d.Index, err)
	}
	footer := f.Footer()
	if err := f.Close(); err != nil {
		return row, o, err
	}
	return rowOfFooter(&footer, id, d.Index), footer.Object, nil
}

// damaged moves a file with an unreadable footer to quarantine. No row would
// name the file, and a file without a row is removed some days after the next
// start.
func (r *rebuild) damaged(d Disk, id device.ID, cause error) error {
	r.out.Damaged++
	if len(r.out.DamagedFiles) < rebuildNamesMax {
		r.out.DamagedFiles = append(r.out.DamagedFiles, fmt.Sprintf("%v on device %v: %v", id, d.Index, cause))
	}
	if r.ro.DryRun {
		return nil
	}
	return d.Dev.Quarantine(id)
}

// rebuildBatch is the number of objects in one batch.
const rebuildBatch = 512

// bulk writes many small changes in batches.
type bulk struct {
	db    *meta.DB
	batch *meta.Batch
	n     int
}

// next returns the batch for the next change.
func (b *bulk) next() *meta.Batch {
	if b.batch == nil {
		b.batch = b.db.NewBatch()
	}
	return b.batch
}

// done ends one change, and commits the batch when the batch is full.
func (b *bulk) done() error {
	if b.n++; b.n%rebuildBatch != 0 {
		return nil
	}
	return b.flush()
}

// flush commits the batch without a sync. The caller ends with a barrier.
func (b *bulk) flush() error {
	if b.batch == nil {
		return nil
	}
	batch := b.batch
	b.batch = nil
	return batch.Commit(false)
}

// merge gives each name the newest whole body from the data files. A body with
// too few slots counts only if the name has no whole body: the body may come
// from an upload that was cut off. Files of the remaining bodies get no row, and
// the next start finds the files as dark data.
func (r *rebuild) merge(ctx context.Context, from *meta.Sorter, rows int64) error {
	out := &bulk{db: r.db}
	seen := int64(0)
	err := eachName(ctx, from, func(name objstore.ObjectID, bodies []*foundBody) error {
		if seen++; seen%1024 == 0 {
			r.step("restoring objects", float64(seen)/float64(rows), seen)
		}
		if err := r.settle(out, name, bodies); err != nil {
			return err
		}
		return out.done()
	})
	return errors.Join(err, out.flush())
}

// settle chooses the body of one name, among the bodies from the data files, the
// newest first, and the row of the copy.
func (r *rebuild) settle(out *bulk, name objstore.ObjectID, bodies []*foundBody) error {
	best := max(slices.IndexFunc(bodies, (*foundBody).complete), 0)
	old, found, err := r.db.Object(name)
	if err != nil {
		return err
	}
	b := out.next()
	for i, body := range bodies {
		switch {
		case found && old.ID == body.row.ID:
			continue // the copy knows more of the body than the file
		case found && old.Info.Modified >= body.row.Info.Modified, i != best:
			r.out.Unnamed += int64(body.found)
			continue
		}
		if found {
			b.DropBody(&old)
			if old.Info.DeleteAt != 0 {
				b.DeleteExpiry(old.Info.DeleteAt, name)
			}
		}
		shape(r.folder.Policies, &body.row)
		b.SetObject(name, &body.row)
		b.SetClock(body.row.Info.Modified)
		if body.row.Placement.Missing() > 0 {
			b.QueueHeal(body.row.ID, meta.HealRow{Verify: true})
		}
		if !body.complete() {
			r.out.Incomplete++
		}
		r.out.Restored++
		r.ro.Restored(name, body.row.Info.SizeBytes)
	}
	return nil
}
