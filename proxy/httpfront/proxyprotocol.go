// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"fmt"
	"net"

	"github.com/pires/go-proxyproto"
)

// proxyHeaderBytes bounds a PROXY header: 107 bytes in version 1, and in version
// 2 16 bytes, the addresses and the additions of the proxy
// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, 2.1 and 2.2).
const proxyHeaderBytes = 4096

// ProxyProtocol returns a listener whose connections from a trusted proxy begin
// with a PROXY header, version 1 or 2. A connection of a trusted proxy without
// the header ends. Connections from other addresses have no header. trusted is
// asked for each connection.
func ProxyProtocol(ln net.Listener, trusted func() Proxies) net.Listener {
	return &proxiedListener{Listener: ln, trusted: trusted}
}

type proxiedListener struct {
	net.Listener
	trusted func() Proxies
}

func (l *proxiedListener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if ip, _ := remoteIP(raw.RemoteAddr()); !l.trusted().Has(ip) {
		return raw, nil
	}
	return &proxied{Conn: raw, buffered: bufio.NewReaderSize(raw, proxyHeaderBytes)}, nil
}

// proxied is a connection that begins with a PROXY header. The first Read reads
// the header, on the goroutine and under the deadline of whoever reads: the
// accept loop never waits.
type proxied struct {
	net.Conn
	buffered *bufio.Reader // nil: all that came behind the header is read
	named    bool          // the header is read
	client   net.Addr      // of the header; nil: the proxy speaks for itself
	err      error         // of the header
}

// NetConn returns the connection of the proxy.
func (p *proxied) NetConn() net.Conn { return p.Conn }

func (p *proxied) Read(b []byte) (int, error) {
	if !p.named {
		p.named = true
		p.err = p.readHeader()
	}
	switch {
	case p.err != nil:
		return 0, p.err
	case p.buffered == nil:
		return p.Conn.Read(b)
	case p.buffered.Buffered() > 0:
		return p.buffered.Read(b)
	}
	p.buffered = nil
	return p.Conn.Read(b)
}

func (p *proxied) readHeader() error {
	h, err := proxyproto.Read(p.buffered)
	if err != nil {
		return fmt.Errorf("the PROXY header of %s: %w", p.Conn.RemoteAddr(), err)
	}
	// A proxy that only looks whether the server is there has LOCAL.
	if h.Command.IsProxy() {
		p.client = h.SourceAddr
	}
	return nil
}

// CloseWrite ends the connection for writing.
func (p *proxied) CloseWrite() error {
	if half, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// proxiedOf returns the connection with a PROXY header, also below TLS, or nil.
func proxiedOf(nc net.Conn) *proxied {
	for {
		if p, ok := nc.(*proxied); ok {
			return p
		}
		over, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		nc = over.NetConn()
	}
}

// meet counts the connection under the client that the PROXY header names. It
// reports whether the client may have a connection more.
func (c *conn) meet() bool {
	p := c.proxied
	c.proxied = nil
	if p == nil || p.client == nil {
		return true
	}
	remote, key := remoteIP(p.client)
	s := c.srv
	c.remote, c.trusted = remote, c.opts.TrustedProxies.Has(remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conns[c]; !ok {
		return true // the connection has ended
	}
	s.uncount(c.key)
	c.key = key
	s.perIP[key]++
	return c.trusted || c.opts.MaxConnectionsPerIP <= 0 || s.perIP[key] <= c.opts.MaxConnectionsPerIP
}
