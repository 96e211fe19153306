// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"needletail/objstore/pipe"
)

var errTeed = errors.New("a pipe took a part of a piece")

// teed is a piece of a body that goes from the client's socket to the nodes'
// inside the kernel. Each lane has a pipe with the whole piece.
type teed struct {
	lanes []*lane
	pipes []*pipe.Pipe // of the lanes
	refs  atomic.Int32
}

var teeds = sync.Pool{New: func() any { return new(teed) }}

// takesPipes reports whether the nodes get the body just as the client sends the
// body, so that pieces can go through pipes.
func (u *upload) takesPipes(d *digests) bool {
	return u.code == nil && !u.footed && d.sha512 == nil && u.o.SizeBytes > pipe.BytesMax
}

// fillTeed makes a piece of at most most bytes out of the next bytes of a body.
// io.EOF comes with the last piece. Nil without an error: the client is slow, or no
// pipes are free, and the caller copies.
func (u *upload) fillTeed(body pipe.Reader, most int) (*teed, int, error) {
	t := u.newTeed()
	if t == nil {
		return nil, 0, nil
	}
	n, err := body.FillPipe(t.pipes[0], most)
	if n > 0 && (err == nil || err == io.EOF) {
		if teeErr := t.tee(); teeErr != nil {
			err = teeErr
		}
	}
	if n == 0 || err != nil && err != io.EOF {
		t.release()
		return nil, 0, err
	}
	return t, n, err
}

// tee gives the bytes of the first pipe to all pipes.
func (t *teed) tee() error {
	first := t.pipes[0]
	for _, p := range t.pipes[1:] {
		if n, err := first.Tee(p); n != first.Held() {
			return errors.Join(errTeed, err)
		}
	}
	return nil
}

// newTeed takes a pipe for each lane that is there, or returns nil. The piece
// has a single user.
func (u *upload) newTeed() *teed {
	t := teeds.Get().(*teed)
	t.refs.Store(1)
	for _, l := range u.lanes {
		if l.final != nil || l.left() {
			continue
		}
		p := u.pipes.Take()
		if p == nil {
			t.release()
			return nil
		}
		t.lanes, t.pipes = append(t.lanes, l), append(t.pipes, p)
	}
	if len(t.pipes) == 0 {
		t.release()
		return nil
	}
	return t
}

// write sends the piece to the node of a lane.
func (t *teed) write(l *lane) error {
	i := slices.Index(t.lanes, l)
	if i < 0 {
		return errTeed
	}
	return l.put.WritePipe(t.pipes[i])
}

// writeNow spares a wake-up of the lane, which costs as much as the sending.
func (t *teed) writeNow(l *lane) bool {
	i := slices.Index(t.lanes, l)
	return i >= 0 && l.put.WritePipeNow(t.pipes[i])
}

func (t *teed) use() { t.refs.Add(1) }

// release ends a use; the last gives the pipes back.
func (t *teed) release() {
	if t.refs.Add(-1) == 0 {
		for _, p := range t.pipes {
			p.Give()
		}
		clear(t.lanes) // a pooled piece keeps no upload from the garbage collector
		t.lanes, t.pipes = t.lanes[:0], t.pipes[:0]
		teeds.Put(t)
	}
}
