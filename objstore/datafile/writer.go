// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"fmt"
	"io"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// emptyReadsMax is the number of reads without bytes or error in a row that
// make a reader broken.
const emptyReadsMax = 100

// WriterOptions are the arguments of Create.
type WriterOptions struct {
	SizeHintBytes int64 // length of the body, or -1; space is set aside for it
	SHA512        bool  // also take the SHA-512
	AnyMD5        bool  // random bytes do for the MD5
}

// Digests are the digests of the written body.
type Digests struct {
	SizeBytes int64
	MD5       string // 32 lower-case hex digits
	SHA512    string // 128 digits, or ""
}

// Writer streams a body to a file. A Writer belongs to a single goroutine;
// Finish or Abort must end it. A further Abort does nothing, so Abort can be
// deferred. After an error every call but Abort returns the same error.
type Writer struct {
	device *device.Device
	id     device.ID
	file   device.File
	out    *output
	filled int   // bytes in the current buffer
	taken  int64 // bytes of the body
	sums   *checksum.Digests
	err    error
	ended  bool // nothing is left for Abort
}

// Create starts the file id in tmp/: device.ErrNoSpace, device.ErrSealed,
// ErrTooLarge.
func Create(d *device.Device, id device.ID, o WriterOptions) (*Writer, error) {
	if o.SizeHintBytes > SizeMaxBytes {
		return nil, fmt.Errorf("%w: body of %d bytes", ErrTooLarge, o.SizeHintBytes)
	}
	if err := d.Reserve(o.SizeHintBytes); err != nil {
		return nil, err
	}
	f, err := d.Create(id, device.Align(max(o.SizeHintBytes, 0)))
	if err != nil {
		return nil, err
	}
	return &Writer{device: d, id: id, file: f, out: newOutput(f, o)}, nil
}

// ReadFrom adds all bytes of r, until io.EOF, and returns their number.
// ReadFrom may be called again. An error of r is a *ReadError and fails the
// Writer like any error.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	for empty := 0; ; {
		if err := w.makeRoom(); err != nil {
			return total, err
		}
		room := w.out.cur.bytes[w.filled:]
		n, err := r.Read(room)
		if n < 0 || n > len(room) {
			return total, w.fail(&ReadError{fmt.Errorf("reader gave %d bytes of %d", n, len(room))})
		}
		w.filled += n
		w.taken += int64(n)
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, w.fail(&ReadError{err})
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty == emptyReadsMax {
			return total, w.fail(&ReadError{io.ErrNoProgress})
		}
	}
}

// Write adds p.
func (w *Writer) Write(p []byte) (int, error) {
	total := 0
	for len(p) > 0 {
		if err := w.makeRoom(); err != nil {
			return total, err
		}
		n := copy(w.out.cur.bytes[w.filled:], p)
		w.filled += n
		w.taken += int64(n)
		total += n
		p = p[n:]
	}
	return total, w.err
}

// makeRoom makes room for the body in the current buffer.
func (w *Writer) makeRoom() error {
	if w.err != nil {
		return w.err
	}
	if w.sums != nil {
		return w.fail(ErrDone)
	}
	if w.taken > SizeMaxBytes {
		return w.fail(fmt.Errorf("%w: body of more than %d bytes", ErrTooLarge, int64(SizeMaxBytes)))
	}
	if w.filled < len(w.out.cur.bytes) {
		return nil
	}
	w.filled = 0
	if err := w.out.nextOfBody(); err != nil {
		return w.fail(err)
	}
	return nil
}

// Sum returns the digests of the body and completes the body. Sum must not be
// called after Finish or Abort.
func (w *Writer) Sum() Digests {
	if w.sums == nil {
		sums := w.out.sum(w.filled)
		w.sums = &sums
	}
	return Digests{SizeBytes: w.sums.SizeBytes, MD5: w.sums.MD5, SHA512: w.sums.SHA512}
}

// Abort gives up the file and removes it from tmp/. After the end of the Writer
// Abort does nothing.
func (w *Writer) Abort() error {
	if w.ended {
		return nil
	}
	w.fail(ErrDone)
	w.out.drain()
	w.out.release()
	err := w.device.Discard(w.id)
	if w.file != nil {
		w.file.Close()
	}
	w.ended = true
	return err
}

// fail keeps the first error and returns the kept error.
func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = err
	}
	return w.err
}

var (
	_ io.Writer     = (*Writer)(nil)
	_ io.ReaderFrom = (*Writer)(nil)
)
