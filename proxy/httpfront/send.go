package httpfront

import (
	"io"
	"net"
	"sync"
	"time"
)

const (
	// writePieceBytes is what a client must take within WriteIdleTimeout, so
	// that a slow one that makes progress is kept.
	writePieceBytes = 256 << 10
	// joinBytes is the largest piece that is copied behind its head rather
	// than sent beside it.
	joinBytes = 16 << 10
	// scratchBytes is the copy buffer of bodies that are not io.WriterTo.
	scratchBytes = 128 << 10

	lingerTime  = time.Second
	lingerBytes = 16 << 20
)

var scratchPool = sync.Pool{New: func() any {
	b := make([]byte, scratchBytes)
	return &b
}}

// send writes p to the socket under the rolling deadline. While it waits for the
// client, writing says since when.
func (c *conn) send(p []byte) error {
	if err := c.rollWrite(c.srv.opts.WriteIdleTimeout); err != nil {
		return err
	}
	defer c.writing.Store(0)
	_, err := c.Conn.Write(p)
	return err
}

// sendAll is send for several pieces, with one system call where the socket
// can.
func (c *conn) sendAll(pieces net.Buffers) error {
	if err := c.rollWrite(c.srv.opts.WriteIdleTimeout); err != nil {
		return err
	}
	defer c.writing.Store(0)
	_, err := pieces.WriteTo(c.Conn)
	return err
}

// linger ends a connection so that the client can read the last response: a
// close with unread input would reset it and take the response back.
func (c *conn) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.setReadDeadline(time.Now().Add(lingerTime)) != nil {
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
