// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"

	"needletail/objstore/datafolder"
	"needletail/objstore/device"
)

// recover makes the index and the devices agree after a crash. Published files
// without a row go to quarantine as dark data, unless a removal queue has the
// file. recover moves no file if the index belongs to a different store, or is
// new while a device holds files: then the files are the only data left. Only
// device 0 is searched before the store serves; a worker searches the rest.
func (e *Engine) recover() error {
	if err := e.checkStore(); err != nil {
		return err
	}
	e.gc.wake()
	if err := e.db.Barrier(); err != nil {
		return err
	}
	if err := e.gc.forget(); err != nil {
		return err
	}
	if e.db.WasClean() {
		return nil
	}
	if err := e.dark.find(context.Background(), 0, e.dev); err != nil {
		return fmt.Errorf("look for data files that no row names: %w", err)
	}
	for _, d := range e.fleet.devices[1:] {
		e.heal.lookAt(d.index)
	}
	return nil
}

// checkStore compares the id of the folder with the id in the index. A new index
// gets the id of the folder, unless a device holds data files. ErrIndex: the ids
// differ, or the index is new and data files are there.
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
