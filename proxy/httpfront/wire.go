// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"io"
	"net"
	"strconv"
	"sync"

	"needletail/objstore/pipe"
	"needletail/proxy/web"
)

var (
	errShortBody = errors.New("the response's body ended before its Content-Length")
	errLongBody  = errors.New("the response's body is longer than its Content-Length")
)

// wire writes a response. The head waits for the first bytes of the body, and
// goes out with them. After an error, every Write returns the same error.
type wire struct {
	c       *conn
	pending []byte // the head, then small pieces on their way
	started bool   // the head has been sent
	chunked bool
	left    int64 // of Content-Length; -1 if the end is a chunk or the close
	sent    int64 // bytes of the body
	err     error
}

var pendingPool = sync.Pool{New: func() any {
	b := make([]byte, 0, 2<<10+joinBytes)
	return &b
}}

// Write sends bytes of the body at once.
func (w *wire) Write(p []byte) (int, error) {
	n := 0
	for w.err == nil && n < len(p) {
		piece := p[n:min(len(p), n+writePieceBytes)]
		if w.left == 0 {
			w.err = errLongBody
			break
		}
		if w.left > 0 && int64(len(piece)) > w.left {
			piece = piece[:w.left]
		}
		if w.err = w.writePiece(piece); w.err != nil {
			break
		}
		n += len(piece)
		w.sent += int64(len(piece))
		if w.left > 0 {
			w.left -= int64(len(piece))
		}
	}
	return n, w.err
}

// TakesPipes reports whether the rest of the body can go from a pipe into the
// socket: the socket is a plain socket, and the body has no chunks.
func (w *wire) TakesPipes() bool { return w.err == nil && !w.chunked && !w.c.tls && w.c.raw != nil }

// WritePipe sends bytes of the body out of a pipe.
func (w *wire) WritePipe(p *pipe.Pipe) (int, error) {
	if w.err == nil && w.left >= 0 && int64(p.Held()) > w.left {
		w.err = errLongBody
	}
	if w.err == nil {
		w.err = w.flush()
	}
	if w.err != nil {
		return 0, w.err
	}
	w.started = true
	n := 0
	n, w.err = w.c.sendPipe(p)
	w.sent += int64(n)
	if w.left > 0 {
		w.left -= int64(n)
	}
	return n, w.err
}

var _ pipe.Writer = (*wire)(nil)

// writePiece sends a piece of the body, as a chunk if the response is chunked,
// behind all pending bytes. A small piece is copied and sent with them in a
// single write.
func (w *wire) writePiece(p []byte) error {
	w.started = true
	if w.chunked {
		w.pending = strconv.AppendInt(w.pending, int64(len(p)), 16)
		w.pending = append(w.pending, "\r\n"...)
	}
	if len(p) <= joinBytes {
		w.pending = append(w.pending, p...)
		if w.chunked {
			w.pending = append(w.pending, "\r\n"...)
		}
		return w.flush()
	}
	var err error
	switch {
	case w.chunked:
		err = w.c.sendAll(net.Buffers{w.pending, p, crlf})
	case len(w.pending) > 0:
		err = w.c.sendAll(net.Buffers{w.pending, p})
	default:
		err = w.c.send(p)
	}
	w.pending = w.pending[:0]
	return err
}

var crlf = []byte("\r\n")

// flush sends the pending bytes.
func (w *wire) flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	w.started = true
	err := w.c.send(w.pending)
	w.pending = w.pending[:0]
	return err
}

// copyBody sends body. A body that is an io.WriterTo writes from its own
// buffers.
func (w *wire) copyBody(body io.Reader) error {
	var err error
	if wt, ok := body.(io.WriterTo); ok {
		_, err = wt.WriteTo(w)
	} else {
		scratch := scratchPool.Get().(*[]byte)
		_, err = io.CopyBuffer(writerOnly{w}, body, *scratch)
		scratchPool.Put(scratch)
	}
	if w.err != nil {
		return w.err
	}
	return err
}

// finish sends the end of the response.
func (w *wire) finish() error {
	if w.err != nil {
		return w.err
	}
	if w.left > 0 {
		w.err = errShortBody
		return w.err
	}
	if w.chunked {
		w.pending = append(w.pending, "0\r\n\r\n"...)
	}
	w.err = w.flush()
	return w.err
}

// writeError returns the cause, for the log, when a client does not take the
// response.
func writeError(err error) error { return &web.StatusError{Status: 499, Err: err} }
