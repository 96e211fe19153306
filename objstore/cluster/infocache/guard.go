// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// answerBytesMax bounds the bytes of an answer: a value and its lines.
const answerBytesMax = ValueBytesMax + 4096

// lineBytesMax bounds a line of an answer: "VALUE KEY FLAGS SIZE CAS".
const lineBytesMax = 512

// errAnswerTooLong: a server announced or sent more than the bound.
var errAnswerTooLong = errors.New("the answer of memcached is too long")

// guardedConn bounds an answer before the client library allocates the size
// that the answer announces. An answer begins with the first Read after a
// Write.
type guardedConn struct {
	net.Conn
	line  []byte // the part that was read of the line
	value int    // bytes of a value that still come before the next line
	left  int    // bytes that the answer may still have
}

// Write begins a new request.
func (g *guardedConn) Write(p []byte) (int, error) {
	g.line, g.value, g.left = g.line[:0], 0, answerBytesMax
	return g.Conn.Write(p)
}

// Read reads bytes of an answer, and looks at them first.
func (g *guardedConn) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errAnswerTooLong
	}
	n, err := g.Conn.Read(p[:min(len(p), g.left)])
	g.left -= n
	if bad := g.follow(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

// follow finds the lines of an answer, and refuses a line that is too long or
// that announces a value that is too long.
func (g *guardedConn) follow(p []byte) error {
	for len(p) > 0 {
		if g.value > 0 {
			n := min(g.value, len(p))
			g.value, p = g.value-n, p[n:]
			continue
		}
		part, rest, whole := bytes.Cut(p, []byte("\n"))
		if len(g.line)+len(part) > lineBytesMax {
			return errAnswerTooLong
		}
		g.line, p = append(g.line, part...), rest
		if !whole {
			return nil
		}
		size, err := announced(g.line)
		if err != nil {
			return err
		}
		g.value, g.line = size, g.line[:0]
	}
	return nil
}

// announced returns how many bytes of a value and of its line's end follow a
// line.
func announced(line []byte) (int, error) {
	fields := bytes.Fields(line)
	if len(fields) < 4 || !bytes.Equal(fields[0], []byte("VALUE")) {
		return 0, nil
	}
	size, err := strconv.ParseUint(string(fields[3]), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("size of a value of memcached: %w", err)
	}
	if size > ValueBytesMax {
		return 0, fmt.Errorf("value of %d bytes: %w", size, errAnswerTooLong)
	}
	return int(size) + len("\r\n"), nil
}
