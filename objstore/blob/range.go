// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"io"

	"needletail/objstore/checksum"
	"needletail/objstore/ec"
)

// rangeReader reads a range of a body kept in several files.
type rangeReader struct {
	reader *Reader
	off    int64 // of the next byte to read from the devices
	end    int64
	ready  [][]byte // checked bytes, in order; none is empty
	held   *gathering
	err    error
}

// Read gives checked bytes.
func (x *rangeReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := x.fill(); err != nil {
		return 0, err
	}
	n := copy(p, x.ready[0])
	x.give(n)
	return n, nil
}

// WriteTo writes the rest of the range.
func (x *rangeReader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		err := x.fill()
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		given := len(x.ready[0])
		n, err := w.Write(x.ready[0])
		if n < 0 || n > given {
			n, err = 0, io.ErrShortWrite
		}
		x.give(n)
		total += int64(n)
		if err != nil {
			return total, err
		}
		if n < given {
			return total, io.ErrShortWrite
		}
	}
}

// give counts n bytes as given, and lets go of the buffers after the last.
func (x *rangeReader) give(n int) {
	x.ready[0] = x.ready[0][n:]
	if len(x.ready[0]) == 0 {
		x.ready = x.ready[1:]
	}
	if len(x.ready) == 0 {
		x.drop()
	}
}

func (x *rangeReader) drop() {
	if x.held != nil {
		x.held.release()
		x.held = nil
	}
}

// fill makes at least one byte ready, or returns the error or io.EOF at the end
// of the range.
func (x *rangeReader) fill() error {
	if x.err != nil || len(x.ready) > 0 {
		return x.err
	}
	if x.off >= x.end {
		x.err = io.EOF
		return x.err
	}
	if x.reader.fragments {
		x.err = x.fillStripe()
	} else {
		x.err = x.fillBlocks()
	}
	if x.err != nil {
		x.drop()
	}
	return x.err
}

// fillBlocks reads blocks of a single copy.
func (x *rangeReader) fillBlocks() error {
	first := x.off / checksum.BlockBytes
	start := first * checksum.BlockBytes
	blocks := (min(x.end, start+readUnitBytes) - start + checksum.BlockBytes - 1) / checksum.BlockBytes
	stop := min(start+blocks*checksum.BlockBytes, x.reader.SizeBytes())
	x.held = x.reader.gather(request{
		want: x.reader.allSlots(), need: 1, first: first, bytes: int(stop - start), more: stop < x.end,
	})
	if x.held.err != nil {
		return x.held.err
	}
	for _, p := range x.held.shards {
		if p != nil {
			end := min(x.end, stop)
			x.ready = append(x.ready[:0], p[x.off-start:end-start])
			x.off = end
			return nil
		}
	}
	panic("blob: an answer without bytes")
}

// fillStripe reads the shards of a stripe within the range, and decodes missing
// shards.
func (x *rangeReader) fillStripe() error {
	g := x.reader.geometry()
	stripe := x.off / g.StripeBytes()
	start := stripe * g.StripeBytes()
	lo, hi := int(x.off-start), int(min(x.end-start, int64(g.BodyBytes(stripe))))
	first, last := g.Shards(stripe, lo, hi)
	var want uint64
	for slot := first; slot <= last; slot++ {
		want |= 1 << slot
	}
	var err error
	x.held, err = x.reader.stripe(stripe, want, 0, start+int64(hi) < x.end)
	if err != nil {
		return err
	}
	n := g.ShardBytes(stripe)
	x.ready = x.ready[:0]
	for slot := first; slot <= last; slot++ {
		from, to := max(lo-slot*n, 0), min(hi-slot*n, n)
		x.ready = append(x.ready, x.held.shards[slot][from:to])
	}
	x.off = start + int64(hi)
	return nil
}

// stripe reads the wanted shards of a stripe of fragments, without the files of
// the slots in skip, and decodes missing shards. The result must be released,
// also after an error.
func (r *Reader) stripe(stripe int64, want, skip uint64, more bool) (*gathering, error) {
	g := r.gather(request{
		want: want, need: r.layout.Data, skip: skip,
		first: stripe, bytes: r.geometry().ShardBytes(stripe), more: more,
	})
	if g.err != nil || g.have&want == want {
		return g, g.err
	}
	code, err := ec.New(r.layout.Data, r.layout.Parity)
	if err != nil {
		return g, err
	}
	wanted := make([]bool, len(r.files))
	for slot := range r.files {
		if g.have&(1<<slot) == 0 && want&(1<<slot) != 0 {
			wanted[slot] = true
			g.shards[slot] = takeReadBuffer(g.bytes).bytes[:0]
		}
	}
	return g, code.Reconstruct(g.shards, wanted)
}

var _ io.WriterTo = (*rangeReader)(nil)
