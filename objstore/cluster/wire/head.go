// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"errors"
	"strconv"
	"strings"
	"sync"
)

// head is the status line and the fields of an answer.
type head struct {
	minor  int // of HTTP/1.x
	status int
	reason string
	header Header
}

const (
	errBareLF      = protocolError("a line of the head does not end with CR LF")
	errNoStatus    = protocolError("the answer does not begin with a status line of HTTP/1")
	errLineTooLong = protocolError("a line of the head is too long")
	errHeadTooBig  = protocolError("the head is too large")
	errTooMany     = protocolError("the head has too many fields")
	errFieldLine   = protocolError("a line of the head is not a field")
	errFraming     = protocolError("the length of the body is missing or ambiguous")
	errInterim     = protocolError("too many interim answers")
)

var headBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// readHead reads a head up to its blank line.
func readHead(in *bufio.Reader, o *Options) (head, error) {
	buf := headBuffers.Get().(*[]byte)
	defer headBuffers.Put(buf)
	text, err := appendHead((*buf)[:0], in, o)
	*buf = text[:0]
	if err != nil {
		return head{}, err
	}
	return parseHead(string(text), o.HeadFields)
}

// appendHead appends the lines of a head without the blank line.
func appendHead(b []byte, in *bufio.Reader, o *Options) ([]byte, error) {
	for lines := 0; ; lines++ {
		start := len(b)
		for {
			piece, err := in.ReadSlice('\n')
			b = append(b, piece...)
			switch {
			case len(b)-start > o.LineBytes:
				return b, errLineTooLong
			case len(b) > o.HeadBytes:
				return b, errHeadTooBig
			}
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return b, unexpected(err)
			}
		}
		switch line := b[start:]; {
		case len(line) < 2 || line[len(line)-2] != '\r':
			return b, errBareLF
		case len(line) == 2 && lines == 0:
			return b, errNoStatus
		case len(line) == 2:
			return b[:start], nil
		case lines > o.HeadFields:
			return b, errTooMany
		}
	}
}

// parseHead parses the lines of a head, each with its CR LF.
func parseHead(text string, fieldsMax int) (head, error) {
	line, rest, _ := strings.Cut(text, "\r\n")
	h, err := parseStatus(line)
	if err != nil {
		return head{}, err
	}
	h.header, err = parseFields(rest, fieldsMax)
	return h, err
}

// parseFields parses lines of fields, each with its CR LF.
func parseFields(text string, fieldsMax int) (Header, error) {
	fields := strings.Count(text, "\r\n")
	if fields > fieldsMax {
		return nil, errTooMany
	}
	h := make(Header, 0, fields)
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !ok || !validName(name) || !validValue(value) {
			return nil, errFieldLine
		}
		h.Add(name, value)
	}
	return h, nil
}

// parseStatus parses "HTTP/1.1 200 OK".
func parseStatus(line string) (head, error) {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if err != nil || len(code) != 3 || status < 100 || !validValue(reason) {
		return head{}, errNoStatus
	}
	h := head{status: int(status), reason: reason}
	switch version {
	case "HTTP/1.1":
		h.minor = 1
	case "HTTP/1.0":
	default:
		return head{}, errNoStatus
	}
	return h, nil
}

func (h *head) interim() bool { return h.status < 200 }

// keepsAlive reports whether the node keeps the connection open.
func (h *head) keepsAlive() bool {
	for i := range h.header {
		if strings.EqualFold(h.header[i].Name, "Connection") && hasToken(h.header[i].Value, "close") {
			return false
		}
	}
	return h.minor == 1
}

func hasToken(list, token string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.Trim(t, " \t"), token) {
			return true
		}
	}
	return false
}

// framing returns the length of the body, or -1 for a chunked body. An answer
// that ends with the connection is refused: its end cannot be told from a
// broken connection, and Swift's servers always frame an answer to HTTP/1.1.
func (h *head) framing(method string) (int64, error) {
	length, chunked := int64(-1), false
	for i := range h.header {
		f := &h.header[i]
		switch {
		case strings.EqualFold(f.Name, "Content-Length"):
			n, err := parseLength(f.Value)
			if err != nil || length >= 0 && n != length {
				return 0, errFraming
			}
			length = n
		case strings.EqualFold(f.Name, "Transfer-Encoding"):
			if chunked || !strings.EqualFold(f.Value, "chunked") {
				return 0, errFraming
			}
			chunked = true
		}
	}
	switch {
	case chunked && length >= 0:
		return 0, errFraming
	case method == "HEAD", h.status == 204, h.status == 304, h.interim():
		return 0, nil
	case !chunked && length < 0:
		return 0, errFraming
	}
	return length, nil
}

func parseLength(s string) (int64, error) {
	n, err := parseNumber(s)
	if err != nil {
		return 0, errFraming
	}
	return n, nil
}
