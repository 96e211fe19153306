// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"needletail/objstore/pipe"
	"needletail/proxy/web"
)

const (
	// minBufferBytes is the length of a connection's input buffer. The buffer
	// grows for a long head, up to the limits of Options.
	minBufferBytes = 4096
	// directReadBytes is the length of the smallest read that bypasses the
	// input buffer.
	directReadBytes = 2048
)

// engineHead is the request that the engine sees in place of a connection's
// requests.
const engineHead = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

// A connection is idle from accept, or from the end of a request, to the first
// byte of the next request. Shutdown closes idle connections and no busy
// connections.
const (
	stateIdle = iota
	stateBusy
	stateClosed
)

// conn is the gate in front of a socket (see the package comment). The engine
// calls the methods of net.Conn. All methods but Close run on the goroutine
// that serves the connection.
type conn struct {
	net.Conn // the socket, or TLS over it
	srv      *Server
	opts     *Options // of the running request, or of the last request
	tls      bool
	remote   string // IP address without the port
	key      string // what its client is counted under; Server.mu guards changes
	// trusted: the client is a trusted proxy, which may speak for its clients.
	trusted bool
	proxied *proxied // the PROXY header that is not read yet, or nil

	// ctx is the context of the connection's requests; leave ends ctx.
	ctx   context.Context
	leave context.CancelFunc
	raw   syscall.RawConn // of the socket; nil if it has none
	// source is raw, if reads come from the socket itself: neither TLS nor the
	// buffer of a PROXY header is between.
	source *pipe.Source

	buf  []byte
	r, w int // unread bytes are buf[r:w]
	// headBytes is how much of Options.Heads a long head has taken.
	headBytes int64

	state  atomic.Int32
	closed atomic.Bool
	// requests counts the requests that have begun. seen is the count at the
	// last look of the watch; only the watch uses seen.
	requests  atomic.Uint32
	seen      uint32
	answering atomic.Bool      // the answer to the running request has begun
	writing   atomic.Int64     // when the write that is under way began, Unix nanoseconds; else 0
	asked     atomic.Bool      // the head of the running request is there
	granted   atomic.Bool      // the running request is allowed
	known     atomic.Bool      // a request of a known user was allowed
	onGrant   func(known bool) // grant, made once
	onLeft    func() bool      // hasLeft, made once
	waiting   *list.Element    // among the strangers, or nil; Server.mu guards it
	arrived   time.Time        // among the strangers; Server.mu guards it
	readCap   time.Time        // if set, no read waits longer
	readAt    time.Time        // the deadlines that the socket has
	writeAt   time.Time

	next *exchange // the request that the gate keeps for the server
	// idleSince is the end of the last request; zero before the first.
	idleSince time.Time
}

// Read is called once by the engine: handle serves all requests of the
// connection.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.nextHead(); err != nil {
		c.giveHead()
		return 0, err
	}
	return copy(p, engineHead), nil
}

// Write drops the engine's output.
func (c *conn) Write(p []byte) (int, error) { return len(p), nil }

// Close is called by the engine at the end of the connection, and at Shutdown
// for each connection that the engine takes for idle. The engine does not see
// that the gate is reading a head, so Close ignores a busy connection.
func (c *conn) Close() error {
	if c.state.Load() == stateBusy {
		return nil
	}
	return c.kill()
}

// kill closes the socket once, in every state.
func (c *conn) kill() error {
	if !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	c.srv.forget(c)
	c.leave()
	return c.Conn.Close()
}

// SetDeadline does nothing, like SetReadDeadline and SetWriteDeadline: the gate
// sets the deadlines, and not the engine.
func (c *conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// nextHead waits for a request and reads the head into c.next. It fails only if
// there is no request to answer.
func (c *conn) nextHead() error {
	c.next, c.readCap = nil, time.Time{}
	if err := c.awaitFirstByte(); err != nil {
		return err
	}
	x := &exchange{c: c, start: time.Now()}
	x.head.length = web.NoLength
	c.next = x
	limited := false
	scan := headScan{
		maxLine:        c.opts.MaxHeaderLineBytes,
		maxRequestLine: c.opts.MaxRequestLineBytes,
		maxTotal:       c.opts.MaxHeaderBytes,
	}
	for {
		n, err := scan.scan(c.buf[c.r:c.w])
		if err != nil {
			x.head.parsePart(c.buf[c.r:c.w], &scan)
			x.headErr = err
			return nil
		}
		if n > 0 {
			x.head.header = x.lines[:0]
			x.headErr = x.head.parse(c.buf[c.r+scan.start : c.r+n])
			c.r += n
			return nil
		}
		// Most heads arrive in a single read and need no deadline.
		if !limited && c.setReadDeadline(x.start.Add(c.opts.HeaderTimeout)) != nil {
			c.end()
			return io.EOF
		}
		limited = true
		if err := c.fill(); err != nil {
			switch {
			case errors.Is(err, web.ErrNoMemory):
				err = web.Busy(err)
			case errors.Is(err, os.ErrDeadlineExceeded):
				err = &web.StatusError{Status: 408, Err: err}
			default:
				c.end()
				return io.EOF
			}
			x.head.parsePart(c.buf[c.r:c.w], &scan)
			x.headErr = err
			return nil
		}
	}
}

// awaitFirstByte waits, idle, for a byte of the next request. An error is
// always io.EOF: there is no client to answer.
func (c *conn) awaitFirstByte() error {
	if c.r < c.w {
		return c.begin()
	}
	c.shrink()
	wait, since := c.opts.IdleTimeout, c.idleSince
	if since.IsZero() {
		wait, since = c.opts.HeaderTimeout, time.Now()
	}
	if c.srv.stopping.Load() {
		return io.EOF
	}
	if c.rollRead(since, wait) != nil || c.fill() != nil {
		return io.EOF
	}
	if !c.meet() {
		c.srv.refuse(c, ConnectionsPerIP)
		return io.EOF
	}
	return c.begin()
}

// begin makes an idle connection busy, unless Shutdown was faster. The request
// has the settings of this moment until its end.
func (c *conn) begin() error {
	c.requests.Add(1)
	c.answering.Store(false)
	c.granted.Store(false)
	c.asked.Store(false)
	if now := c.srv.now.Load(); now != c.opts {
		c.opts, c.trusted = now, now.TrustedProxies.Has(c.remote)
	}
	if !c.state.CompareAndSwap(stateIdle, stateBusy) {
		return io.EOF
	}
	return nil
}

// end makes a busy connection idle.
func (c *conn) end() {
	c.granted.Store(false)
	c.state.CompareAndSwap(stateBusy, stateIdle)
}

// closeIdle closes an idle connection.
func (c *conn) closeIdle() {
	if c.state.CompareAndSwap(stateIdle, stateClosed) {
		_ = c.kill()
	}
}

// shrink replaces a buffer that a long head has made large.
func (c *conn) shrink() {
	c.r, c.w = 0, 0
	if len(c.buf) != minBufferBytes {
		c.buf = make([]byte, minBufferBytes)
	}
	c.giveHead()
}

// giveHead returns the memory of a long head to the account.
func (c *conn) giveHead() {
	if c.headBytes > 0 {
		c.srv.opts.Heads.Give(c.headBytes)
		c.headBytes = 0
	}
}

// takeHead takes memory from the account for n more bytes of the buffer, and
// for the copy made by parsing.
func (c *conn) takeHead(n int) error {
	heads, take := c.srv.opts.Heads, int64(2*n)
	if heads == nil {
		return nil
	}
	if !heads.Try(take) {
		return fmt.Errorf("%w: %d bytes for a long head", web.ErrNoMemory, take)
	}
	c.headBytes += take
	return nil
}

// fill reads once into the input buffer, under the current deadline. It first
// makes room. The callers' limits bound the growth of the buffer.
func (c *conn) fill() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.buf) {
		if c.r > 0 {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		} else {
			if err := c.takeHead(len(c.buf)); err != nil {
				return err
			}
			grown := make([]byte, 2*len(c.buf))
			c.w = copy(grown, c.buf[:c.w])
			c.buf = grown
		}
	}
	n, err := c.readSocket(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// armRead starts the time in which the body may stall.
func (c *conn) armRead() error {
	if !c.readCap.IsZero() {
		return c.setReadDeadline(c.readCap)
	}
	return c.rollRead(time.Now(), c.opts.BodyIdleTimeout)
}

// readSome reads bytes of the body. A large read goes from the socket to p. The
// caller ensures that p is no longer than the rest of the body.
func (c *conn) readSome(p []byte) (int, error) {
	if c.r == c.w {
		if err := c.armRead(); err != nil {
			return 0, err
		}
		if len(p) >= directReadBytes {
			n, err := c.readSocket(p)
			if n > 0 {
				return n, nil
			}
			if err == nil {
				err = io.ErrNoProgress
			}
			return 0, err
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.buf[c.r:c.w])
	c.r += n
	return n, nil
}

// pipeTime is how long a client has for the bytes of a pipe. A node waits that much
// longer for the next bytes of an upload.
const pipeTime = time.Second

// fillPipe moves at most most bytes of the body into a pipe: as many as the pipe
// holds, or what came within pipeTime.
func (c *conn) fillPipe(p *pipe.Pipe, most int) (int, error) {
	err := c.source.Gather(min(most, pipe.BytesMax))
	if err == nil {
		err = c.setReadDeadline(time.Now().Add(min(pipeTime, c.opts.BodyIdleTimeout)))
	}
	if err != nil {
		return 0, err
	}
	n, err := c.source.Fill(p, most)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, nil
	}
	return n, err
}

// readSocket reads what has arrived, also after pipes were filled.
func (c *conn) readSocket(p []byte) (int, error) {
	if err := c.source.Gather(1); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// readByte reads a byte of a body's framing.
func (c *conn) readByte() (byte, error) {
	if c.r == c.w {
		if err := c.armRead(); err != nil {
			return 0, err
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	b := c.buf[c.r]
	c.r++
	return b, nil
}
