// SPDX-License-Identifier: Apache-2.0

//go:build strangers

package harness

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// strangerKind is one way to use a server up.
type strangerKind struct {
	name string
	// known kinds show a token. Their connections do not give way, so there are
	// fewer of them where there are few connections.
	known bool
	// attack does it once over a connection, and returns early when the context
	// ends or the server closes.
	attack func(ctx context.Context, c net.Conn, s *strangersSite)
}

// bombArchive is a tar in bzip2 of one file outside of any container with 100 MiB
// of zeros.
const bombArchive = "QlpoOTFBWSZTWaHF0IUFfjzbgMgiQABdAAAA4AAeAAAIIAB1CKKNGjEPUE1VRgATJ8150vVSoCWUJUBLjvHCkgKqiRD3LMBrOM7lyMTbbV3H2qquBBUBL+YoKyTKayHBPFvgK/HIABgAAAEEAAYQCajIVAS1IVAS5igrJMprOroTsIAMgckAGAAAACABBAAGGYClNMVARbEqAi8XckU4UJBO1Bos"

// strangerKinds are all of them.
var strangerKinds = []strangerKind{
	{"archives without a token", false, func(_ context.Context, c net.Conn, s *strangersSite) {
		bomb, _ := base64.StdEncoding.DecodeString(bombArchive)
		fmt.Fprintf(c, "PUT %s?extract-archive=tar.bz2 HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", s.account, len(bomb), bomb)
		drain(c)
	}},
	{"lists of names without a token", false, func(ctx context.Context, c net.Conn, s *strangersSite) {
		fmt.Fprintf(c, "POST %s?bulk-delete HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 25001000\r\n\r\n", s.account)
		line := "c/" + strings.Repeat("x", 2497) + "\n"
		for range 10_000 {
			if _, err := io.WriteString(c, line); err != nil || ctx.Err() != nil {
				break
			}
		}
		drain(c)
	}},
	{"manifests of four million elements", true, func(ctx context.Context, c net.Conn, s *strangersSite) {
		fmt.Fprintf(c, "PUT %s/c/x?multipart-manifest=put HTTP/1.1\r\nHost: h\r\nX-Auth-Token: %s\r\nContent-Length: %d\r\n\r\n", s.other, s.otherToken, len(s.manifest))
		if _, err := io.WriteString(c, s.manifest); err == nil {
			drain(c)
		}
	}},
	{"logins that leave at once", false, func(_ context.Context, c net.Conn, _ *strangersSite) {
		body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"wrong"}}}}}`
		fmt.Fprintf(c, "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}},
	{"listings that are not read", false, func(ctx context.Context, c net.Conn, s *strangersSite) {
		fmt.Fprintf(c, "GET %s/listed?format=json HTTP/1.1\r\nHost: h\r\n\r\n", s.account)
		hold(ctx, c)
	}},
	{"image lists that are not read", true, func(ctx context.Context, c net.Conn, s *strangersSite) {
		fmt.Fprintf(c, "GET /image/v2/images?limit=1000&visibility=community HTTP/1.1\r\nHost: h\r\nX-Auth-Token: %s\r\n\r\n", s.imageToken)
		hold(ctx, c)
	}},
	{"half heads", false, func(ctx context.Context, c net.Conn, _ *strangersSite) {
		head := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-H: "+strings.Repeat("h", 1000)+"\r\n", 30)
		if _, err := io.WriteString(c, head); err == nil {
			hold(ctx, c)
		}
	}},
}

// drain reads what the server answers, until it closes or says no more.
func drain(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 4096)
	if _, err := c.Read(buf); err != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = io.Copy(io.Discard, c)
}

// hold keeps the connection and reads nothing of it, until the context ends or
// the server has closed it.
func hold(ctx context.Context, c net.Conn) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if ended(c) {
				return
			}
		}
	}
}

// tcpEstablished is the kernel's TCP_ESTABLISHED.
const tcpEstablished = 1

// ended says that the server has ended the connection, without reading of it.
func ended(c net.Conn) bool {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		gone = err != nil || info.State != tcpEstablished
	})
	return gone || err != nil
}

// smallWindow is the receive buffer of strangers that do not read.
const smallWindow = 4096

// stranger repeats an attack until the context ends; each connection counts.
func (s *strangersSite) stranger(ctx context.Context, kind strangerKind, from net.Addr, connections *atomic.Int64) {
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: from, Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallWindow)
		})
	}}
	for ctx.Err() == nil {
		c, err := dialer.DialContext(ctx, "tcp", s.address)
		if err == nil {
			connections.Add(1)
			stop := context.AfterFunc(ctx, func() { c.Close() })
			kind.attack(ctx, c, s)
			stop()
			c.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(strangerPause):
		}
	}
}

// strangerPause is between two attacks of a stranger: a flood of new connections
// alone is the kernel's matter.
const strangerPause = 100 * time.Millisecond
