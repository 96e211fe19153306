// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"io"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// content is the bytes of the only file on a device.
func (b *bench) content(i device.Index) string {
	b.t.Helper()
	files := b.files(int(i))
	require.Len(b.t, files, 1)
	f, err := b.mem[i].Open(files[0])
	require.NoError(b.t, err)
	defer f.Close()
	p, err := io.ReadAll(f)
	require.NoError(b.t, err)
	return string(p)
}

// A rebuilt file is byte for byte what it was, on another device and in place of
// a damaged one, with as many other losses as there may be.
func TestRebuild(t *testing.T) {
	rng, ctx := newRand(t), context.Background()
	for _, l := range layouts {
		for _, n := range []int{0, 5000, l.bodyRoom() + 777} {
			b := newBench(t, l.Slots()+1, quick)
			body := randomBytes(rng, n)
			id, p := b.mustStore(l, body)
			spare := device.Index(l.Slots())
			for slot := range p {
				_, busy := b.writing.Load(place{id, p[slot]})
				require.False(t, busy, "what Finish reported is not being written")
				want := b.content(p[slot])
				if l.Copies == 1 {
					var short *ShortError
					require.ErrorAs(t, b.Rebuild(ctx, id, l, p, slot, spare, nil), &short, "there is no other copy")
					continue
				}
				require.NoError(t, b.Rebuild(ctx, id, l, p, slot, spare, nil))
				require.Equal(t, want, b.content(spare), "%v, slot %d of %d bytes", l, slot, n)
				require.NoError(t, b.Rebuild(ctx, id, l, p, slot, p[slot], nil), "over the file itself")
				require.Equal(t, want, b.content(p[slot]))
				_, err := b.Set.Remove(id, Placement{spare})
				require.NoError(t, err)
			}
			want := b.content(p[0])
			require.NoError(t, b.Move(ctx, id, l, p, 0, spare, nil))
			require.Equal(t, want, b.content(spare))
		}
	}
}

// As many losses as there may be, one of which is rebuilt.
func TestRebuildWithOtherLosses(t *testing.T) {
	l, ctx := Layout{Data: 4, Parity: 3}, context.Background()
	b := newBench(t, 8, quick)
	id, p := b.mustStore(l, randomBytes(newRand(t), 2<<20))
	want := b.content(1)
	o := quick
	o.ReadWait = 200 * time.Millisecond
	impatient := b.reopen(o)
	b.faults[0].failWith(syscall.EIO)
	b.faults[5].hangOn(nil)
	require.NoError(t, b.Rebuild(ctx, id, l, p, 1, 7, nil))
	require.Equal(t, want, b.content(7))
	b.faults[2].rot(100)
	require.ErrorIs(t, impatient.Rebuild(ctx, id, l, p, 1, 1, nil), ErrUnavailable)
	require.Equal(t, want, b.content(1), "what is there is left alone")
}

func TestRebuildRefuses(t *testing.T) {
	l, ctx := Layout{Copies: 2}, context.Background()
	b := newBench(t, 3, quick)
	id, p := b.mustStore(l, []byte("body"))
	require.Error(t, b.Rebuild(ctx, id, l, p, 0, 1, nil), "device 1 has the other copy")
	require.Error(t, b.Rebuild(ctx, id, l, p, 2, 2, nil), "there is no third copy")
	require.Error(t, b.Rebuild(ctx, id, l, p, 0, 9, nil), "there is no device 9")
	b.writing.Store(place{id, 2}, nil)
	require.ErrorIs(t, b.Rebuild(ctx, id, l, p, 0, 2, nil), ErrBusy)
	b.writing.Delete(place{id, 2})
	stopped, stop := context.WithCancel(ctx)
	stop()
	require.ErrorIs(t, b.Rebuild(stopped, id, l, p, 0, 2, nil), context.Canceled)
	b.mem[2].TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1})
	require.ErrorIs(t, b.Rebuild(ctx, id, l, p, 0, 2, nil), device.ErrNoSpace)
	require.Empty(t, b.files(2))
	b.waitForWriters()
}

// The target fails or hangs at each step: an error, and nothing in its place
// when it has come to itself.
func TestRebuildOntoABadDevice(t *testing.T) {
	l, ctx := Layout{Data: 2, Parity: 1}, context.Background()
	for _, kind := range []errorfs.OpKind{errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFileSyncData, errorfs.OpRename} {
		for _, hangs := range []bool{false, true} {
			b := newBench(t, 4, hasty)
			id, p := b.mustStore(l, make([]byte, 300<<10))
			if hangs {
				b.faults[3].hangOn(only(kind))
			} else {
				b.faults[3].failOn(failing(kind, syscall.EIO))
			}
			require.Error(t, b.Rebuild(ctx, id, l, p, 0, 3, nil))
			b.faults[3].clear()
			b.waitForWriters()
			if b.leftover == 0 {
				require.Empty(t, b.files(3), "%v %v", kind, hangs)
			} else {
				require.Equal(t, b.content(0), b.content(3), "published late, and told")
			}
		}
	}
}

// counting is a limiter that counts.
type counting struct{ bytes, calls int }

func (c *counting) WaitN(_ context.Context, n int) error {
	c.bytes += n
	c.calls++
	return nil
}

func TestVerify(t *testing.T) {
	ctx := context.Background()
	for _, l := range layouts {
		b := newBench(t, l.Slots(), quick)
		body := randomBytes(newRand(t), 3*l.bodyRoom()+5)
		id, p := b.mustStore(l, body)
		limiter := &counting{}
		h, err := b.Verify(ctx, id, l, p, limiter)
		require.NoError(t, err)
		require.Equal(t, l.Slots(), h.Count(SlotOK), "%v", h)
		require.GreaterOrEqual(t, limiter.bytes, len(body)/l.Need()*l.Slots(), "every file was read")
		for slot := range p {
			b.faults[slot].rot(int64(len(body) / l.Need() / 2))
			h, err = b.Verify(ctx, id, l, p, rate.NewLimiter(rate.Inf, 256<<10))
			require.NoError(t, err)
			require.Equal(t, SlotCorrupt, h.Slots[slot])
			require.ErrorIs(t, h.Errs[slot], datafile.ErrCorrupt)
			require.Equal(t, 1, h.Count(SlotCorrupt))
			b.faults[slot].clear()
		}
		require.Empty(t, b.damaged, "a scrubber is told once")
	}
}

// Verify finds a flip of any bit that was written, and of the padding.
func TestVerifyFindsEveryFlip(t *testing.T) {
	l := Layout{Data: 2, Parity: 1}
	b := newBench(t, 3, quick)
	id, p := b.mustStore(l, make([]byte, 2*checksum.BlockBytes+5000))
	size := int64(len(b.content(0)))
	rng := newRand(t)
	for range 300 {
		at := rng.Int64N(size)
		b.faults[1].rot(at)
		h, err := b.Verify(context.Background(), id, l, p, nil)
		require.NoError(t, err)
		require.Equal(t, []Condition{SlotOK, SlotCorrupt, SlotOK}, h.Slots, "offset %d of %d", at, size)
	}
}

func TestVerifyTellsConditionsApart(t *testing.T) {
	l := Layout{Data: 2, Parity: 3}
	o := quick
	o.ReadWait = 100 * time.Millisecond
	b := newBench(t, 5, o)
	id, p := b.mustStore(l, make([]byte, 1<<20))
	b.faults[0].failWith(syscall.EIO)
	b.faults[1].hangOn(nil)
	require.NoError(t, b.Device(2).Remove(id))
	p[3] = device.None
	h, err := b.Verify(context.Background(), id, l, p, nil)
	require.NoError(t, err)
	require.Equal(t, []Condition{SlotAway, SlotAway, SlotMissing, SlotMissing, SlotOK}, h.Slots, "%v", h.Errs)
	require.ErrorIs(t, h.Errs[2], fs.ErrNotExist)
	b.faults[1].clear()
}

// One loss too many is an error that says what is missing, for that body alone;
// nothing is deleted, and the body comes back with the device.
func TestTooManyLosses(t *testing.T) {
	for _, l := range layouts {
		b := newBench(t, 9, quick)
		body := randomBytes(newRand(t), 2*l.bodyRoom()+99)
		id, p := b.mustStore(l, body)
		other, otherPlace, err := b.store(Layout{Copies: 1}, []device.Index{8}, body, -1)
		require.NoError(t, err)
		lost := l.Slots() - l.Need() + 1
		for slot := range lost {
			b.faults[slot].failWith(syscall.EIO)
		}
		_, err = b.read(id, l, p, 0, int64(len(body)))
		if l.Copies != 1 {
			require.ErrorIs(t, err, ErrUnavailable)
			require.ErrorIs(t, err, objstore.KindUnavailable)
			var short *ShortError
			require.ErrorAs(t, err, &short)
			require.Len(t, short.Slots, lost)
		} else {
			require.ErrorIs(t, err, syscall.EIO)
		}
		b.sameBody(other, Layout{Copies: 1}, otherPlace, body)
		for slot := range p {
			b.faults[slot].clear()
			require.NotEmpty(t, b.files(slot), "nothing is deleted")
		}
		b.sameBody(id, l, p, body)
		require.Empty(t, b.damaged)
	}
}

// Damage everywhere is damage; a body that is nowhere is gone.
func TestDamagedAndGone(t *testing.T) {
	l := Layout{Data: 2, Parity: 1}
	b := newBench(t, 3, quick)
	body := make([]byte, 1<<20)
	id, p := b.mustStore(l, body)
	b.faults[0].rot(10)
	b.faults[2].rot(10)
	_, err := b.read(id, l, p, 0, 100)
	require.ErrorIs(t, err, datafile.ErrCorrupt)
	require.ErrorIs(t, err, objstore.KindCorrupt)
	require.Len(t, b.damaged, 2, "the caller is told of each")
	got, err := b.read(id, l, p, checksum.BlockBytes, checksum.BlockBytes)
	require.NoError(t, err, "the other shard is whole")
	require.Len(t, got, checksum.BlockBytes)
	_, err = b.Remove(id, p)
	require.NoError(t, err)
	_, err = b.Open(id, l, p)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NotErrorIs(t, err, datafile.ErrCorrupt)
}
