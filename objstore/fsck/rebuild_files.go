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

// restore completes an index that holds what was left of a copy, or nothing:
// first with what the data files say, then with what follows from the rows. Of
// an exact copy that may not be the newest it takes files later than that alone.
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

// collect reads the footers of all data files and sorts those of later objects.
func (r *rebuild) collect(ctx context.Context, to *meta.Sorter, after objstore.Timestamp) (rows int64, err error) {
	for i, d := range r.devices {
		err := d.Dev.Walk(func(id device.ID) error {
			r.out.Files++
			if r.out.Files%256 == 0 {
				within := float64(int(id[0])<<8|int(id[1])) / 65536 // files are visited by their ids
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

// readFile makes a row of a footer; o is zero if the file is damaged.
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

// damaged moves a file aside whose footer cannot be read: no row will name it,
// and what no row names is removed a week after a later start.
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

// rebuildBatch is how many objects are written at once.
const rebuildBatch = 512

// bulk writes many small changes in batches.
type bulk struct {
	db    *meta.DB
	batch *meta.Batch
	n     int
}

func (b *bulk) next() *meta.Batch {
	if b.batch == nil {
		b.batch = b.db.NewBatch()
	}
	return b.batch
}

// done ends one change.
func (b *bulk) done() error {
	if b.n++; b.n%rebuildBatch != 0 {
		return nil
	}
	return b.flush()
}

func (b *bulk) flush() error {
	if b.batch == nil {
		return nil
	}
	batch := b.batch
	b.batch = nil
	return batch.Commit(false)
}

// merge gives each name that the data files know its newest body. One that has
// too few slots counts only if there is no other: it may be an upload that was
// cut off. Files of the others get no row: the next start finds them as dark
// data.
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

// settle chooses among the bodies of one name, the newest first, and what the
// copy of the index said.
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
			continue // the copy knows more of it than the file
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
