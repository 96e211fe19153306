package dlo

import (
	"errors"
	"io"

	"needletail/proxy/swift"
)

// errSegmentChanged: a segment is not as long as its listing said.
var errSegmentChanged = errors.New("a segment has changed its length")

// body is one segment after the other.
type body struct {
	segments *segments
	skip     int64 // bytes to leave out before the first that is sent
	left     int64 // bytes still to come; -1: up to the last segment

	open     *swift.Response // the segment that is being read, or nil
	openLeft int64           // bytes still to come from it
	err      error           // what ended the body; it stays
}

// advance opens the next segment that has bytes to give; io.EOF after the last.
func (b *body) advance() error {
	if b.err == nil {
		b.err = b.openNext()
	}
	return b.err
}

func (b *body) openNext() error {
	if err := b.closeSegment(); err != nil {
		return err
	}
	for b.left != 0 {
		seg, ok, err := b.segments.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if b.skip >= seg.Bytes {
			b.skip -= seg.Bytes
			continue
		}
		part := swift.ByteRange{Start: b.skip, End: seg.Bytes}
		if b.left > 0 {
			part.End = min(part.End, part.Start+b.left)
		}
		b.skip = 0
		res, err := b.segments.open(seg, part)
		if err != nil {
			return err
		}
		b.open, b.openLeft = res, part.Length()
		if res.ContentLength != part.Length() {
			return errSegmentChanged
		}
		return nil
	}
	if b.left > 0 {
		return errSegmentChanged
	}
	return io.EOF
}

// took counts bytes that came from the open segment.
func (b *body) took(n int64) {
	b.openLeft -= n
	if b.left > 0 {
		b.left -= n
	}
}

// Read reads on, into the next segment where one ends.
func (b *body) Read(p []byte) (int, error) {
	for b.err == nil && len(p) > 0 {
		if b.open == nil || b.openLeft == 0 {
			_ = b.advance() // the loop ends on its error
			continue
		}
		n, err := b.open.Body.Read(p[:min(int64(len(p)), b.openLeft)])
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
func (b *body) WriteTo(w io.Writer) (total int64, err error) {
	for b.err == nil {
		if b.open == nil || b.openLeft == 0 {
			_ = b.advance() // the loop ends on its error
			continue
		}
		n, err := io.Copy(w, b.open.Body)
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
func (b *body) Close() error { return b.closeSegment() }

func (b *body) closeSegment() error {
	res := b.open
	b.open = nil
	return res.Close()
}
