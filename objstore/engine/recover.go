package engine

import (
	"context"
	"errors"
	"fmt"

	"needletail/objstore/datafolder"
	"needletail/objstore/device"
)

// recover makes index and devices agree after a crash: published files that no
// row names go to quarantine as dark data, unless they wait in a GC queue, which
// a pass takes up. It moves nothing if the index does not belong to the folder,
// or is new while a device holds files: then the files are all that is left.
// Devices other than the data folder are looked at beside the operations.
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
	if err := e.findDark(context.Background(), 0, e.dev); err != nil {
		return fmt.Errorf("look for data files that no row names: %w", err)
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
		return fmt.Errorf("%w: %w: it belongs to the store %q, the folder is %q", datafolder.ErrForeign, datafolder.ErrIndex, id, e.id)
	}
	errFile := errors.New("a file")
	for _, d := range e.fleet.devices {
		dev := e.fleet.set.Device(d.index)
		if dev == nil {
			continue
		}
		err := dev.Walk(func(device.ID) error { return errFile })
		if err == errFile {
			return fmt.Errorf("%w: %w: it is new, but data files are there", datafolder.ErrForeign, datafolder.ErrIndex)
		}
		if err != nil {
			return err
		}
	}
	return e.db.SetStoreID(e.id)
}
