package engine

import (
	"context"
	"errors"
	"fmt"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// recover makes index and devices agree after a crash: published files that no
// row names are removed, unless they wait in a GC queue, which a pass takes up.
// It never removes anything if the index does not belong to the folder, or is
// new while a device holds files: then the files are all that is left. Devices
// other than the data folder are looked at beside the operations.
func (e *Engine) recover() error {
	if err := e.checkStore(); err != nil {
		return err
	}
	e.wakeGC()
	if err := e.db.Barrier(); err != nil {
		return err
	}
	if err := e.forgetGC(); err != nil {
		return err
	}
	if e.db.WasClean() {
		return nil
	}
	if err := e.removeOrphans(context.Background(), 0, e.dev); err != nil {
		return fmt.Errorf("look for orphans: %w", err)
	}
	for _, d := range e.fleet.devices[1:] {
		e.heal.lookAt(d.index)
	}
	return nil
}

// checkStore compares the id of the folder with the index's.
func (e *Engine) checkStore() error {
	id, err := e.db.StoreID()
	if err != nil {
		return err
	}
	if id == e.id {
		return nil
	}
	if id != "" {
		return fmt.Errorf("%w: the index belongs to the store %q, the folder is %q", ErrForeign, id, e.id)
	}
	errFile := errors.New("a file")
	for _, d := range e.fleet.devices {
		dev := e.fleet.set.Device(d.index)
		if dev == nil {
			continue
		}
		err := dev.Walk(func(device.ID) error { return errFile })
		if err == errFile {
			return fmt.Errorf("%w: the index is new or lost, but data files are there: restore the index, or move them away", ErrForeign)
		}
		if err != nil {
			return err
		}
	}
	return e.db.SetStoreID(e.id)
}

// removeOrphans removes the files of a device that belong to nobody. Files that
// come and go meanwhile are told apart by who is writing.
func (e *Engine) removeOrphans(ctx context.Context, i device.Index, dev *device.Device) error {
	files, orphans := 0, 0
	err := dev.Walk(func(id device.ID) error {
		if !e.gate.enter() {
			return context.Canceled
		}
		defer e.gate.leave()
		files++
		removed, err := e.removeOrphan(i, id)
		if removed {
			orphans++
			e.stats.orphans.Add(1)
			e.log.Info("removed a data file without an object", "device", i, "file", id)
		}
		return errors.Join(err, ctx.Err())
	})
	if files > 0 {
		e.log.Info("compared the data files of a device with the index", "device", i, "files", files, "orphans", orphans)
	}
	return err
}

func (e *Engine) removeOrphan(i device.Index, file device.ID) (bool, error) {
	id := meta.FileID(file)
	defer e.files.lock(id)()
	if e.inUse.has(e.inUse.writers, id) {
		return false, nil // first: who is done with writing has a row by now
	}
	if owner, named, err := e.db.FileOwner(id); err != nil {
		return false, err
	} else if named {
		row, found, err := e.db.Object(owner)
		if err != nil || found && row.ID == id && row.Placement.Holds(i) {
			return false, err
		}
	}
	if queued, err := e.db.InGCQueue(i, id); err != nil || queued {
		return false, err
	}
	return true, e.remove(id, i)
}
