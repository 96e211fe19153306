// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bytes"
	"errors"

	"needletail/proxy/web"
)

var (
	errBareLF      = errors.New("a line of the head does not end with CR LF")
	errNoLine      = errors.New("blank lines instead of a request")
	errHeadTooBig  = errors.New("the headers are too large")
	errTooMany     = errors.New("too many header lines")
	errLineTooLong = errors.New("a header line is too long")
)

func badRequest(cause error) error { return &web.StatusError{Status: 400, Err: cause} }

// headScan finds the end of a head in a growing buffer. It refuses at the first
// byte that breaks a rule or a limit, so a client with an endless head is told
// at once.
type headScan struct {
	maxLine, maxRequestLine, maxTotal int

	start   int // where the request line begins, after a blank line
	next    int // where the first line not yet seen begins
	lines   int // complete lines, with the request line
	headers int // where the header lines begin
}

// scan reads b, the bytes of the head so far. It returns the length of the head
// once b has the whole head, else 0.
func (s *headScan) scan(b []byte) (int, error) {
	for {
		i := bytes.IndexByte(b[s.next:], '\n')
		if i < 0 {
			return 0, s.check(len(b)-s.next-1, len(b))
		}
		line := b[s.next : s.next+i]
		if i == 0 || line[i-1] != '\r' {
			return 0, badRequest(errBareLF)
		}
		line = line[:i-1]
		end := s.next + i + 1
		if err := s.check(len(line), end); err != nil {
			return 0, err
		}
		if len(line) == 0 {
			if s.lines > 0 {
				return end, nil
			}
			// RFC 9112, 2.2: a single blank line before a request is ignored.
			if s.start > 0 {
				return 0, badRequest(errNoLine)
			}
			s.start = end
		} else {
			s.lines++
			if s.lines == 1 {
				s.headers = end
			}
		}
		s.next = end
	}
}

// check judges a line of n bytes, complete or not, that ends at end.
func (s *headScan) check(n, end int) error {
	switch {
	case s.lines == 0:
		if n > s.maxRequestLine {
			return &web.StatusError{Status: 414}
		}
	case n > s.maxLine:
		return badRequest(errLineTooLong)
	case end-s.headers > s.maxTotal:
		return badRequest(errHeadTooBig)
	case n > 0 && s.lines > maxHeaderLines:
		return badRequest(errTooMany)
	}
	return nil
}
