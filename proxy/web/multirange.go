// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
)

// Ranger opens parts of a body, each after the last. An objstore.Object is a
// Ranger.
type Ranger interface {
	Range(offset, length int64) io.Reader
	Close() error
}

// ContentRange returns the value of a Content-Range header.
func ContentRange(r ByteRange, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.Start, r.End-1, size)
}

// RangeBody returns the part r of src as a response body. Closing the body
// closes src.
func RangeBody(src Ranger, r ByteRange) io.ReadCloser {
	return &rangeBody{Reader: src.Range(r.Start, r.Length()), src: src}
}

type rangeBody struct {
	io.Reader
	src Ranger
}

func (b *rangeBody) Close() error { return b.src.Close() }

// WriteTo uses the reader's own WriteTo, if the reader has a WriteTo.
func (b *rangeBody) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, b.Reader) }

// multiBody is a multipart/byteranges body. It opens a part when reading
// reaches the part, so it holds at most the head of a part in memory.
type multiBody struct {
	src         Ranger
	ranges      []ByteRange
	contentType string
	boundary    string
	size        int64
	length      int64

	next    int // the next range; len(ranges)+1 after the end
	head    []byte
	part    io.Reader
	partEnd int64 // bytes of part still to come
}

// NewMultiRangeBody returns the multipart/byteranges body of several ranges of
// a body of size bytes, its Content-Type and its exact length (swob:
// multi_range_iterator). Closing the body closes src.
func NewMultiRangeBody(src Ranger, ranges []ByteRange, contentType string, size int64) (body io.ReadCloser, multipartType string, length int64) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // crypto/rand.Read does not fail
	b := &multiBody{src: src, ranges: ranges, contentType: contentType, size: size,
		boundary: hex.EncodeToString(random[:])}
	b.length = b.measure()
	return b, "multipart/byteranges;boundary=" + b.boundary, b.length
}

// measure returns the length of the whole body.
func (b *multiBody) measure() int64 {
	n := int64(len(b.appendEnd(nil)))
	for i, r := range b.ranges {
		n += int64(len(b.appendHead(nil, i))) + r.Length()
	}
	return n
}

// appendHead appends the text before part i. For every part but the first, the
// text begins with the line end after the last part.
func (b *multiBody) appendHead(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "--"+b.boundary+"\r\nContent-Type: "+b.contentType+"\r\nContent-Range: bytes "...)
	dst = strconv.AppendInt(dst, b.ranges[i].Start, 10)
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, b.ranges[i].End-1, 10)
	dst = append(dst, '/')
	dst = strconv.AppendInt(dst, b.size, 10)
	return append(dst, "\r\n\r\n"...)
}

// appendEnd appends the text behind the last part.
func (b *multiBody) appendEnd(dst []byte) []byte {
	return append(dst, "\r\n--"+b.boundary+"--"...)
}

// advance opens the next part, or the end behind the last part. It returns
// false after the end.
func (b *multiBody) advance() bool {
	switch {
	case b.next < len(b.ranges):
		r := b.ranges[b.next]
		b.head = b.appendHead(b.head[:0], b.next)
		b.part, b.partEnd = b.src.Range(r.Start, r.Length()), r.Length()
	case b.next == len(b.ranges):
		b.head, b.part = b.appendEnd(b.head[:0]), nil
	default:
		return false
	}
	b.next++
	return true
}

// Read returns heads and parts in turn. A part that ends early is an error: the
// client has been promised the length.
func (b *multiBody) Read(p []byte) (int, error) {
	for {
		if len(b.head) > 0 {
			n := copy(p, b.head)
			b.head = b.head[n:]
			return n, nil
		}
		if b.part != nil && b.partEnd > 0 {
			n, err := b.part.Read(p)
			b.partEnd -= int64(n)
			switch {
			case n > 0 && (err == nil || err == io.EOF):
				return n, nil
			case err == io.EOF:
				return 0, io.ErrUnexpectedEOF
			case n > 0 || err != nil || len(p) == 0:
				return n, err
			}
			continue
		}
		if !b.advance() {
			return 0, io.EOF
		}
	}
}

// WriteTo copies each part with the part's own WriteTo, if the part has a
// WriteTo.
func (b *multiBody) WriteTo(w io.Writer) (total int64, err error) {
	for {
		n, err := w.Write(b.head)
		total, b.head = total+int64(n), b.head[n:]
		if err != nil {
			return total, err
		}
		if b.part != nil && b.partEnd > 0 {
			n, err := io.Copy(w, b.part)
			total, b.partEnd = total+n, b.partEnd-n
			if err == nil && b.partEnd > 0 {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return total, err
			}
		}
		if !b.advance() {
			return total, nil
		}
	}
}

func (b *multiBody) Close() error { return b.src.Close() }

// UnsatisfiedRange returns the Content-Range of a 416.
func UnsatisfiedRange(size int64) string { return fmt.Sprintf("bytes */%d", size) }
