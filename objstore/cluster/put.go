// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

var (
	errNegativeSize = errors.New("a negative size")
	errLoneOffset   = errors.New("an offset without a timestamp")
	errOlder        = errors.New("a server has an object that is not older")
	errSlow         = errors.New("the server is too slow for the upload")
	errTooFew       = errors.New("too few servers are left for the upload")
	errETags        = errors.New("the servers stored bodies with different ETags")
)

// upload is a running PutObject.
type upload struct {
	*Store
	call
	request
	id      objstore.ObjectID
	o       *objstore.PutOptions
	at      internaltime.Time
	footed  bool
	seal    *swiftcrypto.Sealer // nil: the object is stored in clear
	n       int                 // nodes that the object is for
	quorum  int
	it      *nodes.Iter
	lanes   []*lane
	results chan outcome // one of each lane, and of each late connect
	late    int          // connects that run on, and whose nodes are not needed

	// The following are for an erasure-coded upload.
	stored chan bool     // whether a lane has stored its archive, once of each
	commit chan struct{} // closed when the archives are to become durable

	failures atomic.Int32 // of nodes
	full     atomic.Int32 // failures for want of room
}

// PutObject streams a body to as many nodes as the policy has copies
// (swift/proxy/controllers/obj.py: ReplicatedObjectController._store_object).
func (s *Store) PutObject(ctx context.Context, id objstore.ObjectID, body io.Reader, o objstore.PutOptions) (objstore.ObjectInfo, error) {
	c := onObject("put object", id)
	if err := s.beginObject(c, id); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.end()
	if err := checkPut(c, &o); err != nil {
		return objstore.ObjectInfo{}, err
	}
	at := internaltime.Time{Units: o.Timestamp, Offset: o.TimestampOffset}
	if o.Timestamp == 0 {
		at.Units = s.clock.Now()
	}
	place, err := s.placeWrite(ctx, c, id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	u := &upload{Store: s, call: c, request: request{target: place.object, method: "PUT"}, id: id, o: &o, at: at, seal: s.keys.Sealer(id)}
	u.footed = footed(&o) || u.code != nil || u.seal != nil
	if u.code != nil {
		give, err := s.holdCoded(ctx, c, u.code.uploadBytes(o.SizeBytes))
		if err != nil {
			return objstore.ObjectInfo{}, err
		}
		defer give()
	}
	u.n = u.primaries()
	u.quorum = u.putQuorum()
	u.it = s.iter(u.target, nodes.LocalFirst)
	head := putHeader(s.header(ctx), id, u.sealedOptions(), at, u.policy, footed(&o) || u.seal != nil)
	if o.ETag != "" && !u.footed {
		head.Set("Etag", o.ETag)
	}
	return u.run(ctx, s.objectHeads(head, u.n, u.quorum, u.target, place.row, o.DeleteAt), body)
}

// checkPut refuses a PUT whose options alone are wrong.
func checkPut(c call, o *objstore.PutOptions) error {
	switch {
	case o.SizeBytes < -1 || o.MaxBytes < 0:
		return c.fail(objstore.KindInvalid, errNegativeSize)
	case o.TimestampOffset != 0 && o.Timestamp == 0:
		return c.fail(objstore.KindInvalid, errLoneOffset)
	case o.MaxBytes > 0 && o.SizeBytes > o.MaxBytes:
		return c.fail(objstore.KindTooLarge, nil)
	}
	return nil
}

// run is the upload after its heads are known.
func (u *upload) run(ctx context.Context, heads []wire.Header, body io.Reader) (objstore.ObjectInfo, error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unfollow := context.AfterFunc(ctx, cancel)
	defer unfollow()
	u.connectAll(own, heads)
	if err := u.refused(ctx); err != nil {
		u.abort(cancel)
		return objstore.ObjectInfo{}, err
	}
	if u.code != nil {
		u.assign()
	}
	if !u.small() {
		u.startAll(own)
	}
	info, err := u.stream(ctx, body)
	u.closeQueues()
	if u.small() {
		u.startAll(own)
	}
	if err == nil && u.code != nil {
		err = u.awaitStored(ctx)
	}
	if err != nil {
		u.abort(cancel)
		u.await()
		if errors.Is(err, errTooFew) {
			err = u.enough(ctx, 0)
		}
		return objstore.ObjectInfo{}, err
	}
	answers, left := u.collect(ctx)
	if unfollow(); left+u.late == 0 || ctx.Err() != nil {
		cancel()
	} else {
		leave(u.Store, cancel, u.results, left+u.late)
	}
	return u.judge(ctx, info, answers)
}

// refused judges the answers that came in place of 100
// (swift/proxy/controllers/obj.py: _check_failure_put_connections).
func (u *upload) refused(ctx context.Context) error {
	finals := map[int]*answer{}
	for _, l := range u.lanes {
		if l.final != nil {
			finals[l.final.status] = l.final
		}
	}
	if a := finals[statusPrecondition]; a != nil && u.o.IfNoneMatch {
		return u.fail(objstore.KindPrecondition, a.err(u.server, u.method))
	}
	if a := finals[statusConflict]; a != nil {
		return u.fail(objstore.KindConflict, errors.Join(errOlder, a.err(u.server, u.method)))
	}
	return u.enough(ctx, len(u.lanes))
}

// enough is the error of an upload with too few nodes.
func (u *upload) enough(ctx context.Context, lanes int) error {
	if lanes >= u.quorum {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return u.fail(objstore.KindUnavailable, context.Cause(ctx))
	}
	u.metrics.QuorumMissed(u.server, u.method)
	kind := objstore.KindUnavailable
	if full := u.full.Load(); full > 0 && full == u.failures.Load() {
		kind = objstore.KindNoSpace
	}
	return u.fail(kind, fmt.Errorf("PUT: %d of the %d servers that are needed take the object", lanes, u.quorum))
}

// noteFailure remembers why nodes failed.
func (u *upload) noteFailure(err error) {
	if isOurs(err) {
		return
	}
	u.failures.Add(1)
	if isFull(err) {
		u.full.Add(1)
	}
}

// small reports whether the whole body is a single load: the lanes are started with
// the load in their queues, and each is woken once.
func (u *upload) small() bool {
	most := int64(enoughBytes)
	if u.code != nil {
		most = u.code.SegmentBytes
	}
	return u.o.SizeBytes >= 0 && u.o.SizeBytes <= most
}

// outcome is how a lane ended: with the node's final answer, or with nil. A late
// connect has no lane.
type outcome struct {
	lane   *lane
	answer *answer
}

// startAll starts the lanes.
func (u *upload) startAll(ctx context.Context) {
	for _, l := range u.lanes {
		if l.final != nil {
			l.leave()
		}
		u.running.Add(1)
		go func() {
			defer u.running.Done()
			u.results <- outcome{lane: l, answer: l.run(ctx)}
		}()
	}
}

// abort gives the upload up: the end of the lanes' context closes their
// connections, and a node without the end of the body stores nothing.
func (u *upload) abort(cancel context.CancelFunc) {
	for _, l := range u.lanes {
		l.leave()
	}
	cancel()
}

func (u *upload) closeQueues() {
	for _, l := range u.lanes {
		close(l.queue)
	}
}

// await waits for the lanes of an upload that was given up.
func (u *upload) await() {
	for left := len(u.lanes); left > 0; {
		if r := <-u.results; r.lane != nil {
			left--
		}
	}
}

// send gives a load to each lane. A node that does not take the load within
// NodeTimeout is left.
func (u *upload) send(ctx context.Context, c load) error {
	var deadline <-chan time.Time
	alive := 0
	for _, l := range u.lanes {
		switch {
		case l.final != nil || !l.left() && l.pending.Load() == 0 && c.writeNow(l):
			alive++
			continue
		case l.left():
			continue
		}
		l.hold(c)
		if l.offer(c) {
			alive++
			continue
		}
		if deadline == nil {
			deadline = u.after(u.options.NodeTimeout)
		}
		if u.sendLate(ctx, l, c, deadline) {
			alive++
			continue
		}
		l.done(c)
	}
	if alive < u.quorum {
		return errTooFew
	}
	return nil
}

// sendLate waits until the queue of a lane has room, and leaves the lane at the
// deadline.
func (u *upload) sendLate(ctx context.Context, l *lane, c load, deadline <-chan time.Time) bool {
	select {
	case l.queue <- c:
		return true
	case <-l.gone:
	case <-ctx.Done():
	case <-deadline:
		if l.offer(c) { // a lane that has room just now is in time
			return true
		}
		l.leave()
		l.put.Abort()
		u.failed(&u.request, l.node, errSlow)
		u.noteFailure(errSlow)
	}
	return false
}

// collect takes final answers until all lanes have ended, or PostQuorumTimeout
// after a quorum. left is how many lanes run on.
func (u *upload) collect(ctx context.Context) (answers []*answer, left int) {
	var statuses []int
	var deadline <-chan time.Time
	for left = len(u.lanes); left > 0; {
		select {
		case r := <-u.results:
			if r.lane == nil {
				u.late--
				continue
			}
			left--
			if r.answer == nil {
				continue
			}
			answers, statuses = append(answers, r.answer), append(statuses, r.answer.status)
			if deadline == nil && verdict.HaveQuorum(statuses, u.quorum) {
				deadline = u.after(u.options.PostQuorumTimeout)
			}
		case <-deadline:
			return answers, left
		}
	}
	return answers, 0
}

// judge makes the result out of the final answers.
func (u *upload) judge(ctx context.Context, info objstore.ObjectInfo, answers []*answer) (objstore.ObjectInfo, error) {
	statuses := make([]int, u.n)
	etag := ""
	for i := range statuses {
		statuses[i] = statusUnavailable
		if i >= len(answers) {
			continue
		}
		a := answers[i]
		statuses[i] = a.status
		if !success(a) {
			continue
		}
		stored := normalETag(a.header.Get("Etag"))
		if u.code == nil && etag != "" && etag != stored {
			return objstore.ObjectInfo{}, u.fail(objstore.KindInternal, fmt.Errorf("%w: %s and %s", errETags, etag, stored))
		}
		etag = stored
	}
	best := verdict.BestResponse(statuses, u.quorum, nil)
	if best.Answer < 0 {
		return objstore.ObjectInfo{}, u.enough(ctx, 0)
	}
	if a := answers[best.Answer]; !success(a) {
		return objstore.ObjectInfo{}, u.refusal(ctx, u.call, &u.request, a)
	}
	if info.ETag == "" {
		info.ETag = etag
	}
	return info, nil
}
