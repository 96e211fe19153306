// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"io"
	"sync"

	"needletail/objstore/pipe"
)

// body is the body of an answer. The connection goes back to the pool with the
// last byte.
type body struct {
	x       *exchange
	left    int64 // bytes of the body, or of the chunk
	chunked bool
	inChunk bool // a chunk was read, and the line end behind it was not
	keep    bool
	err     error // of all later reads; io.EOF after the end
}

var errClosed = errors.New("the body is closed")

// Buffered is how many bytes of the body can be read without a wait.
func (r *Response) Buffered() int64 {
	b, ok := r.Body.(*body)
	if !ok || b.err != nil || b.chunked {
		return 0
	}
	return min(b.left, int64(b.x.conn.in.Buffered()))
}

// Read gives bytes of the body; io.EOF comes after the whole body alone.
func (b *body) Read(p []byte) (int, error) {
	if err := b.advance(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	return b.took(b.x.conn.in.Read(p[:min(int64(len(p)), b.left)]))
}

// took counts bytes that were read, and ends the exchange after the last byte.
func (b *body) took(n int, err error) (int, error) {
	b.left -= int64(n)
	if err != nil {
		b.err = b.x.fail("body", unexpected(err))
		return n, b.err
	}
	if b.left == 0 && !b.chunked {
		b.finish()
	}
	return n, nil
}

// Fill moves bytes of the body into an empty pipe, at most most; io.EOF comes
// after the whole body alone. Fill is allowed after Fills has said so.
func (r *Response) Fill(p *pipe.Pipe, most int64) (int, error) {
	b := r.Body.(*body)
	if err := b.advance(); err != nil {
		return 0, err
	}
	return b.took(b.x.conn.fill(p, min(most, b.left)))
}

// Fills reports whether what comes next of the body can be moved into a pipe:
// its length is known, and no byte of it was read from the socket.
func (r *Response) Fills() bool {
	b, ok := r.Body.(*body)
	return ok && b.err == nil && !b.chunked && b.x.conn.raw != nil && b.x.conn.in.Buffered() == 0
}

// advance makes left positive, or returns the error of all later reads.
func (b *body) advance() error {
	if b.err == nil && b.left == 0 {
		last, err := nextChunk(b.x.conn.in, b.inChunk)
		switch {
		case err != nil:
			b.err = b.x.fail("body", err)
		case last.end:
			b.finish()
		default:
			b.left, b.inChunk = last.size, true
		}
	}
	return b.err
}

// finish ends the exchange after the last byte.
func (b *body) finish() {
	b.err = io.EOF
	b.x.end(b.keep)
}

// abandon ends the exchange with an error of the body's reader. After the end of
// the exchange an error of the exchange stays as it is.
func (b *body) abandon(step string, err error) error {
	if b.err == nil {
		b.err = b.x.fail(step, err)
		return b.err
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return b.x.error(b.x.conn.addr, b.x.op(step), err)
}

// copyBytes is the size of WriteTo's buffer, Swift's object_chunk_size.
const copyBytes = 64 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copyBytes]byte) }}

// WriteTo copies the body without an allocation.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	buf := copyBuffers.Get().(*[copyBytes]byte)
	defer copyBuffers.Put(buf)
	var written int64
	for {
		n, err := b.Read(buf[:])
		if n > 0 {
			m, werr := w.Write(buf[:n])
			written += int64(m)
			if werr == nil && m < n {
				werr = io.ErrShortWrite
			}
			if werr != nil {
				return written, werr
			}
		}
		if errors.Is(err, io.EOF) {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

// Close ends the exchange. A rest that has arrived already is skipped, as the
// text of most errors has; with more to come the connection is closed.
func (b *body) Close() error {
	if b.err != nil {
		return nil
	}
	in := b.x.conn.in
	if !b.chunked && b.left <= int64(in.Buffered()) {
		_, _ = in.Discard(int(b.left)) // the bytes are in the buffer
		b.finish()
	} else {
		b.x.end(false)
	}
	b.err = errClosed
	return nil
}
