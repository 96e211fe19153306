// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"io"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

var (
	errNegativeSize = errors.New("a negative size")
	errOffset       = errors.New("timestamps of this store have no offset")
	errOldTimestamp = errors.New("the stored object is not older")
)

// upload is one running PutObject.
type upload struct {
	call
	opts objstore.PutOptions
	body bodyReader
	row  meta.ObjectRow
	// policy is the policy of the container before the body was read.
	policy objstore.PolicyIndex
}

// PutObject stores a body: a short body in the index, a long body in data files.
func (e *Engine) PutObject(_ context.Context, o objstore.ObjectID, body io.Reader, opts objstore.PutOptions) (objstore.ObjectInfo, error) {
	p := &upload{call: call{"put object", o}, opts: opts}
	p.body = bodyReader{src: body, stated: opts.SizeBytes, max: opts.MaxBytes}
	if err := e.enter(p.call, depthObject); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer e.gate.leave()
	if err := e.checkPut(p); err != nil {
		return objstore.ObjectInfo{}, p.wrap(err)
	}
	info := &p.row.Info
	info.ContentType, info.DeleteAt = opts.ContentType, opts.DeleteAt
	info.Metadata, info.Listing = opts.Metadata, opts.Listing
	cloneInfo(info)
	if err := e.storeBody(p); err != nil {
		return objstore.ObjectInfo{}, p.wrap(err)
	}
	e.stats.puts.Add(1)
	e.stats.putBytes.Add(info.SizeBytes)
	return *info, nil
}

// checkPut makes all checks that are possible before the body is read.
func (e *Engine) checkPut(p *upload) error {
	o := &p.opts
	if o.SizeBytes < -1 || o.MaxBytes < 0 {
		return p.fail(objstore.KindInvalid, errNegativeSize)
	}
	if o.TimestampOffset != 0 {
		return p.fail(objstore.KindInvalid, errOffset)
	}
	if err := checkMetadata(o.Metadata, o.Listing.Extra); err != nil {
		return p.fail(objstore.KindInvalid, err)
	}
	if err := e.checkTargetEarly(p); err != nil {
		return err
	}
	if o.MaxBytes > 0 && o.SizeBytes > o.MaxBytes {
		return p.fail(objstore.KindTooLarge, nil)
	}
	if err := e.db.Sealed(); err != nil {
		return err
	}
	if e.fleet.several() { // each device checks the room for a body
		return e.dev.Reserve(0)
	}
	return e.dev.Reserve(o.SizeBytes)
}

// checkTargetEarly checks the container and, if the client made a condition, the
// object that would be replaced. An upload can be refused before the body is
// read or synced; checkTarget decides at the commit.
func (e *Engine) checkTargetEarly(p *upload) error {
	if p.opts.IfNoneMatch || p.opts.Timestamp != 0 {
		policy, _, err := e.checkTarget(p)
		p.policy = policy
		return err
	}
	k, err := e.container(p.call)
	if err != nil {
		return p.noContainer(err)
	}
	p.policy = k.row.Policy
	return nil
}

// noContainer turns KindNotFound of the container into KindContainerNotFound:
// KindNotFound would mean the object.
func (p *upload) noContainer(err error) error {
	if errors.Is(err, objstore.KindNotFound) {
		return p.fail(objstore.KindContainerNotFound, nil)
	}
	return err
}

// checkTarget returns the policy of the container, and the row that would be
// replaced. old is nil if there is no object.
func (e *Engine) checkTarget(p *upload) (policy objstore.PolicyIndex, old *meta.ObjectRow, err error) {
	policy, err = e.containerPolicy(p.call)
	if err != nil {
		return 0, nil, p.noContainer(err)
	}
	row, found, err := e.db.Object(p.id)
	if err != nil {
		return 0, nil, err
	}
	if !found {
		return policy, nil, nil
	}
	if p.opts.IfNoneMatch && !expired(&row.Info) {
		return 0, nil, p.fail(objstore.KindPrecondition, nil)
	}
	if p.opts.Timestamp != 0 && p.opts.Timestamp <= row.Info.Modified {
		return 0, nil, p.fail(objstore.KindConflict, errOldTimestamp)
	}
	return policy, &row, nil
}

// storeBody reads the body and stores the body inline or in data files. A body
// without a stated length is read up to the inline limit first.
func (e *Engine) storeBody(p *upload) error {
	if p.opts.SizeBytes > int64(e.opts.InlineMaxBytes) {
		return e.putFile(p, nil)
	}
	buf := e.getBuffer()
	defer e.putBuffer(buf)
	// One byte more than fits inline is read: a longer body fills the buffer.
	n, err := readFull(&p.body, buf.bytes[:e.opts.InlineMaxBytes+1])
	if err == io.EOF {
		return e.putInline(p, buf.bytes[:n])
	}
	if err != nil {
		return p.bodyFailed(err)
	}
	return e.putFile(p, buf.bytes[:n])
}

// bodyFailed returns the error of the client if the client caused the error.
func (p *upload) bodyFailed(err error) error {
	if p.body.kind != objstore.KindInternal {
		return p.fail(p.body.kind, p.body.err)
	}
	return err
}

// bodyRead is called after the last byte. The ETag is compared, and then Finish
// may refuse or change the information.
func (p *upload) bodyRead() error {
	if p.opts.ETag != "" && p.opts.ETag != p.row.Info.ETag {
		return p.fail(objstore.KindETagMismatch, nil)
	}
	if p.opts.Finish == nil {
		return nil
	}
	if err := p.opts.Finish(&p.row.Info); err != nil {
		return p.fail(objstore.KindInternal, err)
	}
	return nil
}

// putFile writes the body to data files. head is the part of the body that was
// read already.
func (e *Engine) putFile(p *upload, head []byte) error {
	id := device.NewID()
	defer e.inUse.write(meta.FileID(id))()
	layout := e.fleet.layout(p.policy)
	w, err := e.fleet.set.Create(id, layout, e.place(p.id, p.policy), datafile.WriterOptions{
		SizeHintBytes: p.opts.SizeBytes, SHA512: p.opts.SHA512, AnyMD5: p.opts.AnyETag})
	if err != nil {
		return err
	}
	defer e.abort(w)
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := w.ReadFrom(&p.body); err != nil {
		return p.bodyFailed(err)
	}
	sum := w.Sum()
	info := &p.row.Info
	info.SizeBytes, info.ETag, info.SHA512 = sum.SizeBytes, sum.MD5, sum.SHA512
	if err := p.bodyRead(); err != nil {
		return err
	}
	if err := e.checkTargetEarly(p); err != nil { // before the sync, the most expensive step
		return err
	}
	p.row.ID, p.row.Place, p.row.Policy = meta.FileID(id), meta.PlaceFile, p.policy
	p.stamp(&e.clock, nil)
	done := e.stats.publishes.start()
	placed, err := w.Finish(datafile.Footer{Object: p.id, Policy: p.policy, Info: *info})
	done()
	if err != nil {
		return err
	}
	p.row.Placement = placementOf(layout, placed)
	if refused, err := e.commitPut(p, nil); err != nil {
		if refused {
			e.removeUnnamed(id, placed)
		}
		return err
	}
	e.stats.filePuts.Add(1)
	return nil
}

// putInline stores a body in the index.
func (e *Engine) putInline(p *upload, body []byte) error {
	p.digest(body)
	if err := p.bodyRead(); err != nil {
		return err
	}
	p.row.Place = meta.PlaceInline
	var random [8]byte
	rand.Read(random[:])
	p.row.ID = inlineID(e.clock.Now(), random)
	if _, err := e.commitPut(p, body); err != nil {
		return err
	}
	e.stats.inlinePuts.Add(1)
	return nil
}

// commitPut repeats the checks under the lock of the object, and makes the
// object visible. refused is true if the index was not written.
func (e *Engine) commitPut(p *upload, body []byte) (refused bool, err error) {
	defer e.locks.lockObject(p.id)()
	policy, old, err := e.checkTarget(p)
	if err != nil {
		return true, err
	}
	p.row.Policy = policy
	p.stamp(&e.clock, old)
	return false, e.replaceObject(p.id, &p.row, old, body)
}

// stamp sets the time of the object. The time is the time that the caller set,
// else the time in the data file, else now. Unless the caller set the time, the
// new time is later than the time of the replaced object.
func (p *upload) stamp(clock *objstore.Clock, old *meta.ObjectRow) {
	info := &p.row.Info
	if p.opts.Timestamp != 0 {
		info.Created = p.opts.Timestamp
		clock.Advance(p.opts.Timestamp)
	} else if info.Created == 0 || old != nil && old.Info.Modified >= info.Created {
		info.Created = now(clock, old)
	}
	info.Modified = info.Created
}

// now returns a time for a change of an object. The time is later than the time
// of the row old, if there is a row.
func now(clock *objstore.Clock, old *meta.ObjectRow) objstore.Timestamp {
	if old != nil {
		clock.Advance(old.Info.Modified)
	}
	return clock.Now()
}

// abort gives up data files that were not published. After publishing abort does
// nothing.
func (e *Engine) abort(w *blob.Writer) {
	if err := e.dev.Sealed(); err != nil && !e.fleet.several() {
		e.reportSealed(err)
	}
	if err := w.Abort(); err != nil {
		// Open empties tmp/: only space is lost until then.
		e.log.Warn("an unfinished upload was not removed", "err", err)
	}
}

// removeUnnamed removes published files after the row was refused.
func (e *Engine) removeUnnamed(id device.ID, placed blob.Placement) {
	if _, err := e.fleet.set.Remove(id, placed); err != nil {
		e.messy.Store(true)
		e.log.Warn("a data file without an object was not removed; the next start moves it to quarantine", "file", id, "err", err)
	}
}
