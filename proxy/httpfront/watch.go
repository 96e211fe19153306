package httpfront

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watchEvery is how often connections are looked at whose request goes on. A
// request is noticed as abandoned between once and twice this time after its
// client has left.
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

// look ends the context of the connection if its request began before the last
// look, has not been answered yet, and its client has left. Once an answer is
// on its way, writing it tells.
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

// hasLeft says whether the client has closed its side of the connection, or the
// whole connection. A client that closes one side and waits for the answer to a
// long request counts as gone too, as in Go's own server: both cases look the
// same until the server writes.
func (c *conn) hasLeft() bool {
	return c.polls(unix.POLLRDHUP | unix.POLLHUP | unix.POLLERR)
}

// hasSent says that the client has sent what has not been read yet.
func (c *conn) hasSent() bool { return c.polls(unix.POLLIN) }

// polls says whether one of the events has happened to the socket.
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

// rawOf gives access to the socket of a connection, also below TLS; nil if
// there is none.
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
