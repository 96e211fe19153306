// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// Bounds of a form, from any sender.
const (
	maxBoundaryBytes = 200 // RFC 2046 allows 70
	// maxHeaderBytes bounds the head of a part.
	maxHeaderBytes = 8 << 10
	// bufferBytes is read at once. A whole head fits.
	bufferBytes = 64 << 10
	// maxLeadingBytes of empty lines may come before the first boundary.
	maxLeadingBytes = 64
)

var (
	errStart = errors.New("invalid starting boundary")
	errForm  = errors.New("invalid form")
	// errCut is the error of a form without its closing boundary: the form is
	// not whole, and nor is its last file.
	errCut = errors.New("unexpected end of form")
)

// multipart reads the parts of a multipart/form-data body one after the other
// in a fixed buffer (RFC 2046 5.1.1). A part ends before CRLF "--" BOUNDARY.
// Any other end of a part is an error, never io.EOF. An error stays.
type multipart struct {
	src io.Reader
	// delimiter is CRLF "--" BOUNDARY.
	delimiter  []byte
	buf        []byte
	start, end int
	eof        bool
	started    bool // the first boundary has been read
	inPart     bool
	last       bool // the closing boundary has been read
	err        error
}

func newMultipart(src io.Reader, boundary string) *multipart {
	m := &multipart{src: src, delimiter: []byte("\r\n--" + boundary), buf: make([]byte, bufferBytes)}
	if boundary == "" || len(boundary) > maxBoundaryBytes || strings.ContainsAny(boundary, "\r\n") {
		m.err = errStart
	}
	return m
}

func (m *multipart) window() []byte { return m.buf[m.start:m.end] }

// fill reads more, once; at the end of the source it sets eof. The buffer must
// not be full.
func (m *multipart) fill() error {
	if m.start > 0 {
		m.end = copy(m.buf, m.window())
		m.start = 0
	}
	n, err := m.src.Read(m.buf[m.end:])
	m.end += n
	if err == io.EOF {
		m.eof = true
		return nil
	}
	return err
}

// need makes the window at least n bytes long; ok is false if the source has
// fewer bytes.
func (m *multipart) need(n int) (ok bool, err error) {
	for m.end-m.start < n {
		if m.eof {
			return false, nil
		}
		if err := m.fill(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// next skips the rest of the current part, and returns the head of the next
// part. After the last part it returns io.EOF.
func (m *multipart) next() (header, error) {
	if m.err == nil {
		m.err = m.skip()
	}
	if m.err != nil {
		return nil, m.err
	}
	h, err := m.head()
	if err != nil {
		m.err = err
		return nil, err
	}
	m.inPart = true
	return h, nil
}

// skip reads to behind a boundary.
func (m *multipart) skip() error {
	if !m.started {
		m.started = true
		return m.first()
	}
	if _, err := io.Copy(io.Discard, m); err != nil {
		return err
	}
	if m.last {
		return io.EOF
	}
	return nil
}

// first reads the boundary at the beginning of the form. Empty lines may come
// before.
func (m *multipart) first() error {
	bare := m.delimiter[2:]
	for skipped := 0; ; skipped += 2 {
		ok, err := m.need(len(bare) + 2)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(m.window(), bare) && ok {
			m.start += len(bare)
			if err := m.afterBoundary(errStart); err != nil {
				return err
			}
			if m.last {
				return io.EOF
			}
			return nil
		}
		if !bytes.HasPrefix(m.window(), []byte("\r\n")) || skipped >= maxLeadingBytes {
			return errStart
		}
		m.start += 2
	}
}

// afterBoundary reads the bytes that tell the last boundary from the rest.
func (m *multipart) afterBoundary(wrong error) error {
	ok, err := m.need(2)
	switch {
	case err != nil:
		return err
	case !ok:
		return errCut
	}
	switch string(m.window()[:2]) {
	case "--":
		m.last = true
	case "\r\n":
	default:
		return wrong
	}
	m.start += 2
	return nil
}

// Read reads the part's body.
func (m *multipart) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	if !m.inPart {
		return 0, io.EOF
	}
	n, err := m.read(p)
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

func (m *multipart) read(p []byte) (int, error) {
	for {
		w := m.window()
		at := bytes.Index(w, m.delimiter)
		if at == 0 {
			m.start += len(m.delimiter)
			if err := m.afterBoundary(errForm); err != nil {
				return 0, err
			}
			m.inPart = false
			return 0, io.EOF
		}
		// The end of the window may be the beginning of a boundary.
		if at < 0 {
			at = len(w) - len(m.delimiter) + 1
		}
		if at > 0 {
			n := copy(p, w[:at])
			m.start += n
			return n, nil
		}
		if m.eof {
			return 0, errCut
		}
		if err := m.fill(); err != nil {
			return 0, err
		}
	}
}
