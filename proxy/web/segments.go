// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"io"
)

// ErrSegmentChanged means: a segment of a large object differs from its
// manifest or its listing.
var ErrSegmentChanged = errors.New("a segment of a large object has changed")

// Segment is a piece of a large object.
type Segment struct {
	Bytes int64
	// Open returns the bytes of a part that lies inside the segment and is not
	// empty. The reader gives exactly the length of the part, or an error.
	Open func(part ByteRange) (io.ReadCloser, error)
}

// SegmentBody is a part of a large object: its segments in order, with at most
// a single open segment. It gives exactly the promised length, or an error.
// After an error every Read fails with the same error. It implements
// io.WriterTo. A segment may be a large object and have a SegmentBody of its
// own.
type SegmentBody struct {
	next func() (Segment, error)
	skip int64 // bytes to leave out before the first byte of the body
	left int64 // bytes still to come; -1: up to the last segment

	open     io.ReadCloser // the segment being read, or nil
	openLeft int64         // bytes still to come from open
	err      error         // the end of the body, or nil
}

// NewSegmentBody returns a body of length bytes that begins after the first
// skip bytes of the whole. With length -1 the body goes on to the end. next
// returns the segments in their order, and io.EOF after the last. The body asks
// for no more segments than it needs.
func NewSegmentBody(next func() (Segment, error), skip, length int64) *SegmentBody {
	return &SegmentBody{next: next, skip: skip, left: length}
}

// Advance opens the next segment with bytes to give, and returns io.EOF after
// the last. Called before the first Read, Advance tells whether the body has
// any byte.
func (b *SegmentBody) Advance() error {
	if b.err == nil {
		b.err = b.openNext()
	}
	return b.err
}

// openNext closes the open segment and opens the next with bytes to give. Too
// few segments for the promised length are ErrSegmentChanged.
func (b *SegmentBody) openNext() error {
	if err := b.closeSegment(); err != nil {
		return err
	}
	for b.left != 0 {
		seg, err := b.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if b.skip >= seg.Bytes {
			b.skip -= seg.Bytes
			continue
		}
		part := ByteRange{Start: b.skip, End: seg.Bytes}
		if b.left > 0 {
			part.End = min(part.End, part.Start+b.left)
		}
		b.skip = 0
		b.open, err = seg.Open(part)
		b.openLeft = part.Length()
		return err
	}
	if b.left > 0 {
		return ErrSegmentChanged
	}
	return io.EOF
}

// took counts bytes from the open segment.
func (b *SegmentBody) took(n int64) {
	b.openLeft -= n
	if b.left > 0 {
		b.left -= n
	}
}

// Read continues with the next segment where a segment ends.
func (b *SegmentBody) Read(p []byte) (int, error) {
	for b.err == nil && len(p) > 0 {
		if b.open == nil || b.openLeft == 0 {
			_ = b.Advance() // an error is kept in b.err and ends the loop
			continue
		}
		n, err := b.open.Read(p[:min(int64(len(p)), b.openLeft)])
		b.took(int64(n))
		if err == io.EOF && b.openLeft > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			b.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	return 0, b.err
}

// WriteTo copies each segment with the segment's own WriteTo, if the segment
// has a WriteTo.
func (b *SegmentBody) WriteTo(w io.Writer) (total int64, err error) {
	for b.err == nil {
		if b.open == nil || b.openLeft == 0 {
			_ = b.Advance() // an error is kept in b.err and ends the loop
			continue
		}
		n, err := io.Copy(w, b.open)
		b.took(n)
		total += n
		if err == nil && b.openLeft > 0 {
			err = io.ErrUnexpectedEOF
		}
		b.err = err
	}
	if b.err == io.EOF {
		return total, nil
	}
	return total, b.err
}

// Close closes the open segment.
func (b *SegmentBody) Close() error { return b.closeSegment() }

func (b *SegmentBody) closeSegment() error {
	open := b.open
	b.open = nil
	if open == nil {
		return nil
	}
	return open.Close()
}
