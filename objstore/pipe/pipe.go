// SPDX-License-Identifier: Apache-2.0

package pipe

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// BytesMax is how much a pipe holds.
const BytesMax = 256 << 10

// Writer is a destination that takes bytes out of a pipe.
type Writer interface {
	io.Writer
	// TakesPipes reports whether WritePipe may be called.
	TakesPipes() bool
	// WritePipe sends all bytes of the pipe, and returns how many were sent.
	WritePipe(p *Pipe) (int, error)
}

// Reader is a source whose bytes can go into a pipe.
type Reader interface {
	io.Reader
	// FillPipe moves bytes into the empty pipe, at most most. A source that is
	// no plain socket or is slow moves nothing, returns 0 and nil, and the
	// caller reads. io.EOF may come with the last byte.
	FillPipe(p *Pipe, most int) (int, error)
}

// Pipe is a pipe of the kernel.
type Pipe struct {
	pool          *Pool
	reads, writes int // descriptors
	held          int // bytes

	// The following are the running call. The functions are made once, so that
	// no call allocates.
	least int // bytes at the source before splice is called; 0: any
	most  int
	moved int
	err   error
	fill  func(fd uintptr) bool
	drain func(fd uintptr) bool
	// drainOnce is drain without a wait.
	drainOnce func(fd uintptr) bool
	ends      [1]unix.PollFd // of gathered
}

// open makes a pipe of BytesMax, which the kernel may refuse to a user with many
// pipes. All pipes have the same room: Tee relies on the room.
func open(pool *Pool) (*Pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	p := &Pipe{pool: pool, reads: fds[0], writes: fds[1]}
	if size, err := unix.FcntlInt(uintptr(p.writes), unix.F_SETPIPE_SZ, BytesMax); err != nil || size != BytesMax {
		p.close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	p.fill = func(fd uintptr) bool { return p.gathered(int(fd)) && p.splice(int(fd), p.writes) }
	p.drain = func(fd uintptr) bool { return p.splice(p.reads, int(fd)) }
	p.drainOnce = func(fd uintptr) bool { p.splice(p.reads, int(fd)); return true }
	return p, nil
}

// Give takes the pipe back. A pipe with bytes in it is closed.
func (p *Pipe) Give() { p.pool.give(p) }

func (p *Pipe) close() {
	_ = unix.Close(p.reads)
	_ = unix.Close(p.writes)
}

// Held is how many bytes the pipe has.
func (p *Pipe) Held() int { return p.held }

// Tee puts the bytes of p into a second, empty pipe as well, without a copy, and
// returns how many bytes the second pipe has: all, since both have the same room.
func (p *Pipe) Tee(to *Pipe) (int, error) {
	n, err := unix.Tee(p.reads, to.writes, p.held, unix.SPLICE_F_NONBLOCK)
	if err != nil {
		return 0, os.NewSyscallError("tee", err)
	}
	to.held = int(n)
	return to.held, nil
}

// Drain moves all bytes of the pipe to dst, under the write deadline of dst, and
// returns how many bytes were sent.
func (p *Pipe) Drain(dst syscall.RawConn) (int, error) {
	sent := 0
	for p.held > 0 {
		if err := p.run(dst.Write, p.drain, p.held); err != nil {
			return sent, err
		}
		if p.moved == 0 {
			return sent, io.ErrUnexpectedEOF
		}
		sent += p.moved
		p.held -= p.moved
	}
	return sent, nil
}

// gathered reports whether least bytes are at the source, or no more will come.
// Otherwise the socket wakes its reader when either is so, and the reader asks no
// more.
func (p *Pipe) gathered(socket int) bool {
	least := p.least
	p.least = 0
	if least <= 1 {
		return true
	}
	if n, err := unix.IoctlGetInt(socket, unix.SIOCINQ); err != nil || n >= least {
		return true
	}
	p.ends[0] = unix.PollFd{Fd: int32(socket), Events: unix.POLLRDHUP}
	n, err := unix.Poll(p.ends[:], 0)
	return err != nil || n > 0
}

// DrainNow moves as many bytes of the pipe to dst as dst takes without a wait, and
// returns how many were sent. An error is for the next Drain to find.
func (p *Pipe) DrainNow(dst syscall.RawConn) int {
	sent := 0
	for p.held > 0 {
		p.moved, p.most = 0, p.held
		if dst.Write(p.drainOnce) != nil || p.moved == 0 {
			break
		}
		sent += p.moved
		p.held -= p.moved
	}
	return sent
}

// run calls splice when the socket is ready, until splice has moved bytes.
func (p *Pipe) run(when func(func(fd uintptr) bool) error, splice func(fd uintptr) bool, most int) error {
	p.most, p.moved, p.err = most, 0, nil
	if err := when(splice); err != nil {
		return err
	}
	return p.err
}

// splice moves up to p.most bytes once. False: the socket is not ready.
func (p *Pipe) splice(from, to int) bool {
	for {
		n, err := unix.Splice(from, nil, to, nil, p.most, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		switch err {
		case nil:
			p.moved = int(n)
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			p.err = os.NewSyscallError("splice", err)
			return true
		}
	}
}
