// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// expired says whether the time DeleteAt has come. The object is expired from
// the first instant of that second on.
func expired(i *objstore.ObjectInfo) bool {
	return i.DeleteAt != 0 && i.DeleteAt <= time.Now().Unix()
}

// find returns the row of an object, or KindNotFound. An expired object counts
// as missing unless allowExpired is true.
func (e *Engine) find(c call, allowExpired bool) (meta.ObjectRow, error) {
	row, found, err := e.db.Object(c.id)
	if err != nil {
		return row, c.wrap(err)
	}
	if !found || expired(&row.Info) && !allowExpired {
		return row, c.fail(objstore.KindNotFound, nil)
	}
	return row, nil
}

// HeadObject returns the information of an object from the row alone.
func (e *Engine) HeadObject(_ context.Context, o objstore.ObjectID, opts objstore.OpenOptions) (objstore.ObjectInfo, error) {
	c := call{"head object", o}
	if err := e.enter(c, depthObject); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer e.gate.leave()
	e.stats.heads.Add(1)
	if kept, _ := e.hot.get(o); kept.exists(opts) {
		return kept.copyInfo(), nil
	}
	row, err := e.find(c, opts.AllowExpired)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	return row.Info, nil
}

// openTries bounds how often OpenObject starts again. A try is lost if the
// object was replaced, and the old body removed, before the body was opened.
const openTries = 16

var errBodyGone = errors.New("the stored body is missing")

// OpenObject opens one version of an object. The version stays readable after a
// replacement: the descriptor of a single file is open, files of several slots
// are not collected, and an inline body is in memory.
func (e *Engine) OpenObject(_ context.Context, o objstore.ObjectID, opts objstore.OpenOptions) (objstore.Object, error) {
	c := call{"open object", o}
	if err := e.enter(c, depthObject); err != nil {
		return nil, err
	}
	defer e.gate.leave()
	e.stats.gets.Add(1)
	kept, stamp := e.hot.get(o)
	if kept.exists(opts) {
		return &inlineObject{info: kept.copyInfo(), body: kept.body, e: e}, nil
	}
	var last meta.FileID
	for try := range openTries {
		row, err := e.find(c, opts.AllowExpired)
		if err != nil {
			return nil, err
		}
		if try > 0 && row.ID == last {
			e.reportCorrupt(o, false, errBodyGone)
			return nil, c.fail(objstore.KindCorrupt, errBodyGone)
		}
		obj, found, err := e.openBody(c, &row)
		if err != nil {
			return nil, err
		}
		if found {
			if inline, ok := obj.(*inlineObject); ok {
				e.hot.offer(o, &inline.info, inline.body, stamp)
			}
			return obj, nil
		}
		last = row.ID
	}
	return nil, c.fail(objstore.KindUnavailable, errors.New("the object is replaced too fast to be opened"))
}

// openBody opens the body that a row names. found is false if the body is gone.
func (e *Engine) openBody(c call, row *meta.ObjectRow) (obj objstore.Object, found bool, err error) {
	if row.Place == meta.PlaceInline {
		obj, found, err = e.openInline(row)
	} else {
		obj, found, err = e.openFile(c.id, row)
	}
	if err == nil {
		return obj, found, nil
	}
	if kindOf(err) == objstore.KindCorrupt {
		e.corrupt(c.id, row, err)
	}
	return nil, false, c.wrap(err)
}

// openFile opens a body in data files. found is false if a file is gone, because
// the object was replaced since the row was read.
func (e *Engine) openFile(o objstore.ObjectID, row *meta.ObjectRow) (objstore.Object, bool, error) {
	if len(row.Placement.Slots()) == 1 {
		obj, err := e.openFiles(o, row)
		if isNotExist(err) {
			return nil, false, nil
		}
		return obj, err == nil, err
	}
	// The slots are opened when a read needs a slot; until Close no file of the
	// body is collected. A collector may have removed a file before the count,
	// so the row is read again.
	e.inUse.count(e.inUse.readers, row.ID, 1)
	now, found, err := e.db.Object(o)
	if err == nil && found && now.ID == row.ID {
		var obj *fileObject
		if obj, err = e.openFiles(o, &now); err == nil {
			obj.pinned.Store(true)
			return obj, true, nil
		}
	}
	e.inUse.count(e.inUse.readers, row.ID, -1)
	if isNotExist(err) {
		err = nil
	}
	return nil, false, err
}

// openFiles opens the files of a row, and compares the footer with the row: a
// file of a different object is damage.
func (e *Engine) openFiles(o objstore.ObjectID, row *meta.ObjectRow) (*fileObject, error) {
	r, err := e.fleet.set.Open(device.ID(row.ID), rowLayout(row), row.Placement.Slots())
	if err != nil {
		return nil, err
	}
	f := r.Footer()
	if f.Object != o || f.Info.ETag != row.Info.ETag || f.Info.SizeBytes != row.Info.SizeBytes {
		err := &datafile.CorruptError{Block: -1, Reason: "file holds another object than its row says"}
		return nil, errors.Join(err, r.Close())
	}
	return &fileObject{e: e, id: o, row: *row, reader: r}, nil
}

// fileObject is an open object with a body in data files.
type fileObject struct {
	e      *Engine
	id     objstore.ObjectID
	row    meta.ObjectRow
	reader *blob.Reader
	pinned atomic.Bool // the collector passes over the files
}

func (o *fileObject) Info() *objstore.ObjectInfo { return &o.row.Info }

// Close closes the files, and lets the collector remove the files again.
func (o *fileObject) Close() error {
	if o.pinned.Swap(false) {
		defer o.e.inUse.count(o.e.inUse.readers, o.row.ID, -1)
	}
	return o.reader.Close()
}

func (o *fileObject) Range(offset, length int64) io.Reader {
	return &fileRange{o, o.reader.Range(offset, length)}
}

// fileRange reports the damage that a read finds.
type fileRange struct {
	object *fileObject
	source io.Reader
}

func (r *fileRange) Read(p []byte) (int, error) {
	n, err := r.source.Read(p)
	return n, r.check(err)
}

func (r *fileRange) WriteTo(w io.Writer) (int64, error) {
	n, err := r.source.(io.WriterTo).WriteTo(w)
	return n, r.check(err)
}

// check reports damage, and gives an error of a read a kind.
func (r *fileRange) check(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	o := r.object
	if !errors.Is(err, datafile.ErrCorrupt) {
		return call{"read object", o.id}.wrap(err)
	}
	if o.e.gate.enter() { // the store may be closed by now
		o.e.corrupt(o.id, &o.row, err)
		o.e.gate.leave()
	}
	return call{"read object", o.id}.fail(objstore.KindCorrupt, err)
}

// corrupt handles a damaged body. The file of a single copy is moved to
// quarantine, unless the row was replaced meanwhile. The row stays: the damage
// must stay visible. A body of several slots is queued for healing.
func (e *Engine) corrupt(o objstore.ObjectID, row *meta.ObjectRow, cause error) {
	quarantined := false
	if slots := row.Placement.Slots(); row.Place == meta.PlaceFile && len(slots) > 1 {
		e.heal.report(damage{row.ID, true})
	} else if row.Place == meta.PlaceFile {
		defer e.locks.lockObject(o)()
		if now, found, err := e.db.Object(o); err == nil && found && now.ID == row.ID && slots[0] == now.Placement.Slots()[0] {
			if err := e.quarantine(device.ID(row.ID), slots[0]); err != nil {
				e.log.Error("a damaged file was not moved to quarantine", "object", o, "file", device.ID(row.ID), "err", err)
			} else {
				quarantined = true
			}
		}
	}
	e.reportCorrupt(o, quarantined, cause)
}

// reportCorrupt counts and logs a damaged body, and tells the listener of
// events.
func (e *Engine) reportCorrupt(o objstore.ObjectID, quarantined bool, cause error) {
	e.stats.corrupt.Add(1)
	e.log.Error("a stored body is damaged", "object", o, "quarantined", quarantined, "err", cause)
	e.opts.Events.Corrupt(o, quarantined, cause)
}
