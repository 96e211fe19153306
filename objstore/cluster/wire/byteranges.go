// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"strconv"
	"strings"
)

const (
	// rangePartsMax is how many parts an answer may have: Swift answers a
	// request for more ranges with the whole object (swift/common/swob.py:
	// Range.ranges_for_length, MAX_RANGES).
	rangePartsMax = 50
	// boundaryBytesMax is the longest boundary (RFC 2046, 5.1.1).
	boundaryBytesMax = 70
	// partHeadBytesMax and partFieldsMax bound the head of a part, which has a
	// content type and a range.
	partHeadBytesMax = 16 << 10
	partFieldsMax    = 16
	// epilogueBytesMax bounds the bytes behind the last boundary.
	epilogueBytesMax = 16
)

const (
	errNoBoundary   = protocolError("multipart/byteranges without a usable boundary")
	errBoundary     = protocolError("a part does not end with the boundary")
	errPartRange    = protocolError("a part has no usable Content-Range")
	errTooManyParts = protocolError("the answer has too many parts")
	errEpilogue     = protocolError("bytes follow the last part")
	errPartsShort   = protocolError("the body ends before its last part does")
)

// ContentRange is the value of a Content-Range: the bytes from First to Last,
// both included, of Size bytes; -1 where the size is not told.
type ContentRange struct{ First, Last, Size int64 }

// ParseContentRange parses "bytes 0-9/100".
func ParseContentRange(s string) (ContentRange, bool) {
	var r ContentRange
	rest, ok := strings.CutPrefix(s, "bytes ")
	span, size, ok2 := strings.Cut(rest, "/")
	first, last, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return r, false
	}
	var err1, err2, err3 error
	r.First, err1 = parseNumber(first)
	r.Last, err2 = parseNumber(last)
	if r.Size = -1; size != "*" {
		r.Size, err3 = parseNumber(size)
	}
	ok = errors.Join(err1, err2, err3) == nil && r.First <= r.Last && (r.Size < 0 || r.Last < r.Size)
	return r, ok
}

// Length is the number of bytes of the range.
func (r ContentRange) Length() int64 { return r.Last - r.First + 1 }

// Part is a part of a multipart/byteranges answer.
type Part struct {
	Range  ContentRange
	Header Header
}

// Parts reads a multipart/byteranges body part by part. The bytes of a part are
// counted by its Content-Range, never searched for the boundary.
type Parts struct {
	response *Response
	in       *bufio.Reader // nil after the end
	boundary string
	left     int64 // bytes of the current part
	count    int
	err      error
}

// Parts reads the body of a 206 as multipart/byteranges. The Response must not
// be read otherwise.
func (r *Response) Parts() (*Parts, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	boundary := params["boundary"]
	p := &Parts{response: r, boundary: boundary}
	if err != nil || kind != "multipart/byteranges" || boundary == "" || len(boundary) > boundaryBytesMax {
		return nil, p.fail(errNoBoundary)
	}
	p.in = readers.Get().(*bufio.Reader)
	p.in.Reset(r.Body)
	return p, nil
}

// Next skips what is left of the current part and begins the next. After the
// last part Next returns io.EOF, and the connection can be used again.
func (p *Parts) Next() (*Part, error) {
	if p.err != nil {
		return nil, p.err
	}
	if err := p.skip(); err != nil {
		return nil, p.fail(err)
	}
	last, err := p.delimiter()
	switch {
	case err != nil:
		return nil, p.fail(err)
	case last:
		if err := p.epilogue(); err != nil {
			return nil, p.fail(err)
		}
		p.finish(io.EOF)
		return nil, io.EOF
	case p.count == rangePartsMax:
		return nil, p.fail(errTooManyParts)
	}
	p.count++
	part, err := readPart(p.in)
	if err != nil {
		return nil, p.fail(err)
	}
	p.left = part.Range.Length()
	return part, nil
}

// Read reads the current part; io.EOF is the end of the part.
func (p *Parts) Read(b []byte) (int, error) {
	switch {
	case p.left == 0 || p.err != nil:
		if p.err != nil {
			return 0, p.err
		}
		return 0, io.EOF
	case len(b) == 0:
		return 0, nil
	}
	n, err := p.in.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	if err != nil {
		err = p.fail(short(err))
	}
	return n, err
}

// Close closes the Response.
func (p *Parts) Close() error {
	if p.err == nil {
		p.finish(errClosed)
	}
	return p.response.Body.Close()
}

func (p *Parts) skip() error {
	for p.left > 0 {
		n, err := p.in.Discard(int(min(p.left, copyBytes)))
		p.left -= int64(n)
		if err != nil {
			return short(err)
		}
	}
	return nil
}

// delimiter reads up to the head of the next part. It reports whether the
// boundary was the last.
func (p *Parts) delimiter() (last bool, err error) {
	if p.count > 0 {
		if err := p.expect("\r\n"); err != nil {
			return false, err
		}
	}
	if err := p.expect("--" + p.boundary); err != nil {
		return false, err
	}
	end, err := p.in.Peek(2)
	if err != nil {
		return false, short(err)
	}
	if string(end) == "--" {
		return true, p.expect("--")
	}
	return false, p.expect("\r\n")
}

func (p *Parts) expect(text string) error {
	got, err := p.in.Peek(len(text))
	if err != nil {
		return short(err)
	}
	if string(got) != text {
		return errBoundary
	}
	_, err = p.in.Discard(len(text))
	return err
}

// epilogue reads to the end of the body, where only line ends may follow.
func (p *Parts) epilogue() error {
	for range epilogueBytesMax + 1 {
		c, err := p.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case c != '\r' && c != '\n':
			return errEpilogue
		}
	}
	return errEpilogue
}

// fail closes the connection and names the node.
func (p *Parts) fail(err error) error {
	err = p.response.Body.(*body).abandon("parts", err)
	p.finish(err)
	return err
}

func (p *Parts) finish(err error) {
	p.err = err
	if p.in != nil {
		p.in.Reset(nil)
		readers.Put(p.in)
		p.in = nil
	}
}

// short makes the end of the body inside its parts an error of the protocol.
func short(err error) error {
	if named := (*Error)(nil); errors.As(err, &named) {
		return err
	}
	if errors.Is(unexpected(err), io.ErrUnexpectedEOF) {
		return errPartsShort
	}
	return err
}

// readPart reads the head of a part.
func readPart(in *bufio.Reader) (*Part, error) {
	o := Options{HeadBytes: partHeadBytesMax, LineBytes: partHeadBytesMax, HeadFields: partFieldsMax}
	text, err := appendHead(nil, in, &o)
	if err != nil {
		return nil, short(err)
	}
	part := new(Part)
	if part.Header, err = parseFields(string(text), partFieldsMax); err != nil {
		return nil, err
	}
	var ok bool
	if part.Range, ok = ParseContentRange(part.Header.Get("Content-Range")); !ok {
		return nil, errPartRange
	}
	return part, nil
}

// parseNumber parses decimal digits.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}
