// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"time"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// DarkOptions are the settings of RepairDark.
type DarkOptions struct {
	// Discard removes all dark data and gives no object back.
	Discard bool
	// DryRun changes nothing, and reports what a real run would do.
	DryRun bool
	// Progress is called now and then. Optional.
	Progress func(Progress)
	// Restored is called for each object that is given back. Optional.
	Restored func(o objstore.ObjectID, sizeBytes int64)
}

// DarkReport is the result of RepairDark. Files of one body on several devices
// count as one body. Bodies without a place in the index stay in quarantine.
type DarkReport struct {
	Files, Bytes int64 // the dark data before the repair

	Damaged      int64    // files with an unreadable footer
	DamagedFiles []string // the first of them, with the cause
	Restored     int64    // objects given back
	Replaced     int64    // objects given back over an older object
	Slots        int64    // files given back to a body with missing slots
	Containers   int64    // made anew: their metadata is lost
	Superseded   int64    // bodies of a name with a newer row, or with the same row
	Incomplete   int64    // bodies with too few slots to read the body
	Discarded    int64    // removed files

	Took time.Duration
}

// DarkStore is an open store to which RepairDark gives objects back. Nothing
// works in the background of the store, all devices are there, and every file
// without a row is in quarantine.
type DarkStore interface {
	View() meta.View
	Disks() []Disk
	// Restore publishes the dark files of a body on the devices on, and makes row
	// the row of the object.
	Restore(ctx context.Context, o objstore.ObjectID, row meta.ObjectRow, on []device.Index) error
	// Complete publishes dark files of the body of the row was on the devices
	// back, and records slots as the devices of the body.
	Complete(o objstore.ObjectID, was *meta.ObjectRow, back, slots []device.Index) error
	Close() error
}

// darkRepair is one running RepairDark.
type darkRepair struct {
	ctx     context.Context
	o       DarkOptions
	folder  datafolder.Folder
	view    meta.View
	devices []Disk
	store   DarkStore // nil in a dry run
	out     DarkReport
}

// RepairDark gives dark data without a newer row back to the store, or removes
// the dark data. ErrLocked: a process has the store open. All devices must be
// there. A dry run sees only the dark data from earlier starts. A real run calls
// open, and the start of the store finds the rest.
func RepairDark(ctx context.Context, f datafolder.Folder, open func(context.Context) (DarkStore, error), o DarkOptions) (DarkReport, error) {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Restored == nil {
		o.Restored = func(objstore.ObjectID, int64) {}
	}
	k := &darkRepair{ctx: ctx, o: o, folder: f}
	begin := time.Now()
	err := f.Policies.Validate()
	if err == nil && o.DryRun {
		err = k.dryRun()
	} else if err == nil {
		err = k.realRun(open)
	}
	k.out.Took = time.Since(begin)
	return k.out, datafolder.OpError("repair dark data", f.Dir, err)
}

// realRun works on the open store: rows change through the commit path of the
// store.
func (k *darkRepair) realRun(open func(context.Context) (DarkStore, error)) error {
	if err := k.folder.Exists(); err != nil {
		return err
	}
	store, err := open(k.ctx)
	if err != nil {
		return err
	}
	k.store, k.view, k.devices = store, store.View(), store.Disks()
	return errors.Join(k.run(), store.Close())
}

// dryRun works on the read-only index of the closed store.
func (k *darkRepair) dryRun() (err error) {
	h, err := k.folder.LockExisting()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	id, err := k.folder.ReadID()
	if err != nil {
		return err
	}
	if k.devices, err = openDisks(&k.folder, id); err != nil {
		return err
	}
	db, err := k.folder.OpenReadOnly()
	if err != nil {
		return err
	}
	k.view = db.View
	return errors.Join(k.run(), db.Close())
}

// run gives objects back in the order of names, or removes all dark data with
// Discard.
func (k *darkRepair) run() error {
	if k.o.Discard {
		return k.discard()
	}
	sorter, err := meta.NewSorter(k.folder.FS, k.folder.Path(sortName))
	if err != nil {
		return err
	}
	err = k.collect(sorter)
	if err == nil {
		err = eachName(k.ctx, sorter, k.settle)
	}
	return errors.Join(err, sorter.Close())
}

// discard removes all dark data of all devices.
func (k *darkRepair) discard() error {
	for _, d := range k.devices {
		err := k.each(d, func(f device.DarkFile) error {
			k.out.Discarded++
			if k.o.DryRun {
				return nil
			}
			return d.Dev.RemoveDark(f)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits the dark data of one device.
func (k *darkRepair) each(d Disk, visit func(device.DarkFile) error) error {
	return d.Dev.WalkDark(func(f device.DarkFile) error {
		k.out.Files, k.out.Bytes = k.out.Files+1, k.out.Bytes+f.SizeBytes
		if k.out.Files%256 == 0 {
			k.o.Progress(Progress{"reading dark data", -1, k.out.Files})
		}
		return errors.Join(visit(f), k.ctx.Err())
	})
}

// collect sorts the footers of the dark data by the names of the objects.
func (k *darkRepair) collect(to *meta.Sorter) error {
	for _, d := range k.devices {
		err := k.each(d, func(f device.DarkFile) error {
			r, err := datafile.OpenDark(d.Dev, f)
			if errors.Is(err, datafile.ErrCorrupt) {
				k.out.Damaged++
				if len(k.out.DamagedFiles) < rebuildNamesMax {
					k.out.DamagedFiles = append(k.out.DamagedFiles, fmt.Sprintf("%v on device %v: %v", f.ID, d.Index, err))
				}
				return nil
			}
			if err != nil {
				return err
			}
			footer := r.Footer()
			if err := r.Close(); err != nil {
				return err
			}
			row := rowOfFooter(&footer, f.ID, d.Index)
			return to.Add(footer.Object, &row, d.Index)
		})
		if err != nil {
			return fmt.Errorf("dark data of device %v: %w", d.Index, err)
		}
	}
	return nil
}

// settle decides about the bodies of one name, the newest body first. The row in
// the index counts.
func (k *darkRepair) settle(o objstore.ObjectID, bodies []*foundBody) error {
	row, found, err := k.view.Object(o)
	if err != nil {
		return err
	}
	best := slices.IndexFunc(bodies, (*foundBody).complete)
	for i, body := range bodies {
		switch {
		case found && row.ID == body.row.ID:
			err = k.complete(o, &row, body)
		case found && row.Info.Modified >= body.row.Info.Modified:
			k.out.Superseded++
		case i == best:
			err = k.restore(o, body, found)
		case !body.complete():
			k.out.Incomplete++
		default:
			k.out.Superseded++
		}
		if err != nil {
			return fmt.Errorf("bring back %s: %w", o, err)
		}
	}
	return nil
}

// restore makes the newest whole body of a name an object again.
func (k *darkRepair) restore(o objstore.ObjectID, body *foundBody, replaces bool) error {
	_, there, err := k.view.Container(o.ContainerID())
	if err != nil {
		return err
	}
	if k.store != nil {
		on := body.row.Placement.Devices
		shape(k.folder.Policies, &body.row)
		if err := k.store.Restore(k.ctx, o, body.row, on); err != nil {
			return err
		}
	}
	k.out.Restored++
	if replaces {
		k.out.Replaced++
	}
	if !there && !k.o.DryRun {
		k.out.Containers++
	}
	k.o.Restored(o, body.row.Info.SizeBytes)
	return nil
}

// complete gives a body with a row the missing slots back.
func (k *darkRepair) complete(o objstore.ObjectID, row *meta.ObjectRow, body *foundBody) error {
	moved, back := slices.Clone(row.Placement.Slots()), []device.Index(nil)
	for slot, on := range body.row.Placement.Devices {
		if on == device.None {
			continue
		}
		if to := k.lacks(row, moved, slot, on); to >= 0 {
			moved[to] = on
			back = append(back, on)
		}
	}
	if len(back) == 0 {
		k.out.Superseded++
		return nil
	}
	k.out.Slots += int64(len(back))
	if k.store == nil {
		return nil
	}
	return k.store.Complete(o, row, back, moved)
}

// lacks returns the slot of a row for a dark file of a device, or -1 if no slot
// needs the file. A fragment fits one slot, a copy fits every slot.
func (k *darkRepair) lacks(row *meta.ObjectRow, slots []device.Index, slot int, on device.Index) int {
	if at := slices.Index(slots, on); at >= 0 { // the row names the device: only the file is missing
		if k.present(on, row.ID) {
			return -1
		}
		return at
	}
	for at, now := range slots {
		fits := row.Placement.DataFragments == 0 || at == slot
		if fits && (now == device.None || !k.present(now, row.ID)) {
			return at
		}
	}
	return -1
}

// present says whether a device has a published file. An unknown answer counts
// as yes: in doubt no slot is moved.
func (k *darkRepair) present(on device.Index, id meta.FileID) bool {
	for _, d := range k.devices {
		if d.Index != on {
			continue
		}
		f, err := d.Dev.OpenFile(device.ID(id))
		if err == nil {
			_ = f.Close() // nothing was written
		}
		return !errors.Is(err, iofs.ErrNotExist)
	}
	return true
}
