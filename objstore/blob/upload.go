// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/ec"
)

// emptyReadsMax is the number of reads without bytes or error in a row that
// make a reader broken.
const emptyReadsMax = 100

// upload writes a body to several devices: the caller fills a stripe, a
// goroutine takes the digests and computes parity, and a lane per slot writes.
type upload struct {
	set    *Set
	id     device.ID
	layout Layout
	code   *ec.Code // nil for copies
	hint   int64    // length of the body, or -1

	hash   *checksum.Hash // the digest goroutine's while toDigest is open
	blocks [][]uint64     // checksums per slot, of fragments alone; likewise
	cutErr error          // of cut; likewise

	cur   *stripe
	made  int // stripes
	taken int64
	sums  *checksum.Digests
	err   error
	ended bool

	toDigest chan *stripe // nil until a stripe is full, and after the body's end
	digested chan struct{}
	free     chan *stripe // never full: it has room for every stripe

	slots  []*lane // nil where no device took the slot
	lanes  sync.WaitGroup
	footer *datafile.Footer // set before the queues are closed, or nil
	closed bool             // the queues

	mu       sync.Mutex // guards the lanes' fields that say so, and what follows
	inFlight []*stripe  // that lanes have not done with, oldest first
	failures []*SlotError
	results  chan laneResult // of publishing; room for every lane
}

func (u *upload) partBytes() int64 {
	if u.hint < 0 || u.layout.Copies > 0 {
		return u.hint
	}
	return ec.Geometry{Data: u.layout.Data, SizeBytes: u.hint}.FragmentBytes()
}

// Write adds p.
func (u *upload) Write(p []byte) (int, error) {
	total := 0
	for len(p) > 0 {
		room, err := u.room()
		if err != nil {
			return total, err
		}
		n := copy(room, p)
		u.fill(n)
		total += n
		p = p[n:]
	}
	return total, u.err
}

// ReadFrom is like datafile.Writer.ReadFrom.
func (u *upload) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	for empty := 0; ; {
		room, err := u.room()
		if err != nil {
			return total, err
		}
		n, err := r.Read(room)
		if n < 0 || n > len(room) {
			return total, u.fail(&datafile.ReadError{Err: fmt.Errorf("reader gave %d bytes of %d", n, len(room))})
		}
		u.fill(n)
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, u.fail(&datafile.ReadError{Err: err})
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty == emptyReadsMax {
			return total, u.fail(&datafile.ReadError{Err: io.ErrNoProgress})
		}
	}
}

// fill counts n more bytes of the body.
func (u *upload) fill(n int) {
	u.cur.body = u.cur.buf[:len(u.cur.body)+n]
	u.taken += int64(n)
}

// room is where the next bytes of the body go.
func (u *upload) room() ([]byte, error) {
	if u.err != nil {
		return nil, u.err
	}
	if u.sums != nil {
		return nil, u.fail(datafile.ErrDone)
	}
	if u.taken > datafile.SizeMaxBytes {
		return nil, u.fail(fmt.Errorf("%w: body of more than %d bytes", datafile.ErrTooLarge, int64(datafile.SizeMaxBytes)))
	}
	if len(u.cur.body) == u.layout.bodyRoom() {
		if err := u.next(); err != nil {
			return nil, u.fail(err)
		}
	}
	return u.cur.buf[len(u.cur.body):u.layout.bodyRoom()], nil
}

// next hands the full stripe over and takes an empty stripe.
func (u *upload) next() error {
	if err := u.checkQuorum(); err != nil {
		return err
	}
	if u.toDigest == nil {
		u.toDigest, u.digested = make(chan *stripe, stripesEach), make(chan struct{})
		go u.digestAll(u.toDigest)
	}
	u.toDigest <- u.cur
	var err error
	u.cur, err = u.takeFree()
	return err
}

// digestAll ends when the body has.
func (u *upload) digestAll(body <-chan *stripe) {
	defer close(u.digested)
	for st := range body {
		u.digest(st)
	}
}

// digest takes the digests of a stripe and gives the stripe to the lanes.
func (u *upload) digest(st *stripe) {
	u.hash.Write(st.body)
	if err := st.cut(u.layout, u.code); err != nil && u.cutErr == nil {
		u.cutErr = err
	}
	if u.blocks != nil {
		st.appendSums(u.blocks)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	st.sent = time.Now()
	for _, l := range u.slots {
		if l != nil && !l.dropped {
			st.pending |= 1 << l.slot
			l.queue <- st // never full: it has room for every stripe
		}
	}
	u.inFlight = append(u.inFlight, st)
	u.recycle(st)
}

// handBack tells that a lane is done with a stripe.
func (u *upload) handBack(st *stripe, slot int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if st.pending&(1<<slot) != 0 {
		st.pending &^= 1 << slot
		u.recycle(st)
	}
}

// recycle frees a stripe without a lane. The caller holds u.mu.
func (u *upload) recycle(st *stripe) {
	if st.pending != 0 {
		return
	}
	u.inFlight = slices.DeleteFunc(u.inFlight, func(other *stripe) bool { return other == st })
	if st.tainted {
		st = takeStripe(u.layout)
	}
	st.body = st.buf[:0]
	u.free <- st
}

// takeFree returns an empty stripe. As long as the quorum holds, takeFree goes
// on without lanes that hold the oldest stripe longer than WriteWait.
func (u *upload) takeFree() (*stripe, error) {
	select {
	case st := <-u.free:
		return st, nil
	default:
	}
	if u.made < stripesEach && u.set.takeExtraStripe() {
		u.made++
		return takeStripe(u.layout), nil
	}
	timer := time.NewTimer(u.set.opts.WriteWait)
	defer timer.Stop()
	for {
		select {
		case st := <-u.free:
			return st, nil
		case <-timer.C:
		}
		u.dropLaggards()
		if err := u.checkQuorum(); err != nil {
			return nil, err
		}
		timer.Reset(u.set.opts.WriteWait)
	}
}

func (s *Set) takeExtraStripe() bool {
	if s.extraStripes.Add(1) <= extraStripesMax {
		return true
	}
	s.extraStripes.Add(-1)
	return false
}

// dropLaggards drops the lanes that hold the oldest stripe too long.
func (u *upload) dropLaggards() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.inFlight) == 0 || time.Since(u.inFlight[0].sent) < u.set.opts.WriteWait {
		return
	}
	late := u.inFlight[0].pending
	for _, l := range u.slots {
		if l != nil && late&(1<<l.slot) != 0 {
			u.drop(l)
		}
	}
}

// drop goes on without a lane. u.mu is held.
func (u *upload) drop(l *lane) {
	if l.dropped {
		return
	}
	l.dropped = true
	u.blame(l, errSlow)
	for _, st := range slices.Clone(u.inFlight) {
		if st.pending&(1<<l.slot) != 0 {
			st.pending &^= 1 << l.slot
			st.tainted = true
			u.recycle(st)
		}
	}
}

// laneFailed keeps the first error of a lane.
func (u *upload) laneFailed(l *lane, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.blame(l, err)
}

// blame keeps the first error of a lane. u.mu is held.
func (u *upload) blame(l *lane, err error) {
	if l.err == nil {
		l.err = err
		u.failures = append(u.failures, &SlotError{Slot: l.slot, Device: l.disk.spec.Index, Err: err})
	}
}

// checkQuorum gives a *ShortError if too few lanes work.
func (u *upload) checkQuorum() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	have := 0
	for _, l := range u.slots {
		if l != nil && l.err == nil {
			have++
		}
	}
	if have >= u.layout.Quorum() {
		return nil
	}
	return u.short(have)
}

// fail keeps the first error and returns the kept error.
func (u *upload) fail(err error) error {
	if u.err == nil {
		u.err = err
	}
	return u.err
}
