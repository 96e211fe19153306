// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// getter reads values from a memcached server. Every request of a client begins
// with a read of several values; the client library starts a goroutine for such a
// read.
type getter struct {
	dial    func(ctx context.Context) (net.Conn, error)
	timeout time.Duration // of a request and its answer
	idleMax int

	mu     sync.Mutex
	idle   []*getConn
	closed bool
}

// getConn is a connection to a server.
type getConn struct {
	net.Conn
	in     *bufio.Reader
	out    []byte
	reused bool
}

var errGets = errors.New("memcached: the answer is not that of gets")

// get asks for keys, and calls found for each value. A connection that the server
// has closed meanwhile is replaced once.
func (g *getter) get(ctx context.Context, keys []string, found func(i int, v value)) error {
	for {
		c, err := g.take(ctx)
		if err != nil {
			return err
		}
		began, err := c.ask(g.timeout, keys, found)
		if err == nil {
			g.put(c)
			return nil
		}
		_ = c.Close() // the connection has failed already
		if !c.reused || began || ctx.Err() != nil {
			return err
		}
	}
}

// take returns the newest idle connection, or a fresh connection.
func (g *getter) take(ctx context.Context) (*getConn, error) {
	g.mu.Lock()
	if n := len(g.idle); n > 0 {
		c := g.idle[n-1]
		g.idle[n-1] = nil
		g.idle = g.idle[:n-1]
		g.mu.Unlock()
		c.reused = true
		return c, nil
	}
	g.mu.Unlock()
	nc, err := g.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &getConn{Conn: nc, in: bufio.NewReader(nc)}, nil
}

func (g *getter) put(c *getConn) {
	g.mu.Lock()
	keep := !g.closed && len(g.idle) < g.idleMax
	if keep {
		g.idle = append(g.idle, c)
	}
	g.mu.Unlock()
	if !keep {
		_ = c.Close() // nothing is lost with an idle connection
	}
}

// close closes the idle connections, and connections that come back later.
func (g *getter) close() error {
	g.mu.Lock()
	idle := g.idle
	g.idle, g.closed = nil, true
	g.mu.Unlock()
	var errs []error
	for _, c := range idle {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// ask sends the request and reads the answer. began says that a byte of the answer
// came.
func (c *getConn) ask(timeout time.Duration, keys []string, found func(i int, v value)) (began bool, err error) {
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
		return false, err
	}
	c.out = append(c.out[:0], "gets"...)
	for _, key := range keys {
		c.out = append(append(c.out, ' '), key...)
	}
	if _, err := c.Write(append(c.out, "\r\n"...)); err != nil {
		return false, err
	}
	if _, err := c.in.Peek(1); err != nil {
		return false, err
	}
	if err := readValues(c.in, keys, found); err != nil {
		return true, err
	}
	if c.in.Buffered() > 0 {
		return true, fmt.Errorf("%w: bytes follow", errGets)
	}
	return true, nil
}

// readValues reads the answer to gets: values in the order of the keys, without the
// keys that are not there, and an end
// (github.com/memcached/memcached: doc/protocol.txt).
//
//	VALUE KEY FLAGS BYTES [CAS]\r\n
//	DATA\r\n
//	…
//	END\r\n
func readValues(in *bufio.Reader, keys []string, found func(i int, v value)) error {
	left := answerBytesMax
	for i := 0; ; i++ {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if string(line) == "END\r\n" {
			return nil
		}
		key, flags, size, ok := parseValueLine(line)
		for ok && i < len(keys) && keys[i] != string(key) {
			i++
		}
		if !ok || i >= len(keys) {
			return fmt.Errorf("%w: %.64q", errGets, line)
		}
		if left -= len(line) + size; size > ValueBytesMax || left < 0 {
			return fmt.Errorf("value of %d bytes: %w", size, errAnswerTooLong)
		}
		data := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		if !bytes.HasSuffix(data, []byte("\r\n")) {
			return fmt.Errorf("%w: a value has another length", errGets)
		}
		found(i, value{data[:size:size], flags})
	}
}

// parseValueLine reads "VALUE KEY FLAGS BYTES [CAS]\r\n".
func parseValueLine(line []byte) (key []byte, flags uint32, size int, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("VALUE "))
	rest, ok2 := bytes.CutSuffix(rest, []byte("\r\n"))
	key, rest, ok3 := bytes.Cut(rest, []byte(" "))
	flagText, rest, ok4 := bytes.Cut(rest, []byte(" "))
	sizeText, _, _ := bytes.Cut(rest, []byte(" "))
	flags64, err := strconv.ParseUint(string(flagText), 10, 32)
	size64, err2 := strconv.ParseUint(string(sizeText), 10, 31)
	ok = ok && ok2 && ok3 && ok4 && err == nil && err2 == nil
	return key, uint32(flags64), int(size64), ok
}
