// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"io"
	"net"
	"sync"
	"time"

	"needletail/objstore/pipe"
)

const (
	// writePieceBytes is how much a client must take within WriteIdleTimeout. A
	// slow client with progress is kept.
	writePieceBytes = 256 << 10
	// joinBytes is the length of the largest piece that is copied behind its
	// head. A longer piece is sent beside the head, without a copy.
	joinBytes = 16 << 10
	// scratchBytes is the length of the copy buffer for bodies that are no
	// io.WriterTo.
	scratchBytes = 128 << 10

	lingerTime  = time.Second
	lingerBytes = 16 << 20
)

var scratchPool = sync.Pool{New: func() any {
	b := make([]byte, scratchBytes)
	return &b
}}

// send writes p to the socket under the rolling deadline. During the write,
// c.writing has the time of its beginning.
func (c *conn) send(p []byte) error {
	if err := c.rollWrite(c.opts.WriteIdleTimeout); err != nil {
		return err
	}
	defer c.writing.Store(0)
	_, err := c.Conn.Write(p)
	return err
}

// sendAll is send for several pieces, with a single system call where the
// socket supports it.
func (c *conn) sendAll(pieces net.Buffers) error {
	if err := c.rollWrite(c.opts.WriteIdleTimeout); err != nil {
		return err
	}
	defer c.writing.Store(0)
	_, err := pieces.WriteTo(c.Conn)
	return err
}

// sendPipe is send for the bytes of a pipe, which holds at most
// writePieceBytes.
func (c *conn) sendPipe(p *pipe.Pipe) (int, error) {
	if err := c.rollWrite(c.opts.WriteIdleTimeout); err != nil {
		return 0, err
	}
	defer c.writing.Store(0)
	return p.Drain(c.raw)
}

// linger ends a connection in a way that lets the client read the last
// response: a close with unread input would reset the connection, and the
// client could lose the response.
func (c *conn) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.source.Gather(1) != nil || c.setReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	scratch := scratchPool.Get().(*[]byte)
	defer scratchPool.Put(scratch)
	_, _ = io.CopyBuffer(writerOnly{io.Discard}, &io.LimitedReader{R: readerOnly{c.Conn}, N: lingerBytes}, *scratch)
}

type (
	readerOnly struct{ io.Reader }
	writerOnly struct{ io.Writer }
)
