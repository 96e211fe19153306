// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"context"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"needletail/objstore/pipe"
)

// readerBytes is the size of a connection's read buffer: a head and a small
// body arrive in one read. Larger reads bypass the buffer.
const readerBytes = 8 << 10

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readerBytes) }}

// conn is a connection to a node. An exchange owns the connection; only close
// may come from elsewhere.
type conn struct {
	nc   net.Conn
	addr string
	in   *bufio.Reader // nil while idle, and after release
	once sync.Once     // of close

	timeout  time.Duration // of each read and write of the exchange
	answered bool          // a byte of the exchange's answers has come
	reused   bool          // the connection comes out of the pool

	idleSince time.Time

	// The following serve look, without an allocation for each call.
	raw    syscall.RawConn // nil without a socket
	source *pipe.Source    // of raw; nil too without a socket
	poll   func(fd uintptr)
	fds    [1]unix.PollFd
	events int16 // what the last poll found

	vec  net.Buffers // of write
	vecs [4][]byte   // what vec points into
}

func newConn(nc net.Conn, addr string) *conn {
	c := &conn{nc: nc, addr: addr}
	if s, ok := nc.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			c.raw, c.source = raw, pipe.NewSource(raw)
		}
	}
	c.poll = func(fd uintptr) {
		c.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}
		c.events = 0
		if n, err := unix.Poll(c.fds[:], 0); err == nil && n > 0 {
			c.events = c.fds[0].Revents
		}
	}
	return c
}

// begin prepares the connection for an exchange.
func (c *conn) begin(timeout time.Duration) {
	c.timeout, c.answered = timeout, false
	c.in = readers.Get().(*bufio.Reader)
	c.in.Reset(connReader{c})
}

// release gives the read buffer back. The buffer must be empty if the
// connection is to be used again.
func (c *conn) release() {
	if c.in != nil {
		c.in.Reset(nil)
		readers.Put(c.in)
		c.in = nil
	}
}

// close closes the socket, from any goroutine, any number of times. After close
// nothing more is sent.
func (c *conn) close() {
	c.once.Do(func() { _ = c.nc.Close() }) // the exchange has failed already, or is over
}

// connReader reads from the socket with the deadline of the exchange.
type connReader struct{ c *conn }

func (r connReader) Read(b []byte) (int, error) {
	c := r.c
	err := c.source.Gather(1)
	if err == nil {
		err = c.nc.SetReadDeadline(time.Now().Add(c.timeout))
	}
	if err != nil {
		return 0, err
	}
	n, err := c.nc.Read(b)
	c.answered = c.answered || n > 0
	return n, err
}

// fill moves at most most bytes of a body into a pipe, with the deadline of the
// exchange. More than a pipe holds is waited for by the pipeful.
func (c *conn) fill(p *pipe.Pipe, most int64) (int, error) {
	least := 1
	if most > pipe.BytesMax {
		least = pipe.BytesMax
	}
	err := c.source.Gather(least)
	if err == nil {
		err = c.nc.SetReadDeadline(time.Now().Add(c.timeout))
	}
	if err != nil {
		return 0, err
	}
	return c.source.Fill(p, int(min(most, pipe.BytesMax)))
}

// drain moves the bytes of a pipe to the socket with the deadline of the
// exchange.
func (c *conn) drain(p *pipe.Pipe) error {
	err := c.nc.SetWriteDeadline(time.Now().Add(c.timeout))
	if err == nil {
		_, err = p.Drain(c.raw)
	}
	return err
}

// drainNow moves as many bytes of a pipe as the socket takes without a wait.
func (c *conn) drainNow(p *pipe.Pipe) int {
	if c.nc.SetWriteDeadline(time.Now().Add(c.timeout)) != nil {
		return 0
	}
	return p.DrainNow(c.raw)
}

// write sends up to four pieces in a single system call.
func (c *conn) write(pieces ...[]byte) error {
	c.vec = append(c.vecs[:0], pieces...)
	err := c.nc.SetWriteDeadline(time.Now().Add(c.timeout))
	if err == nil {
		_, err = c.vec.WriteTo(c.nc)
	}
	clear(c.vecs[:])
	return err
}

// look reports whether the node has sent bytes, or has ended the connection,
// without a wait.
func (c *conn) look() bool {
	if c.in != nil && c.in.Buffered() > 0 {
		return true
	}
	if c.raw == nil {
		return false
	}
	return c.raw.Control(c.poll) != nil || c.events != 0
}

// dial makes a connection.
func (c *Client) dial(ctx context.Context, addr string) (*conn, error) {
	dialing, cancel := context.WithTimeout(ctx, c.opts.ConnectTimeout)
	defer cancel()
	start := time.Now()
	nc, err := c.opts.Dial(dialing, addr)
	if err != nil {
		return nil, err
	}
	if c.opts.Connected != nil {
		c.opts.Connected(addr, time.Since(start))
	}
	return newConn(nc, addr), nil
}
