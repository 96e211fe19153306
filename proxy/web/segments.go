package web

import (
	"errors"
	"io"
)

// ErrSegmentChanged: a segment of a large object is not what its manifest or
// its listing says.
var ErrSegmentChanged = errors.New("a segment of a large object has changed")

// Segment is one piece of a large object.
type Segment struct {
	Bytes int64
	// Open gives the bytes of a part that lies inside the segment, and is not
	// empty: as many as the part is long, or an error.
	Open func(part ByteRange) (io.ReadCloser, error)
}

// SegmentBody is a part of a large object: one segment after the other, of
// which one is open at a time. It gives the length that was promised, or an
// error; an error stays. It implements io.WriterTo. The part of a segment that
// is a large object itself is a SegmentBody too.
type SegmentBody struct {
	next func() (Segment, error)
	skip int64 // bytes to leave out before the first that is sent
	left int64 // bytes still to come; -1: up to the last segment

	open     io.ReadCloser // the segment that is being read, or nil
	openLeft int64         // bytes still to come from it
	err      error         // what ended the body
}

// NewSegmentBody begins a body of length bytes, after the first skip of the
// whole; with length -1 it goes on to the end. next gives the segments in their
// order, and io.EOF after the last; no more are asked for than are needed.
func NewSegmentBody(next func() (Segment, error), skip, length int64) *SegmentBody {
	return &SegmentBody{next: next, skip: skip, left: length}
}

// Advance opens the next segment that has bytes to give; io.EOF after the last.
// Before the first Read it tells whether there is anything to read at all.
func (b *SegmentBody) Advance() error {
	if b.err == nil {
		b.err = b.openNext()
	}
	return b.err
}

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

// took counts bytes that came from the open segment.
func (b *SegmentBody) took(n int64) {
	b.openLeft -= n
	if b.left > 0 {
		b.left -= n
	}
}

// Read reads on, into the next segment where one ends.
func (b *SegmentBody) Read(p []byte) (int, error) {
	for b.err == nil && len(p) > 0 {
		if b.open == nil || b.openLeft == 0 {
			_ = b.Advance() // the loop ends on its error
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

// WriteTo copies each segment with the segment's own WriteTo, if it has one.
func (b *SegmentBody) WriteTo(w io.Writer) (total int64, err error) {
	for b.err == nil {
		if b.open == nil || b.openLeft == 0 {
			_ = b.Advance() // the loop ends on its error
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
