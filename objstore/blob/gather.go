// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"errors"
	"io/fs"
	"math/bits"
	"sync"
	"time"

	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// request is a read of the files of a body: the same blocks of several slots at
// once.
type request struct {
	want  uint64 // bit per slot: all of these are enough
	need  int    // so many of any slots are enough too
	skip  uint64 // slots that are not read
	first int64  // number of the first block
	bytes int    // 0: files are opened and nothing is read
	more  bool   // the blocks after these are read next
	// padding: the bytes behind the content are checked, and nothing is read.
	padding bool
}

// gathering collects the answers to a request. It asks as few slots as
// possible. Another slot replaces a slot that fails or is slow.
type gathering struct {
	request
	r      *Reader
	shards [][]byte // per slot, of what was read
	footer datafile.Footer
	err    error

	started, have, late uint64 // bits per slot
	failures            []*SlotError

	mu      sync.Mutex // guards what follows
	over    bool       // answers come too late
	answers chan answer
}

type answer struct {
	slot int
	buf  *readBuffer // nil if nothing was read
	file *datafile.Reader
	err  error
}

// readBuffer is a pointer, so that the pool does not allocate.
type readBuffer struct{ bytes []byte }

// readUnitBytes is the most that is read of a file at once.
const readUnitBytes = 2 * checksum.BlockBytes

var readBuffers = [2]sync.Pool{
	{New: func() any { return &readBuffer{device.AlignedBuffer(checksum.BlockBytes)} }},
	{New: func() any { return &readBuffer{device.AlignedBuffer(readUnitBytes)} }},
}

func takeReadBuffer(n int) *readBuffer {
	if n <= checksum.BlockBytes {
		return readBuffers[0].Get().(*readBuffer)
	}
	return readBuffers[1].Get().(*readBuffer)
}

func (b *readBuffer) give() {
	if len(b.bytes) == checksum.BlockBytes {
		readBuffers[0].Put(b)
	} else {
		readBuffers[1].Put(b)
	}
}

// gather runs a request. release must follow.
func (r *Reader) gather(q request) *gathering {
	g := &gathering{request: q, r: r, shards: make([][]byte, len(r.files)), answers: make(chan answer, len(r.files))}
	hedge := time.NewTimer(r.hedgeDelay())
	defer hedge.Stop()
	deadline := time.NewTimer(r.set.opts.ReadWait)
	defer deadline.Stop()
	for !g.enough(g.have) {
		g.startEnough()
		if g.running() == 0 {
			g.err = g.short()
			return g
		}
		select {
		case a := <-g.answers:
			g.take(a)
		case <-hedge.C:
			g.hedge()
			hedge.Reset(r.hedgeDelay())
		case <-deadline.C:
			g.timeOut()
			return g
		}
	}
	return g
}

func (g *gathering) enough(slots uint64) bool {
	return slots&g.want == g.want || bits.OnesCount64(slots) >= g.need
}

// running returns the slots without an answer.
func (g *gathering) running() uint64 { return g.started &^ g.have &^ g.failed() }

func (g *gathering) failed() uint64 {
	var failed uint64
	for _, e := range g.failures {
		failed |= 1 << e.Slot
	}
	return failed
}

// startEnough asks slots until the slots with an answer, or with an answer due
// in time, are enough. It stops when no slot is left.
func (g *gathering) startEnough() {
	for !g.enough(g.have | g.running()&^g.late) {
		slot := g.best()
		if slot < 0 {
			return
		}
		g.started |= 1 << slot
		if err := g.r.start(slot); err != nil {
			g.fail(slot, err)
			continue
		}
		go g.fetch(slot)
	}
}

// best is the slot to ask next, or -1.
func (g *gathering) best() int {
	best, bestRank := -1, 0
	for slot := range g.r.files {
		if (g.started|g.skip)&(1<<slot) != 0 {
			continue
		}
		rank := 2 * g.r.rank(slot)
		if g.want&(1<<slot) == 0 {
			rank++
		}
		if best < 0 || rank < bestRank {
			best, bestRank = slot, rank
		}
	}
	return best
}

// rank orders slots: the lower, the sooner asked.
func (r *Reader) rank(slot int) int {
	f := &r.files[slot]
	f.state.Lock()
	slow, running, bad := f.slow, f.running, f.bad
	f.state.Unlock()
	switch {
	case f.disk == nil || bad != nil:
		return 4
	case f.disk.dev.Load() == nil, slow && running > 0: // it may hang
		return 3
	}
	switch f.disk.monitor.State() {
	case device.StateFailed:
		return 2
	case device.StateSuspect:
		return 1
	}
	if slow {
		return 1
	}
	return 0
}

// start counts a fetch that begins in a slot. It returns the reason if the slot
// cannot be asked.
func (r *Reader) start(slot int) error {
	f := &r.files[slot]
	f.state.Lock()
	defer f.state.Unlock()
	if f.disk == nil {
		return errNoDevice
	}
	if f.bad == nil {
		f.running++
		r.refs.Add(1)
	}
	return f.bad
}

// ended counts a fetch that came back.
func (r *Reader) ended(slot int) {
	f := &r.files[slot]
	f.state.Lock()
	f.running--
	f.state.Unlock()
	// An error in closing the files is of no use to anybody by now.
	_ = r.unref()
}

// fetch asks a single slot.
func (g *gathering) fetch(slot int) {
	r := g.r
	a := answer{slot: slot}
	a.err = r.files[slot].disk.do(r.set.opts.ReadWait, func(dev *device.Device) (err error) {
		if a.file, err = r.open(slot, dev); err != nil {
			return err
		}
		if g.padding {
			return a.file.VerifyPadding()
		}
		if g.bytes == 0 {
			return nil
		}
		a.buf = takeReadBuffer(g.bytes)
		if err = a.file.Blocks(a.buf.bytes[:g.bytes], g.first); err == nil && g.more {
			a.file.Prefetch(g.first+int64((g.bytes+checksum.BlockBytes-1)/checksum.BlockBytes), readUnitBytes)
		}
		return err
	})
	g.mu.Lock()
	if g.over {
		if a.buf != nil {
			a.buf.give()
		}
	} else {
		g.answers <- a // never full: it has room for every slot
	}
	g.mu.Unlock()
	r.ended(slot)
}

// take counts an answer.
func (g *gathering) take(a answer) {
	if a.err != nil {
		if a.buf != nil {
			a.buf.give()
		}
		g.r.markBad(a.slot, a.err)
		g.fail(a.slot, a.err)
		return
	}
	g.have |= 1 << a.slot
	g.footer = a.file.Footer()
	if a.buf != nil {
		g.shards[a.slot] = a.buf.bytes[:g.bytes]
	}
}

func (g *gathering) fail(slot int, err error) {
	e := &SlotError{Slot: slot, Device: device.None, Err: err}
	if d := g.r.files[slot].disk; d != nil {
		e.Device = d.spec.Index
	}
	g.failures = append(g.failures, e)
}

// markBad stops asking a slot, and tells of damage once.
func (r *Reader) markBad(slot int, err error) {
	f := &r.files[slot]
	f.state.Lock()
	first := f.bad == nil
	f.bad = err
	f.state.Unlock()
	if first && !r.quiet && (errors.Is(err, datafile.ErrCorrupt) || errors.Is(err, fs.ErrNotExist)) {
		r.set.opts.Events.Damaged(r.id, slot, f.disk.spec.Index, err)
	}
}

// hedge stops counting on the slots without an answer.
func (g *gathering) hedge() {
	g.late |= g.running()
	for slot := range g.r.files {
		if g.late&(1<<slot) != 0 {
			f := &g.r.files[slot]
			f.state.Lock()
			f.slow = true
			f.state.Unlock()
		}
	}
}

// timeOut gives up.
func (g *gathering) timeOut() {
	for slot := range g.r.files {
		if g.running()&(1<<slot) != 0 {
			g.fail(slot, errSlow)
		}
	}
	g.err = g.short()
}

// hedgeDelay is four times the latency of the fastest device of the body, within
// the limits.
func (r *Reader) hedgeDelay() time.Duration {
	o := &r.set.opts
	delay := o.HedgeMax
	for slot := range r.files {
		if d := r.files[slot].disk; d != nil {
			delay = min(delay, 4*d.monitor.Stats().Latency)
		}
	}
	return max(delay, o.HedgeMin)
}

// short returns the error of too few answers: devices are away if a slot's
// device is away, else the body is gone or damaged.
func (g *gathering) short() error {
	e := &ShortError{Op: "read", Have: bits.OnesCount64(g.have), Need: g.need, Slots: g.failures}
	missing, damaged := 0, 0
	for _, slot := range e.Slots {
		switch {
		case errors.Is(slot.Err, errNoDevice):
		case errors.Is(slot.Err, fs.ErrNotExist):
			missing++
		case errors.Is(slot.Err, datafile.ErrCorrupt):
			damaged++
		default:
			e.is = ErrUnavailable
			return e
		}
	}
	e.is = datafile.ErrCorrupt
	if missing > 0 && damaged == 0 && e.Have == 0 {
		e.is = fs.ErrNotExist
	}
	return e
}

// release gives the buffers back. A later answer gives its buffer back by
// itself.
func (g *gathering) release() {
	g.mu.Lock()
	g.over = true
	g.mu.Unlock()
	for len(g.answers) > 0 {
		if a := <-g.answers; a.buf != nil {
			a.buf.give()
		}
	}
	for slot, p := range g.shards {
		if p != nil {
			(&readBuffer{p[:cap(p)]}).give()
			g.shards[slot] = nil
		}
	}
}
