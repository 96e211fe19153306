// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"needletail/objstore"
)

const (
	// codedBytesDefault bounds the memory of all coded bodies without
	// Options.CodedBytes.
	codedBytesDefault = 256 << 20
	// codedWait is how long a coded body waits for memory, as long as a request
	// waits at the front (proxy/web: Hold).
	codedWait = 2 * time.Second
	// smallCodedBytes is the longest body whose buffers are its own. Longer bodies
	// share buffers for whole segments.
	smallCodedBytes = 64 << 10
)

// codedMemory is the account of the memory of coded bodies on their way: a coded
// body holds segments and fragments, many times what a copied body holds.
type codedMemory struct {
	limit int64 // bytes
	free  *semaphore.Weighted
	wait  time.Duration
}

func newCodedMemory(limit int64) *codedMemory {
	if limit <= 0 {
		limit = codedBytesDefault
	}
	return &codedMemory{limit: limit, free: semaphore.NewWeighted(limit), wait: codedWait}
}

// take waits for n bytes, or for all bytes if n is more. The caller calls give
// once.
func (m *codedMemory) take(ctx context.Context, n int64) (give func(), err error) {
	n = min(n, m.limit)
	if !m.free.TryAcquire(n) {
		waiting, cancel := context.WithTimeout(ctx, m.wait)
		defer cancel()
		if m.free.Acquire(waiting, n) != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, fmt.Errorf("%w: no %d of the %d bytes for erasure-coded bodies are free", objstore.ErrBusy, n, m.limit)
		}
	}
	return func() { m.free.Release(n) }, nil
}

// holdCoded takes memory for a body of an operation.
func (s *Store) holdCoded(ctx context.Context, c call, n int64) (give func(), err error) {
	give, err = s.coded.take(ctx, n)
	if errors.Is(err, objstore.ErrBusy) {
		s.log.Warn("erasure-coded bodies have no memory left", "op", c.op, "err", err)
	}
	if err != nil {
		return nil, c.fail(objstore.KindUnavailable, err)
	}
	return give, nil
}

// uploadBytes is the memory of an upload of a body, whose length may be unknown
// (-1): a stripe that is filled, and those of a lane.
func (c *coding) uploadBytes(size int64) int64 {
	segment, stripes := c.SegmentBytes, int64(ecLaneStripes+2)
	if c.small(size) {
		segment, stripes = size, 1
	}
	return stripes * (segment + int64(c.fragments())*int64(c.codec.FragmentBytes(int(segment))))
}

// readBytes is the memory of a read of an object: two segments and two fragments of
// each archive, and what mending a segment takes.
func (c *coding) readBytes(size int64) int64 {
	segment := c.SegmentBytes
	if c.small(size) {
		segment = size
	}
	fragments := int64(2*c.codec.Data() + c.codec.Parity())
	return 3*segment + fragments*int64(c.codec.FragmentBytes(int(segment)))
}

// small reports whether a body has buffers of its own.
func (c *coding) small(size int64) bool {
	return size >= 0 && size <= min(smallCodedBytes, c.SegmentBytes)
}
