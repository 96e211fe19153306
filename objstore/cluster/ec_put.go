// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"needletail/objstore"
	"needletail/objstore/cluster/wire"
)

// ecLaneStripes is how many stripes wait for a node that is slower than the
// other nodes of an upload. A stripe has the memory of a segment and of all its
// fragments.
const ecLaneStripes = 1

// stripe is a segment of a body and its fragments on their way to the nodes.
type stripe struct {
	code      *coding
	segment   []byte
	fragments [][]byte
	refs      atomic.Int32
	own       bool // of a small body: nobody uses the stripe again
}

// newStripe returns a stripe with a single user, for a body of a length.
func (c *coding) newStripe(bodyBytes int64) *stripe {
	s := &stripe{own: c.small(bodyBytes)}
	if !s.own {
		if pooled, ok := c.stripes.Get().(*stripe); ok {
			s = pooled
		}
	}
	if s.code == nil {
		s.code, s.fragments = c, make([][]byte, c.fragments())
	}
	s.refs.Store(1)
	return s
}

// write sends the lane's fragment.
func (s *stripe) write(l *lane) error { return l.write(s.fragments[l.index]) }

// writeNow is never possible: the lane takes the digest of its archive.
func (s *stripe) writeNow(*lane) bool { return false }

func (s *stripe) use() { s.refs.Add(1) }

func (s *stripe) release() {
	if s.refs.Add(-1) == 0 && !s.own {
		s.code.stripes.Put(s)
	}
}

// assignFragments gives each node of an upload the index of its fragments. A
// primary has the index of its place in the ring; a handoff (-1) stands in for a
// primary that is missing. With several copies of each fragment, fragments that
// no node has come first (swift/proxy/controllers/obj.py:
// _determine_chunk_destinations). A node too many gets -1.
func assignFragments(places []int, fragments, copies int) []int {
	indexes := make([]int, len(places))
	have := make([]int, fragments)
	for i, place := range places {
		indexes[i] = -1
		if place >= 0 {
			indexes[i] = place % fragments
			have[indexes[i]]++
		}
	}
	var holes []int
	for lack := copies; lack > 0; lack-- {
		for index, n := range have {
			if copies-n >= lack {
				holes = append(holes, index)
			}
		}
	}
	for i := range indexes {
		if indexes[i] < 0 && len(holes) > 0 {
			indexes[i], holes = holes[0], holes[1:]
		}
	}
	return indexes
}

// assign gives the lanes their fragments.
func (u *upload) assign() {
	places := make([]int, len(u.lanes))
	for i, l := range u.lanes {
		places[i] = l.node.Index
	}
	for i, index := range assignFragments(places, u.code.fragments(), u.code.copies) {
		u.lanes[i].index = index
	}
	u.lanes = slices.DeleteFunc(u.lanes, func(l *lane) bool {
		if l.index < 0 {
			l.put.Abort()
		}
		return l.index < 0
	})
	for _, l := range u.lanes {
		l.digest = newArchiveDigest(u.o.SizeBytes)
	}
	u.stored, u.commit = make(chan bool, len(u.lanes)), make(chan struct{})
}

// readSegments reads the body segment by segment, and gives each lane its
// fragments.
func (u *upload) readSegments(ctx context.Context, body io.Reader, d *digests) (size int64, err error) {
	for size != u.o.SizeBytes {
		s := u.code.newStripe(u.o.SizeBytes)
		room := int(u.room(size, u.code.SegmentBytes))
		s.segment = slices.Grow(s.segment[:0], room)[:room]
		n, end, err := readFull(body, s.segment, room)
		size += int64(n)
		if err = u.checkRead(size, end, err); err == nil && n > 0 {
			d.take(s.segment[:n], s)
			if err = u.code.codec.Encode(s.segment[:n], s.fragments); err != nil {
				err = u.fail(objstore.KindInternal, err)
			} else {
				err = u.send(ctx, s)
			}
		}
		s.release()
		if err != nil || end {
			return size, err
		}
	}
	return size, nil
}

// ecFooter is the metadata behind the archives, all but the archive's own MD5
// and index (swift/proxy/controllers/obj.py: trailing_metadata). etag is the MD5 of
// what was coded, and more is what a footer has without coding.
func (u *upload) ecFooter(sizeBytes int64, etag string, more wire.Header) wire.Header {
	size := strconv.FormatInt(sizeBytes, 10)
	h := wire.Header{
		{Name: ecETag, Value: etag},
		{Name: ecLength, Value: size},
		{Name: "X-Backend-Container-Update-Override-Etag", Value: etag},
		{Name: "X-Backend-Container-Update-Override-Size", Value: size},
		{Name: ecScheme, Value: u.code.codec.Scheme()},
		{Name: ecSegmentBytes, Value: strconv.FormatInt(u.code.SegmentBytes, 10)},
	}
	for _, f := range more {
		if f.Name != "Etag" && !isEC(f.Name) {
			h.Set(f.Name, f.Value)
		}
	}
	return h
}

// archiveFooter completes the footer of an archive.
func (l *lane) archiveFooter() wire.Header {
	h := l.footer.Clone()
	h.Set("Etag", l.digest.sum())
	h.Set(ecIndex, strconv.Itoa(l.index))
	return h
}

// awaitStored waits until each lane has stored its archive or has failed, but not
// longer than PostQuorumTimeout after a quorum, and lets all commit if a quorum
// has stored. A lane that stores later commits then. Swift's proxy waits
// node_timeout for each lane (swift/proxy/controllers/obj.py:
// ECObjectController._transfer_data).
func (u *upload) awaitStored(ctx context.Context) error {
	stored := 0
	var deadline <-chan time.Time
	for left := len(u.lanes); left > 0; left-- {
		select {
		case ok := <-u.stored:
			if ok {
				stored++
			}
			if deadline == nil && stored >= u.quorum {
				deadline = u.after(u.options.PostQuorumTimeout)
			}
		case <-deadline:
			left = 1
		case <-ctx.Done():
			return u.fail(objstore.KindUnavailable, context.Cause(ctx))
		}
	}
	if err := u.enough(ctx, stored); err != nil {
		return err
	}
	close(u.commit)
	return nil
}

// report tells awaitStored of the lane, once.
func (l *lane) report(stored bool) {
	if l.u.code != nil && !l.reported {
		l.reported = true
		l.u.stored <- stored
	}
}

// commit waits until the node has stored the archive, and makes the archive
// durable if the upload has a quorum. The result is the node's final answer, or
// nil.
func (l *lane) commit(ctx context.Context) (*wire.Response, error) {
	_, res, err := l.put.Continue(ctx)
	if err != nil || res != nil {
		return res, err
	}
	l.report(true)
	select {
	case <-l.u.commit:
	case <-ctx.Done():
		l.put.Abort() // so Commit fails
	}
	if err := l.put.Commit(); err != nil && !errors.Is(err, wire.KindAnswered) {
		return nil, err
	}
	return l.put.Finish(ctx)
}
