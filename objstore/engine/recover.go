package engine

import (
	"errors"
	"fmt"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// recover makes index and device agree after a crash: published files that no
// row names are removed, unless they wait in the GC queue, which a pass takes
// up. It never removes anything if the index does not belong to the folder, or
// is new while the device holds files: then the files are all that is left.
func (e *Engine) recover() error {
	if err := e.checkStore(); err != nil {
		return err
	}
	e.wakeGC()
	if err := e.db.Barrier(); err != nil {
		return err
	}
	if e.db.WasClean() {
		return nil
	}
	if err := e.removeOrphans(); err != nil {
		return fmt.Errorf("look for orphans: %w", err)
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
	err = e.dev.Walk(func(device.ID) error { return errFile })
	if err == errFile {
		return fmt.Errorf("%w: the index is new or lost, but data files are there: restore the index, or move them away", ErrForeign)
	}
	if err != nil {
		return err
	}
	return e.db.SetStoreID(e.id)
}

func (e *Engine) removeOrphans() error {
	files := 0
	err := e.dev.Walk(func(id device.ID) error {
		files++
		_, named, err := e.db.FileOwner(meta.FileID(id))
		if err != nil || named {
			return err
		}
		queued, err := e.db.InGCQueue(0, meta.FileID(id))
		if err != nil || queued {
			return err
		}
		if err := e.dev.Remove(id); err != nil {
			return err
		}
		e.stats.orphans.Add(1)
		e.log.Info("removed a data file without an object", "file", id)
		return nil
	})
	if files > 0 {
		e.log.Info("the last stop was not clean: compared data files and index",
			"files", files, "orphans", e.stats.orphans.Load())
	}
	return err
}
