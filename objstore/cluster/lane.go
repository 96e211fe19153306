// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
)

// laneChunks is how many chunks wait for a node that is slower than the other
// nodes of an upload.
const laneChunks = 2

// lane is the way of an upload to a node.
type lane struct {
	u     *upload
	node  nodes.Node
	start time.Time
	put   *wire.Put
	final *answer // the answer, if the node gave a final answer in place of 100

	queue chan load // closed at the end of the body
	// pending is how many loads the lane has, in the queue and in work. Without
	// loads the lane does not use put, and the upload's goroutine may.
	pending atomic.Int32
	gone    chan struct{} // closed when the lane takes no more chunks
	once    sync.Once
	// footer is the metadata behind the body, and whole says that the body has
	// come to its end. Both are set before queue is closed.
	footer wire.Header
	whole  bool

	// The following are for an erasure-coded upload.
	index    int // of the fragments
	digest   archiveDigest
	reported bool // see report
}

// connectTo asks a node to take the upload, and returns the lane if the node says
// 100, or gives a final answer below 500.
func (u *upload) connectTo(ctx context.Context, n nodes.Node, h wire.Header) *lane {
	l := &lane{u: u, node: n, start: time.Now(), queue: make(chan load, u.laneLoads()), gone: make(chan struct{})}
	put, err := u.wire.Put(ctx, &wire.Request{
		Method: u.method, Addr: n.Address(), Device: n.Device.Device, Path: u.path(n.Device.Device, ""),
		Header: h, Length: u.sentBytes(), Footer: u.footed, Commit: u.code != nil,
	})
	if err != nil {
		l.fail(err)
		return nil
	}
	l.put = put
	_, res, err := put.Continue(ctx)
	switch {
	case err != nil:
		l.fail(err)
		return nil
	case res == nil:
		u.nodes.Answered(n.Device)
		return l
	}
	if l.final = l.answered(res); l.final == nil {
		return nil
	}
	return l
}

// laneLoads is the length of a lane's queue.
func (u *upload) laneLoads() int {
	if u.code != nil {
		return ecLaneStripes
	}
	return laneChunks
}

// sentBytes is what each node is to store, or 0 if that is not known.
func (u *upload) sentBytes() int64 {
	if u.code != nil && u.o.SizeBytes > 0 {
		return u.code.ArchiveBytes(u.o.SizeBytes)
	}
	return max(u.o.SizeBytes, 0)
}

// fail counts a failure against the node.
func (l *lane) fail(err error) {
	l.u.unanswered(&l.u.request, l.node, l.start, err)
	l.u.noteFailure(err)
}

// answered reads a final answer. An answer of 500 and above is a failure, and
// nil.
func (l *lane) answered(res *wire.Response) *answer {
	a := readAnswer(l.node, res)
	l.u.answered(&l.u.request, l.node, l.start, a.status)
	if a.status < statusInternal {
		return a
	}
	l.u.noteFailure(a.err(l.u.server, l.u.method))
	return nil
}

// leave ends the lane for the upload: no more chunks are put into the queue.
func (l *lane) leave() { l.once.Do(func() { close(l.gone) }) }

// left reports whether the lane has ended for the upload.
func (l *lane) left() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

// hold counts a load that is about to go into the queue.
func (l *lane) hold(c load) {
	c.use()
	l.pending.Add(1)
}

// done is the end of hold.
func (l *lane) done(c load) {
	c.release()
	l.pending.Add(-1)
}

// offer puts a chunk into the queue, if there is room.
func (l *lane) offer(c load) bool {
	select {
	case l.queue <- c:
		return true
	default:
		return false
	}
}

// run sends the chunks of the queue, and returns the node's final answer after
// the end of the body. Nil: the node failed, or the upload was given up.
func (l *lane) run(ctx context.Context) *answer {
	defer l.report(false)
	if l.digest != nil {
		defer l.digest.Release()
	}
	if l.final != nil {
		return l.final
	}
	var err error
	for c := range l.queue {
		if err == nil && !l.left() {
			if err = c.write(l); err != nil {
				l.leave()
			}
		}
		l.done(c)
	}
	early := errors.Is(err, wire.KindAnswered)
	if err != nil && !early {
		l.fail(err)
		return nil
	}
	if !early && (!l.whole || l.left()) {
		l.put.Abort()
		return nil
	}
	return l.finish(ctx, early)
}

func (l *lane) write(b []byte) error {
	if l.digest != nil {
		_, _ = l.digest.Write(b) // never fails
	}
	return l.put.Write(b)
}

// finish ends the body and waits for the final answer.
func (l *lane) finish(ctx context.Context, early bool) *answer {
	if l.footer != nil && !early {
		footer := l.footer
		if l.u.code != nil {
			footer = l.archiveFooter()
		}
		if err := l.put.Footer(footer); err != nil && !errors.Is(err, wire.KindAnswered) {
			l.fail(err)
			return nil
		}
	}
	end := l.put.Finish
	if l.u.code != nil && !early {
		end = l.commit
	}
	res, err := end(ctx)
	if err != nil {
		l.fail(err)
		return nil
	}
	return l.answered(res)
}
