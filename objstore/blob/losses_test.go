// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/device"
	"needletail/objstore/ec"
)

var cases = flag.Int("cases", 400, "number of cases of TestAnyLosses")

// casesEach is the number of cases on one body; bodiesEach of bodies of one
// layout, on devices of their own.
const (
	casesEach  = 20
	bodiesEach = 5
)

// quick makes readers hedge at once. Writers keep their patience: the machine
// that runs the tests may be busy.
var quick = Options{HedgeMin: time.Millisecond, HedgeMax: 2 * time.Millisecond}

// hasty is for tests in which a writer must wait until its patience ends. Their
// bodies are short.
var hasty = Options{
	HedgeMin: quick.HedgeMin, HedgeMax: quick.HedgeMax,
	CreateWait: 500 * time.Millisecond, WriteWait: 500 * time.Millisecond,
	SyncWait: time.Second, QuorumWait: 250 * time.Millisecond,
}

// Whatever the layout, the size and the range: with as many files lost, slow or
// corrupt as there is redundancy, the bytes are those of a plain slice.
func TestAnyLosses(t *testing.T) {
	const workers = 4 // most of them wait for a slow device
	for range workers {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			rng := newRand(t)
			for done := 0; done < *cases/workers; done += bodiesEach * casesEach {
				anyLosses(t, rng)
			}
		})
	}
}

func anyLosses(t *testing.T, rng *rand.Rand) {
	l := Layout{Data: 1 + rng.IntN(6), Parity: 1 + rng.IntN(4)}
	if rng.IntN(4) == 0 {
		l = Layout{Copies: 2 + rng.IntN(3)}
	}
	b := newBench(t, l.Slots()+rng.IntN(2), quick)
	for range bodiesEach {
		body := randomBytes(rng, randomSize(rng, l))
		hint := int64(len(body))
		if rng.IntN(2) == 0 {
			hint = -1
		}
		id, p, err := b.store(l, b.order(rng.IntN(len(b.mem))), body, hint)
		require.NoError(t, err)
		for range casesEach {
			b.lossCase(rng, l, id, p, body)
		}
		left, err := b.Remove(id, p)
		require.NoError(t, err)
		require.Nil(t, left)
	}
}

// randomSize is 0 to three stripes, often close to an edge.
func randomSize(rng *rand.Rand, l Layout) int {
	stripe := l.bodyRoom()
	switch rng.IntN(4) {
	case 0:
		return rng.IntN(5000)
	case 1:
		return max(rng.IntN(4)*stripe+rng.IntN(5)-2, 0)
	case 2:
		return max(rng.IntN(3*stripe/ec.BlockBytes)*ec.BlockBytes+rng.IntN(5)-2, 0)
	}
	return rng.IntN(3 * stripe)
}

// lossCase reads one range with some losses.
func (b *bench) lossCase(rng *rand.Rand, l Layout, id device.ID, p Placement, body []byte) {
	seen := slices.Clone(p)
	for _, slot := range rng.Perm(len(p))[:rng.IntN(l.Slots()-l.Need()+1)] {
		f := b.faults[p[slot]]
		switch rng.IntN(6) {
		case 0:
			seen[slot] = device.None
		case 1:
			f.rot(rng.Int64N(int64(len(body)/l.Need() + 5000)))
		case 2:
			f.failWith(syscall.EIO)
		case 3:
			f.hangOn(nil)
		case 4:
			f.hangOn(func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileReadAt && op.Offset < int64(len(body)) })
		case 5:
			f.failOn(func(op errorfs.Op) error {
				if op.Kind == errorfs.OpFileReadAt {
					return syscall.EIO
				}
				return nil
			})
		}
	}
	off := rng.Int64N(int64(len(body)) + 1)
	length := rng.Int64N(int64(len(body)) + 2)
	got, err := b.read(id, l, seen, off, length)
	want := body[off:min(off+length, int64(len(body)))]
	if err != nil || !bytes.Equal(want, got) {
		b.t.Fatalf("%v, %d bytes, range %d+%d, placement %v of %v: %d other bytes, %v", l, len(body), off, length, seen, p, len(got), err)
	}
	for i, f := range b.faults {
		f.clear()
		if rng.IntN(2) == 0 {
			b.disks[i].monitor.Probed(nil)
		}
	}
}
