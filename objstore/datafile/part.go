// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"fmt"
	"unsafe"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// Part writes a file of a body kept in several files: a copy or a fragment. The
// digests are taken elsewhere, once for all files. A Part belongs to a single
// goroutine; Finish or Abort must end it. After an error every call but Abort
// returns the same error.
type Part struct {
	device *device.Device
	id     device.ID
	file   device.File
	buf    *buffer
	filled int
	taken  int64
	err    error
	ended  bool
}

// CreatePart starts the file id in tmp/. sizeHintBytes is the length of the
// content, or -1. Errors as from Create.
func CreatePart(d *device.Device, id device.ID, sizeHintBytes int64) (*Part, error) {
	if sizeHintBytes > SizeMaxBytes {
		return nil, fmt.Errorf("%w: part of %d bytes", ErrTooLarge, sizeHintBytes)
	}
	if err := d.Reserve(sizeHintBytes); err != nil {
		return nil, err
	}
	f, err := d.Create(id, device.Align(max(sizeHintBytes, 0)))
	if err != nil {
		return nil, err
	}
	return &Part{device: d, id: id, file: f, buf: narrow.take()}, nil
}

// Write adds p without changing p: several Parts may write the same p at once.
// Bytes aligned in memory and in length go to the disk without a copy.
func (w *Part) Write(p []byte) (int, error) {
	total := 0
	for len(p) > 0 && w.err == nil {
		n := len(p) &^ (device.AlignBytes - 1)
		if w.filled == 0 && n > 0 && aligned(p) {
			_, w.err = w.file.Write(p[:n])
		} else {
			n = w.keep(p)
		}
		total += n
		w.taken += int64(n)
		p = p[n:]
		if w.err == nil && w.taken > SizeMaxBytes {
			w.err = fmt.Errorf("%w: part of more than %d bytes", ErrTooLarge, int64(SizeMaxBytes))
		}
	}
	return total, w.err
}

func aligned(p []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(p)))&(device.AlignBytes-1) == 0
}

// keep copies the start of p to the buffer, and writes a full buffer.
func (w *Part) keep(p []byte) int {
	n := copy(w.buf.bytes[w.filled:], p)
	w.filled += n
	if w.filled == len(w.buf.bytes) {
		_, w.err = w.file.Write(w.buf.bytes)
		w.filled = 0
	}
	return n
}

// Finish writes the footer with complete Info and Fragment, and the sums of the
// written blocks. Finish returns nil only when the file is published and on
// stable storage.
func (w *Part) Finish(f Footer, blocks []uint64) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.finish(&f, blocks); w.err != nil {
		return w.err
	}
	w.end()
	return nil
}

func (w *Part) finish(f *Footer, blocks []uint64) error {
	if w.taken != f.StoredBytes() || int64(len(blocks)) != blockCount(w.taken) {
		return fmt.Errorf("datafile: footer tells of %d bytes, %d were written", f.StoredBytes(), w.taken)
	}
	tail, err := encodeTail(w.id, f, blocks)
	if err != nil {
		return err
	}
	end := int(device.Align(int64(w.filled)))
	clear(w.buf.bytes[w.filled:end])
	if w.filled = end; w.filled == len(w.buf.bytes) {
		if w.keep(nil); w.err != nil {
			return w.err
		}
	}
	for len(tail) > 0 && w.err == nil {
		tail = tail[w.keep(tail):]
	}
	if w.err == nil && w.filled > 0 {
		_, w.err = w.file.Write(w.buf.bytes[:w.filled])
	}
	if w.err != nil {
		return w.err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	file := w.file
	w.file = nil
	if err := file.Close(); err != nil {
		return err
	}
	return w.device.Publish(w.id)
}

func (w *Part) end() {
	narrow.put(w.buf)
	w.buf, w.ended = nil, true
	if w.err == nil {
		w.err = ErrDone
	}
}

// Abort gives up the file and removes it from tmp/. After the end of the Part
// Abort does nothing.
func (w *Part) Abort() error {
	if w.ended {
		return nil
	}
	w.end()
	err := w.device.Discard(w.id)
	if w.file != nil {
		w.file.Close()
	}
	return err
}

// Blocks reads content from block number first on into p, which ends at the end
// of a block or of the content, and checks each block: *CorruptError, or the
// error of reading. Several goroutines may call Blocks.
func (r *Reader) Blocks(p []byte, first int64) error { return r.readBlocks(p, first) }

// Prefetch hints that n bytes from block number first on are read soon.
func (r *Reader) Prefetch(first, n int64) {
	off := first * checksum.BlockBytes
	if n = min(n, r.dataEnd-off); n > 0 {
		_ = r.file.Prefetch(off, n) // the read itself finds out what is wrong
	}
}

// VerifyPadding checks the bytes behind the content; Blocks checks the content.
func (r *Reader) VerifyPadding() error {
	padding := make([]byte, r.dataEnd-r.SizeBytes())
	if err := r.readAt(padding, r.SizeBytes()); err != nil {
		return err
	}
	if !allZero(padding) {
		return corrupt("padding is not zero")
	}
	return nil
}
