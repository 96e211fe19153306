// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"fmt"
)

// Framing of a chunked body (RFC 9112, 7.1), parsed strictly: every line ends
// with CR LF, a size has only hex digits, and an extension has no control byte.
const (
	maxChunkLineBytes = 256
	maxChunkDigits    = 15 // fits int64
	maxTrailerBytes   = 8192
)

var (
	errChunkLine  = errors.New("the framing of a chunk is malformed")
	errTrailerBig = errors.New("the trailer is too large")
)

// nextChunk reads up to the first byte of the next chunk, or to the end of the
// body. Trailers are dropped: a trailer must not pass for a header of the
// request.
func (b *body) nextChunk() (last bool, err error) {
	if b.inChunk {
		if _, err := b.readLine(nil, 0); err != nil {
			return false, err
		}
	}
	b.inChunk = true
	var space [maxChunkLineBytes]byte
	line, err := b.readLine(space[:0], maxChunkLineBytes)
	if err != nil {
		return false, err
	}
	size, ok := parseChunkSize(line)
	if !ok {
		return false, badRequest(errChunkLine)
	}
	if size > 0 {
		b.left = size
		return false, nil
	}
	for room := maxTrailerBytes; ; {
		line, err := b.readLine(nil, room)
		if err != nil {
			return false, err
		}
		if len(line) == 0 {
			return true, nil
		}
		if room -= len(line) + 2; room < 0 {
			return false, badRequest(errTrailerBig)
		}
	}
}

// readLine appends a line of at most limit bytes to dst, without the CR LF.
func (b *body) readLine(dst []byte, limit int) ([]byte, error) {
	for {
		c, err := b.c.readByte()
		if err != nil {
			return nil, err
		}
		switch {
		case c == '\r':
			if c, err = b.c.readByte(); err != nil {
				return nil, err
			}
			if c != '\n' {
				return nil, badRequest(fmt.Errorf("%w: a CR inside a line", errChunkLine))
			}
			return dst, nil
		case c < ' ' && c != '\t' || c == 0x7f:
			return nil, badRequest(fmt.Errorf("%w: a control byte", errChunkLine))
		case len(dst) >= limit:
			return nil, badRequest(fmt.Errorf("%w: too long", errChunkLine))
		}
		dst = append(dst, c)
	}
}

// parseChunkSize parses "1a" or "1a;extension".
func parseChunkSize(line []byte) (int64, bool) {
	var n int64
	for i, c := range line {
		d := hexDigit[c]
		switch {
		case d >= 0 && i < maxChunkDigits:
			n = n<<4 | int64(d)
		case c == ';' && i > 0:
			return n, true
		default:
			return 0, false
		}
	}
	return n, len(line) > 0
}

var hexDigit = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "0123456789abcdef" {
		t[c] = int8(i)
	}
	for i, c := range "ABCDEF" {
		t[c] = int8(10 + i)
	}
	return t
}()
