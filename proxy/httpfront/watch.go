// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watchEvery is the interval of the looks at connections with a running
// request. After the client has left, the request is noticed as abandoned
// between once and twice this time later.
const watchEvery = 250 * time.Millisecond

// watch ends the contexts of requests whose client has left, until the server
// stops. The goroutine of a connection runs the handler and cannot look at the
// socket meanwhile.
func (s *Server) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var conns []*conn
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		conns = s.appendConns(conns[:0])
		for _, c := range conns {
			c.look()
		}
		clear(conns)
	}
}

// look ends the context of the connection if the request began before the last
// look, has no answer yet, and the client has left. Once an answer is on the
// way, a failing write notices the same.
func (c *conn) look() {
	if c.state.Load() != stateBusy || c.answering.Load() {
		return
	}
	if n := c.requests.Load(); n != c.seen {
		c.seen = n
		return
	}
	if c.hasLeft() {
		c.leave()
	}
}

// hasLeft reports whether the client has closed its side of the connection, or
// the whole connection. A client that closes its side and waits for the answer
// to a long request counts as gone too, as in Go's own server: before a write,
// both cases look the same to the server.
func (c *conn) hasLeft() bool {
	return c.polls(unix.POLLRDHUP | unix.POLLHUP | unix.POLLERR)
}

// hasSent reports whether the client has sent bytes that are still unread.
func (c *conn) hasSent() bool { return c.polls(unix.POLLIN) }

// polls reports whether any of the events has happened to the socket.
func (c *conn) polls(events int16) bool {
	if c.raw == nil {
		return false
	}
	var found bool
	err := c.raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
		n, err := unix.Poll(fds, 0)
		found = err == nil && n > 0 && fds[0].Revents&events != 0
	})
	return err == nil && found
}

// rawOf returns access to the socket of a connection, also below TLS, or nil
// without a socket.
func rawOf(nc any) syscall.RawConn {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		return rawOf(t.NetConn())
	}
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
