// SPDX-License-Identifier: Apache-2.0

package pipe

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Source is a socket whose bytes go into pipes. A Source is for a single
// goroutine at a time.
type Source struct {
	raw   syscall.RawConn
	least int // bytes that wake a reader, if more than 1
}

// NewSource returns the source of a socket.
func NewSource(raw syscall.RawConn) *Source { return &Source{raw: raw} }

// Gather asks the kernel to wake a reader of the socket not before least bytes have
// arrived, or the end (SO_RCVLOWAT). The work for a wake-up is as much as the work
// for moving 64 KiB. Whoever reads the socket in a different way calls Gather(1)
// first: the reader would wait for bytes that do not come. A nil Source has
// nothing to ask.
func (s *Source) Gather(least int) error {
	if s == nil || least == max(s.least, 1) {
		return nil
	}
	var err error
	set := func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, least) }
	if err := s.raw.Control(set); err != nil {
		return err
	}
	if err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	s.least = least
	return nil
}

// Fill moves bytes that have arrived into the empty pipe, at most most and
// BytesMax. Fill waits for as many bytes as Gather has said. At the read deadline
// of the socket Fill moves what is there; os.ErrDeadlineExceeded means that nothing
// is there. At the end of the input Fill returns io.EOF.
func (s *Source) Fill(p *Pipe, most int) (int, error) {
	p.least = s.least
	err := p.run(s.raw.Read, p.fill, min(most, BytesMax))
	if s.least > 1 && errors.Is(err, os.ErrDeadlineExceeded) {
		p.least = 0
		late := s.raw.Control(func(fd uintptr) { p.fill(fd) })
		if late == nil && p.err == nil && p.moved > 0 {
			err = nil
		}
	}
	switch {
	case err != nil:
		return 0, err
	case p.moved == 0:
		return 0, io.EOF
	}
	p.held = p.moved
	return p.moved, nil
}
