// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/pipe"
)

// socketWriter is a client's socket. What the client got is in got.
type socketWriter struct {
	*net.TCPConn
	raw   syscall.RawConn
	piped int64 // bytes that came through pipes
	got   chan []byte
}

// connectedSockets returns the client's and the server's end of a connection.
func connectedSockets(t *testing.T) (client, server *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	out, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	in, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = out.Close(), in.Close() })
	return out.(*net.TCPConn), in.(*net.TCPConn)
}

func newSocketWriter(t *testing.T) *socketWriter {
	client, server := connectedSockets(t)
	w := &socketWriter{TCPConn: server, got: make(chan []byte, 1)}
	var err error
	w.raw, err = w.SyscallConn()
	require.NoError(t, err)
	go func() {
		all, _ := io.ReadAll(client)
		w.got <- all
		_ = client.Close()
	}()
	return w
}

func (w *socketWriter) TakesPipes() bool { return true }

func (w *socketWriter) WritePipe(p *pipe.Pipe) (int, error) {
	n, err := p.Drain(w.raw)
	w.piped += int64(n)
	return n, err
}

// all closes the socket, and returns what the client got.
func (w *socketWriter) all() []byte {
	_ = w.Close()
	return <-w.got
}

// A large body goes from socket to socket, also where it breaks and goes on at
// the next node.
func TestPipedFailover(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 900_000)
	e.putBody(body)
	set(e.objectWalk(), cut(300_000), cut(250_000))
	ob := e.open(objstore.OpenOptions{})
	w := newSocketWriter(t)
	n, err := ob.Range(0, 900_000).(io.WriterTo).WriteTo(w)
	require.NoError(t, err)
	require.EqualValues(t, 900_000, n)
	require.True(t, bytes.Equal(body, w.all()))
	require.Greater(t, w.piped, int64(800_000))
}

// No node is left: the error is the reader's, and what was sent is right.
func TestPipedBodyEnds(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 900_000)
	e.putBody(body)
	set(e.objectWalk(), cut(300_000), cut(250_000), cut(1))
	ob := e.open(objstore.OpenOptions{})
	w := newSocketWriter(t)
	n, err := ob.Range(0, 900_000).(io.WriterTo).WriteTo(w)
	wantKind(t, err, objstore.KindUnavailable)
	require.EqualValues(t, 550_001, n)
	require.True(t, bytes.Equal(body[:550_001], w.all()))
}

// A client that leaves ends the copy with the error of its socket.
func TestPipedClientLeaves(t *testing.T) {
	e := newMix(t, Options{})
	e.putBody(seededBody(t, 900_000))
	ob := e.open(objstore.OpenOptions{})
	w := newSocketWriter(t)
	require.NoError(t, w.CloseWrite())
	_, err := ob.Range(0, 900_000).(io.WriterTo).WriteTo(w)
	require.ErrorIs(t, err, syscall.EPIPE)
	w.all()
}

// A range of an object ends where it should, and ranges from one stream follow
// one another through pipes.
func TestPipedRanges(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 900_000)
	e.putBody(body)
	ob := e.open(objstore.OpenOptions{})
	for _, r := range [][2]int64{{0, 400_000}, {400_000, 300_000}, {100_000, pipedBytesMin}, {100_000, pipedBytesMin - 1}} {
		w := newSocketWriter(t)
		n, err := ob.Range(r[0], r[1]).(io.WriterTo).WriteTo(w)
		require.NoError(t, err)
		require.Equal(t, r[1], n)
		require.True(t, bytes.Equal(body[r[0]:r[0]+r[1]], w.all()), "%v", r)
		require.Equal(t, r[1] >= pipedBytesMin, w.piped > 0, "%v", r)
	}
}
