package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"time"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// DarkOptions are the settings of RepairDark.
type DarkOptions struct {
	// Discard removes all dark data instead of bringing objects back.
	Discard bool
	// DryRun leaves everything as it is, and reports what would have been done.
	DryRun bool
	// Progress is called now and then. Optional.
	Progress func(RebuildProgress)
	// Restored is called for each object that comes back. Optional.
	Restored func(o objstore.ObjectID, sizeBytes int64)
}

// DarkReport is what RepairDark did. Files of one body on several devices are
// one body; bodies that do not come back stay in quarantine.
type DarkReport struct {
	Files, Bytes int64 // the dark data that were there

	Damaged      int64    // files whose footer cannot be read
	DamagedFiles []string // the first of them
	Restored     int64    // objects that came back
	Replaced     int64    // of them: over an older object of that name
	Slots        int64    // files that came back to a body whose row lacked them
	Containers   int64    // made anew: their metadata is lost
	Superseded   int64    // bodies for whose name there is a newer or the same one
	Incomplete   int64    // bodies with fewer slots than give the body
	Discarded    int64    // files that were removed

	Took time.Duration
}

// darkRepair is one running RepairDark.
type darkRepair struct {
	ctx     context.Context
	o       DarkOptions
	opts    Options
	dir     string
	view    meta.View
	devices []rebuildDevice
	engine  *Engine // nil in a dry run
	out     DarkReport
}

// RepairDark brings the objects of the dark data back of which there is no newer
// row, or removes the dark data. The store must not be in use: ErrLocked. All
// devices must be there. A dry run sees what earlier starts have put into
// quarantine; a real one starts the store first, which finds the rest.
func RepairDark(ctx context.Context, dir string, o Options, do DarkOptions) (DarkReport, error) {
	o.EnsureDefaults()
	if do.Progress == nil {
		do.Progress = func(RebuildProgress) {}
	}
	if do.Restored == nil {
		do.Restored = func(objstore.ObjectID, int64) {}
	}
	k := &darkRepair{ctx: ctx, o: do, opts: o, dir: dir}
	begin := time.Now()
	err := o.Validate()
	if err == nil && do.DryRun {
		err = k.dryRun()
	} else if err == nil {
		err = k.realRun()
	}
	k.out.Took = time.Since(begin)
	return k.out, onFolder("repair dark data", dir, err)
}

func (k *darkRepair) realRun() (err error) {
	if err := storeIsThere(&k.opts, k.dir); err != nil {
		return err
	}
	e, err := openIdle(k.dir, k.opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	k.engine, k.view = e, e.db.View
	for _, d := range e.fleet.devices {
		dev := e.fleet.set.Device(d.index)
		if dev == nil {
			return fmt.Errorf("device %v in %s is away; all devices are needed", d.index, d.Path)
		}
		if err := e.findDarkNow(k.ctx, d.index, dev); err != nil {
			return err
		}
		k.devices = append(k.devices, rebuildDevice{d.index, dev})
	}
	return k.run()
}

// findDarkNow is findDark for a device that Open leaves to a worker.
func (e *Engine) findDarkNow(ctx context.Context, i device.Index, dev *device.Device) error {
	if i == 0 || e.db.WasClean() {
		return nil // Open has looked, or there is nothing to look for
	}
	return e.findDark(ctx, i, dev)
}

func (k *darkRepair) dryRun() (err error) {
	fs := k.opts.FS
	if _, err := fs.Stat(k.dir); err != nil {
		return err
	}
	var lock io.Closer
	if lock, err = lockFolder(fs, k.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	r := &rebuild{opts: k.opts, dir: k.dir}
	if r.id, err = readIdentity(fs, k.dir); err != nil {
		return err
	}
	if err := r.openDevices(); err != nil {
		return err
	}
	k.devices = r.devices
	db, err := openReadOnly(fs, k.dir)
	if err != nil {
		return err
	}
	k.view = db.View
	return errors.Join(k.run(), db.Close())
}

func (k *darkRepair) run() error {
	if k.o.Discard {
		return k.discard()
	}
	sorter, err := meta.NewSorter(k.opts.FS, k.opts.FS.PathJoin(k.dir, sortName))
	if err != nil {
		return err
	}
	err = k.collect(sorter)
	if err == nil {
		err = eachName(k.ctx, sorter, k.settle)
	}
	return errors.Join(err, sorter.Close())
}

func (k *darkRepair) discard() error {
	for _, d := range k.devices {
		err := k.each(d, func(f device.DarkFile) error {
			k.out.Discarded++
			if k.o.DryRun {
				return nil
			}
			return d.dev.RemoveDark(f)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits the dark data of one device.
func (k *darkRepair) each(d rebuildDevice, visit func(device.DarkFile) error) error {
	return d.dev.WalkDark(func(f device.DarkFile) error {
		k.out.Files, k.out.Bytes = k.out.Files+1, k.out.Bytes+f.SizeBytes
		if k.out.Files%256 == 0 {
			k.o.Progress(RebuildProgress{"reading dark data", -1, k.out.Files})
		}
		return errors.Join(visit(f), k.ctx.Err())
	})
}

// collect sorts what the footers say by the objects' names.
func (k *darkRepair) collect(to *meta.Sorter) error {
	for _, d := range k.devices {
		err := k.each(d, func(f device.DarkFile) error {
			r, err := datafile.OpenDark(d.dev, f)
			if errors.Is(err, datafile.ErrCorrupt) {
				k.out.Damaged++
				if len(k.out.DamagedFiles) < rebuildNamesMax {
					k.out.DamagedFiles = append(k.out.DamagedFiles, fmt.Sprintf("%v on device %v: %v", f.ID, d.index, err))
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
			row := rowOfFooter(&footer, f.ID, d.index)
			return to.Add(footer.Object, &row, d.index)
		})
		if err != nil {
			return fmt.Errorf("dark data of device %v: %w", d.index, err)
		}
	}
	return nil
}

// settle judges the bodies of one name, the newest first, by the row of now.
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
	if k.engine != nil {
		if err := k.engine.restoreDark(k.ctx, o, body); err != nil {
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

// complete gives a body whose row is there the slots that it lacks.
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
	if k.engine == nil {
		return nil
	}
	return k.engine.completeDark(o, row, back, moved)
}

// lacks finds the slot of a row that a dark file of a device can fill, or -1.
// A fragment has a slot of its own, a copy can be any.
func (k *darkRepair) lacks(row *meta.ObjectRow, slots []device.Index, slot int, on device.Index) int {
	if at := slices.Index(slots, on); at >= 0 { // the row says so, and only the file is missing
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

// present says that a device has a published file. What cannot be said counts
// as yes: nothing is moved in doubt.
func (k *darkRepair) present(on device.Index, id meta.FileID) bool {
	for _, d := range k.devices {
		if d.index != on {
			continue
		}
		f, err := d.dev.OpenFile(device.ID(id))
		if err == nil {
			_ = f.Close() // nothing was written
		}
		return !isNotExist(err)
	}
	return true
}

// restoreDark publishes the files of a body again, then commits its row. A crash
// in between makes them dark data again.
func (e *Engine) restoreDark(ctx context.Context, o objstore.ObjectID, body *foundBody) error {
	defer e.inUse.write(body.row.ID)()
	if err := e.ensureContainer(ctx, o.ContainerID(), body.row.Policy); err != nil {
		return err
	}
	if err := e.bringBack(body.row.ID, body.row.Placement.Devices); err != nil {
		return err
	}
	shape(e.opts.Policies, body)
	defer e.locks.lockObject(o)()
	container, found, err := e.db.Container(o.ContainerID())
	if err != nil || !found {
		return errors.Join(err, objstore.KindContainerNotFound)
	}
	row := body.row
	row.Policy = container.Policy
	old, found, err := e.db.Object(o)
	if err != nil {
		return err
	}
	if !found {
		return e.replaceObject(o, &row, nil, nil)
	}
	return e.replaceObject(o, &row, &old, nil)
}

// ensureContainer makes a container that is missing, with the policy that the
// object had, or the default one if there is no such policy any more.
func (e *Engine) ensureContainer(ctx context.Context, c objstore.ContainerID, p objstore.PolicyIndex) error {
	if _, found, err := e.db.Container(c); err != nil || found {
		return err
	}
	o := objstore.PutContainerOptions{}
	if _, known := e.opts.Policies.ByIndex(p); known {
		o.Policy = &p
	}
	_, err := e.PutContainer(ctx, c, o)
	return err
}

// bringBack publishes dark files of one id again.
func (e *Engine) bringBack(id meta.FileID, on []device.Index) error {
	e.messy.Store(true) // until the row is there the files are dark data
	for _, i := range on {
		if i == device.None {
			continue
		}
		dev := e.fleet.set.Device(i)
		if dev == nil {
			return errHangs
		}
		f, err := dev.FindDark(device.ID(id))
		if err == nil {
			err = dev.BringBack(f)
		}
		if err != nil && !errors.Is(err, iofs.ErrExist) { // a file of that id is the same
			return err
		}
	}
	return nil
}

// completeDark publishes files that a row lacks and records where they are.
func (e *Engine) completeDark(o objstore.ObjectID, was *meta.ObjectRow, back, slots []device.Index) error {
	defer e.inUse.write(was.ID)()
	if err := e.bringBack(was.ID, back); err != nil {
		return err
	}
	defer e.locks.lockObject(o)()
	row, found, err := e.db.Object(o)
	if err != nil || !found || row.ID != was.ID {
		return err // the files are dark data again after the next start
	}
	b := e.db.NewBatch()
	row.Placement = placementOf(rowLayout(&row), slots)
	b.SetObject(o, &row)
	if e.fleet.several() {
		b.QueueHeal(row.ID, meta.HealRow{Verify: true})
	}
	return e.commitObject(b, o)
}
