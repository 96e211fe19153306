// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/ec"
)

var layouts = []Layout{{Copies: 1}, {Copies: 2}, {Copies: 3}, {Data: 1, Parity: 1}, {Data: 2, Parity: 1}, {Data: 4, Parity: 2}, {Data: 5, Parity: 3}}

// sizes are at and around the edges of blocks and stripes of a layout.
func sizes(l Layout) []int {
	all := []int{0, 1, 4097}
	for _, edge := range []int{ec.BlockBytes, l.bodyRoom(), 2 * l.bodyRoom()} {
		all = append(all, edge-1, edge, edge+1)
	}
	if l.Copies == 3 || l.Parity == 2 {
		all = append(all, (stripesEach+2)*l.bodyRoom()+12345) // every stripe is used again
	}
	return all
}

func TestBodiesComeBack(t *testing.T) {
	rng := newRand(t)
	for _, l := range layouts {
		b := newBench(t, 8, Options{})
		for _, n := range sizes(l) {
			body := randomBytes(rng, n)
			id, p := b.mustStore(l, body)
			b.sameBody(id, l, p, body)
		}
	}
}

// reads counts what is read of the content of each device's files, after they
// were opened.
func (b *bench) reads(size int64) func() map[int][]int64 {
	var mu sync.Mutex
	seen := map[int][]int64{}
	for i, f := range b.faults {
		f.failOn(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileReadAt && op.Offset < size {
				mu.Lock()
				defer mu.Unlock()
				seen[i] = append(seen[i], op.Offset)
			}
			return nil
		})
	}
	return func() map[int][]int64 {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

// A range reads the blocks that it touches and nothing else; a lost one costs as
// many as it takes to decode the stripe.
func TestRangesReadWhatTheyTouch(t *testing.T) {
	const block = ec.BlockBytes
	l := Layout{Data: 4, Parity: 2}
	// No hedging: a busy machine would make it read more.
	patient := Options{HedgeMin: time.Minute, HedgeMax: time.Minute}
	f := func(off, length int64, lost []int, want map[int][]int64) {
		t.Helper()
		b := newBench(t, 6, patient)
		body := randomBytes(newRand(t), 3*4*block)
		id, p := b.mustStore(l, body)
		for _, slot := range lost {
			p[slot] = device.None
		}
		seen := b.reads(3 * block)
		got, err := b.read(id, l, p, off, length)
		require.NoError(t, err)
		require.True(t, bytes.Equal(body[off:off+length], got))
		require.Equal(t, want, seen())
	}
	f(0, 1, nil, map[int][]int64{0: {0}})
	f(0, 0, nil, map[int][]int64{})
	f(block-1, 2, nil, map[int][]int64{0: {0}, 1: {0}})
	f(4*block+2*block, block, nil, map[int][]int64{2: {block}})
	f(8*block-1, 2, nil, map[int][]int64{3: {block}, 0: {2 * block}})
	f(4*block+2*block, 10, []int{2}, map[int][]int64{0: {block}, 1: {block}, 3: {block}, 4: {block}})
	f(4*block+2*block, 10, []int{0, 5}, map[int][]int64{2: {block}})
}

// A reader asks a device that hangs once, not at every stripe; also where all
// devices were slow once, as on a busy machine. The reader hedges late: if the
// other devices took longer than that, asking the hanging device again would be
// right.
func TestSlowDeviceIsAskedOnce(t *testing.T) {
	l := Layout{Data: 4, Parity: 2}
	b := newBench(t, 6, Options{HedgeMin: 2 * time.Second, HedgeMax: 2 * time.Second})
	body := randomBytes(newRand(t), 8*l.bodyRoom())
	id, p := b.mustStore(l, body)
	r, err := b.Open(id, l, p)
	require.NoError(t, err)
	defer r.Close()
	for slot := range r.files {
		r.files[slot].slow = true
	}
	var asked atomic.Int64
	b.faults[1].hangOn(func(op errorfs.Op) bool {
		if op.Kind == errorfs.OpFileReadAt {
			asked.Add(1)
		}
		return true
	})
	var got bytes.Buffer
	_, err = got.ReadFrom(r.Range(0, r.SizeBytes()))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got.Bytes()))
	require.Equal(t, int64(1), asked.Load(), "of 8 stripes")
	b.faults[1].clear()
}

// A file that lies in another slot than its own is not taken for the slot's.
func TestSwappedFragments(t *testing.T) {
	l := Layout{Data: 2, Parity: 1}
	b := newBench(t, 3, quick)
	body := randomBytes(newRand(t), 1<<20)
	id, p := b.mustStore(l, body)
	p[0], p[1] = p[1], p[0]
	_, err := b.Open(id, l, p)
	require.ErrorIs(t, err, datafile.ErrCorrupt)
	_, err = b.Open(id, Layout{Copies: 3}, p)
	require.ErrorIs(t, err, datafile.ErrCorrupt, "a fragment is not a copy")
}

// Readers side by side, one Range each.
func TestReadersSideBySide(t *testing.T) {
	for _, l := range layouts {
		b := newBench(t, 8, quick)
		body := randomBytes(newRand(t), 3*l.bodyRoom()+7)
		id, p := b.mustStore(l, body)
		r, err := b.Open(id, l, p)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				off := int64(i * 1000)
				var got bytes.Buffer
				n, err := r.Range(off, r.SizeBytes()).(io.WriterTo).WriteTo(&got)
				if err != nil || n != int64(got.Len()) || !bytes.Equal(body[off:], got.Bytes()) {
					t.Errorf("%v from %d: %d bytes, %v", l, off, n, err)
				}
			})
		}
		wg.Wait()
		require.NoError(t, r.Close())
	}
}

// An upload of a single copy costs no more allocations than package datafile
// takes itself, but for the Writer and the placement.
func TestSingleCopyIsFree(t *testing.T) {
	b := newBench(t, 1, Options{})
	l, body := Layout{Copies: 1}, make([]byte, 300<<10)
	put := func(create func(device.ID) io.ReaderFrom, finish func()) float64 {
		return testing.AllocsPerRun(20, func() {
			w := create(device.NewID())
			_, err := w.ReadFrom(bytes.NewReader(body))
			require.NoError(t, err)
			finish()
		})
	}
	o := datafile.WriterOptions{SizeHintBytes: int64(len(body))}
	var single *datafile.Writer
	plain := put(func(id device.ID) io.ReaderFrom {
		var err error
		single, err = datafile.Create(b.Device(0), id, o)
		require.NoError(t, err)
		return single
	}, func() { require.NoError(t, single.Finish(sample())) })
	var w *Writer
	order := []device.Index{0}
	ours := put(func(id device.ID) io.ReaderFrom {
		var err error
		w, err = b.Create(id, l, order, o)
		require.NoError(t, err)
		return w
	}, func() {
		_, err := w.Finish(sample())
		require.NoError(t, err)
	})
	require.InDelta(t, plain, ours, 6)
}
