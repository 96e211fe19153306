// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"needletail/objstore/pipe"
	"needletail/proxy/web"
)

// After a failure for want of a resource, accept is tried again. The pause
// doubles with each failure, between these bounds.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// listener wraps accepted connections into gates. It survives a lack of file
// descriptors. The engine would take the lack for the end.
type listener struct {
	net.Listener
	srv    *Server
	once   sync.Once
	closed chan struct{}
}

func newListener(s *Server, ln net.Listener) *listener {
	return &listener{Listener: ln, srv: s, closed: make(chan struct{})}
}

// Close stops Accept.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// Accept returns the next connection within the limits.
func (l *listener) Accept() (net.Conn, error) {
	pause := minAcceptPause
	for {
		raw, err := l.Listener.Accept()
		if err == nil {
			pause = minAcceptPause
			if c := l.srv.admit(raw); c != nil {
				return c, nil
			}
			continue
		}
		if l.isClosed() || !isTransient(err) {
			return nil, err
		}
		l.srv.opts.Logger.Warn("accept failed, will try again", "err", err, "pause", pause)
		select {
		case <-l.closed:
			return nil, net.ErrClosed
		case <-time.After(pause):
		}
		pause = min(2*pause, maxAcceptPause)
	}
}

func (l *listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// isTransient reports whether an error of accept passes: a lack of resources,
// or a client that left early.
func isTransient(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EPROTO,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// admit returns a gate for raw. If all connections are taken, a stranger gives
// way. Without a place, admit refuses raw and returns nil.
func (s *Server) admit(raw net.Conn) *conn {
	remote, key := remoteIP(raw.RemoteAddr())
	_, isTLS := raw.(*tls.Conn)
	c := &conn{Conn: raw, srv: s, tls: isTLS, remote: remote, key: key, raw: rawOf(raw), proxied: proxiedOf(raw), opts: s.now.Load()}
	if _, ok := raw.(syscall.Conn); ok && c.raw != nil {
		c.source = pipe.NewSource(c.raw)
	}
	c.trusted = c.opts.TrustedProxies.Has(remote)
	c.ctx, c.leave = context.WithCancel(s.ctx)
	c.onGrant, c.onLeft = c.grant, c.hasLeft
	if placed, why := s.place(c); !placed {
		s.refuse(c, why)
		return nil
	}
	return c
}

// place counts a connection in, if needed in the place of a stranger. It
// reports whether the connection has a place, and otherwise which limit refuses
// the connection.
func (s *Server) place(c *conn) (placed bool, why Refusal) {
	arrival := arrivalTime(s.opts.MaxConnections)
	for began := time.Now(); ; {
		s.mu.Lock()
		if !c.trusted && c.opts.MaxConnectionsPerIP > 0 && s.perIP[c.key] >= c.opts.MaxConnectionsPerIP {
			s.mu.Unlock()
			return false, ConnectionsPerIP
		}
		if len(s.conns) < s.opts.MaxConnections {
			s.conns[c] = struct{}{}
			s.perIP[c.key]++
			s.strangers.add(c)
			s.mu.Unlock()
			return true, 0
		}
		now := time.Now()
		stranger, patience := s.strangers.longest(s.perIP, now, arrival), s.strangers.patience(arrival)
		s.mu.Unlock()
		switch {
		case c.hasLeft():
			// The kernel keeps thousands of connections whose clients have sent
			// a request and left. No stranger gives way to a client that has
			// left.
			return false, noRefusal
		case stranger != nil:
			_ = stranger.kill() // nobody is there to be told
			s.displaced.Add(1)
		case now.Sub(began) > patience || s.stopping.Load():
			return false, Connections
		default:
			time.Sleep(yieldPause)
		}
	}
}

// refuse answers 503. It never waits for the client: the answer fits the empty
// buffer of a new socket. A TLS client would need a handshake first, and gets
// no answer.
func (s *Server) refuse(c *conn, why Refusal) {
	s.noteRefusal(why, c.remote)
	if !c.tls {
		x := &exchange{c: c, head: head{length: web.NoLength}, close: true,
			req: web.Request{TransID: web.NewTransID(time.Now(), "")}}
		x.respond(web.ErrorResponse(web.Busy(errNoPlace)))
	}
	c.leave()
	_ = c.Conn.Close()
}

var errNoPlace = errors.New("no connection is free")

// forget removes a connection from the counts.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conns[c]; !ok {
		return
	}
	delete(s.conns, c)
	s.strangers.remove(c)
	s.uncount(c.key)
}

// uncount counts a connection of a client less. The caller holds the lock.
func (s *Server) uncount(key string) {
	if s.perIP[key]--; s.perIP[key] == 0 {
		delete(s.perIP, key)
	}
}

// remoteIP returns the client's address without the port, and the key under
// which the client is counted. All addresses of an IPv6 /64 are a single
// client's.
func remoteIP(a net.Addr) (ip, key string) {
	if a == nil {
		return "", ""
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String(), a.String()
	}
	addr := ap.Addr().Unmap().WithZone("")
	return addr.String(), keyOf(addr)
}
