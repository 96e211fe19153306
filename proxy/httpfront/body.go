// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"needletail/objstore/pipe"
	"needletail/proxy/web"
)

const (
	// maxDrainBytes and maxDrainTime bound how much the front reads of a body
	// that the handler left unread, in order to keep the connection.
	maxDrainBytes = 256 << 10
	maxDrainTime  = time.Second
)

const continueLine = "HTTP/1.1 100 Continue\r\n\r\n"

// body is the Body of a request. Read returns io.EOF only after the last byte.
// Every other end is a *web.StatusError: 499 for a body cut short, 408 for a
// stalled body, 400 for broken chunks. After an error, every Read returns the
// same error. If the client waits for "100 Continue", the first Read sends the
// line: a refusal without a Read comes before the body.
type body struct {
	mu      sync.Mutex
	c       *conn
	expect  bool // "100 Continue" is due
	chunked bool
	left    int64 // of the body, or of the chunk
	inChunk bool
	n       int64 // bytes given
	err     error
}

var errBodyOver = errors.New("the request is over")

// init prepares the body of a request with the head h.
func (b *body) init(c *conn, h *head) {
	b.c, b.expect, b.chunked, b.left = c, h.expect, h.length == -1, max(h.length, 0)
	if !b.chunked && b.left == 0 {
		b.err = io.EOF
	}
}

// Read reads bytes of the body.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if b.expect {
		b.expect = false
		if err := b.c.send([]byte(continueLine)); err != nil {
			b.err = bodyError(err)
			return 0, b.err
		}
	}
	n, err := b.read(p)
	b.n += int64(n)
	if err != nil {
		b.err = bodyError(err)
	}
	return n, b.err
}

// read reads from the current chunk or the rest of the body. It returns
// errWhole with the last byte.
func (b *body) read(p []byte) (int, error) {
	if b.chunked && b.left == 0 {
		last, err := b.nextChunk()
		if err != nil {
			return 0, err
		}
		if last {
			b.chunked = false
			return 0, errWhole
		}
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.c.readSome(p)
	b.left -= int64(n)
	if err == nil && b.left == 0 && !b.chunked {
		err = errWhole
	}
	return n, err
}

// FillPipe moves bytes of the body into a pipe. The bytes of a chunked body, and
// bytes that the head's read brought, do not go through a pipe. FillPipe moves
// nothing either if no byte comes for pipeTime.
func (b *body) FillPipe(p *pipe.Pipe, most int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.expect || b.chunked || b.c.r != b.c.w || b.c.source == nil {
		return 0, nil
	}
	n, err := b.c.fillPipe(p, int(min(b.left, int64(most))))
	b.n += int64(n)
	if b.left -= int64(n); err == nil && b.left == 0 {
		err = errWhole
	}
	if err != nil {
		b.err = bodyError(err)
	}
	return n, b.err
}

var _ pipe.Reader = (*body)(nil)

// errWhole ends a whole body. In contrast to io.EOF, it cannot come from a
// socket.
var errWhole = errors.New("the body is whole")

// bodyError returns the error that Read reports for err.
func bodyError(err error) error {
	var status *web.StatusError
	switch {
	case err == errWhole:
		return io.EOF
	case errors.As(err, &status):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &web.StatusError{Status: 408, Err: fmt.Errorf("the body stalled: %w", err)}
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return &web.StatusError{Status: 499, Err: fmt.Errorf("the body was cut short: %w", err)}
}

// drainable reports whether the rest of the body is short enough to read.
func (b *body) drainable() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err == io.EOF
	}
	return !b.expect && b.left <= maxDrainBytes
}

// finish ends the body for the handler and reads the rest within the bounds. It
// reports whether the connection is at the beginning of the next request.
func (b *body) finish() bool {
	if b.ended() {
		return true
	}
	if b.drainable() {
		b.c.readCap = time.Now().Add(maxDrainTime)
		scratch := scratchPool.Get().(*[]byte)
		defer scratchPool.Put(scratch)
		for n := 0; n <= maxDrainBytes; {
			m, err := b.discard(*scratch)
			if err != nil {
				break
			}
			n += m
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	whole := b.err == io.EOF
	b.err = errBodyOver
	return whole
}

// ended ends the body for the handler if nothing is left to read, and reports
// success. Most requests have no body.
func (b *body) ended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != io.EOF {
		return false
	}
	b.err = errBodyOver
	return true
}

// discard reads bytes and does not count them as read by the handler.
func (b *body) discard(p []byte) (int, error) {
	n, err := b.Read(p)
	b.mu.Lock()
	b.n -= int64(n)
	b.mu.Unlock()
	return n, err
}

// bytesRead returns the number of bytes read by the handler.
func (b *body) bytesRead() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}
