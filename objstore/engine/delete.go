// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"needletail/objstore"
)

// DeleteObject removes an object. An expired object is removed too, but the
// answer is KindNotFound unless the caller named the DeleteAt of the object
// (swift/obj/server.py DELETE).
func (e *Engine) DeleteObject(_ context.Context, o objstore.ObjectID, opts objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	c := call{"delete object", o}
	if err := e.enter(c, depthObject); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer e.gate.leave()
	info, err := e.deleteObject(c, opts)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	e.stats.deletes.Add(1)
	return info, nil
}

// deleteObject is DeleteObject without the gate. The expirer calls deleteObject
// too.
func (e *Engine) deleteObject(c call, opts objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	defer e.locks.lockObject(c.id)()
	row, err := e.find(c, true)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	if opts.IfDeleteAt != 0 && opts.IfDeleteAt != row.Info.DeleteAt {
		return objstore.ObjectInfo{}, c.fail(objstore.KindPrecondition, nil)
	}
	if opts.Timestamp != 0 && opts.Timestamp <= row.Info.Modified {
		return objstore.ObjectInfo{}, c.fail(objstore.KindConflict, errOldTimestamp)
	}
	gone := expired(&row.Info) && opts.IfDeleteAt == 0
	if err := e.removeObject(c.id, &row); err != nil {
		return objstore.ObjectInfo{}, c.wrap(err)
	}
	if gone {
		return objstore.ObjectInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	return row.Info, nil
}
