// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/ec"
)

// kinds are the steps of an upload at which a device may fail.
var kinds = []errorfs.OpKind{errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFileSyncData, errorfs.OpRename, errorfs.OpFileSync}

func only(kind errorfs.OpKind) func(errorfs.Op) bool {
	return func(op errorfs.Op) bool { return op.Kind == kind }
}

func failing(kind errorfs.OpKind, err error) func(errorfs.Op) error {
	return func(op errorfs.Op) error {
		if op.Kind == kind {
			return err
		}
		return nil
	}
}

// nothingStored waits for what lanes that were late still undo.
func (b *bench) nothingStored(what string) {
	b.t.Helper()
	for i := range b.mem {
		require.Eventually(b.t, func() bool { return len(b.files(i)) == 0 }, 10*time.Second, time.Millisecond,
			"%s: device %d holds %v", what, i, b.files(i))
	}
}

// As many devices as the quorum can spare fail, at each step: the body is
// stored. One more: it is an error that says so, and nothing is left anywhere.
func TestQuorum(t *testing.T) {
	body := randomBytes(newRand(t), 300<<10)
	for _, l := range []Layout{{Copies: 2}, {Copies: 3}, {Copies: 4}, {Data: 2, Parity: 1}, {Data: 4, Parity: 2}} {
		spare := l.Slots() - l.Quorum()
		for _, kind := range kinds {
			for _, hangs := range []bool{false, true} {
				if hangs && l.Parity != 2 {
					continue // the others wait for nothing that this one does not
				}
				for lost := spare; lost <= spare+1; lost++ {
					what := fmt.Sprintf("%v, %d fail at operation %v, hang %v", l, lost, kind, hangs)
					o := quick
					if hangs {
						o = hasty
					}
					b := newBench(t, l.Slots(), o)
					for i := range lost {
						if hangs {
							b.faults[i].hangOn(only(kind))
						} else {
							b.faults[i].failOn(failing(kind, syscall.EIO))
						}
					}
					id, p, err := b.store(l, b.order(0), body, int64(len(body)))
					if lost > spare {
						require.ErrorIs(t, err, ErrUnavailable, what)
						require.ErrorIs(t, err, objstore.KindUnavailable, what)
						for i := range b.faults {
							b.faults[i].clear()
						}
						b.waitForWriters()
						if hangs || kind != errorfs.OpFileSync {
							b.nothingStored(what)
						}
						continue
					}
					require.NoError(t, err, what)
					require.Equal(t, lost, p.Missing(), what)
					b.sameBody(id, l, p, body)
					b.faults[0].clear()
				}
			}
		}
	}
}

// waitForWriters waits until no lane is at work.
func (b *bench) waitForWriters() {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		busy := false
		b.writing.Range(func(any, any) bool { busy = true; return false })
		return !busy
	}, 10*time.Second, time.Millisecond)
}

// A handoff takes the slot of a device that fails or hangs when a body begins.
func TestHandoffsStandIn(t *testing.T) {
	body := randomBytes(newRand(t), 300<<10)
	for _, l := range []Layout{{Copies: 1}, {Copies: 3}, {Data: 4, Parity: 2}} {
		for _, hangs := range []bool{false, true} {
			if l.Copies == 1 && hangs {
				continue // a single copy is written without a goroutine
			}
			o := quick
			if hangs {
				o.CreateWait = hasty.CreateWait
			}
			b := newBench(t, l.Slots()+2, o)
			for _, i := range []int{0, l.Slots()} { // a primary and the first handoff
				if hangs {
					b.faults[i].hangOn(only(errorfs.OpCreate))
				} else {
					b.faults[i].failOn(failing(errorfs.OpCreate, syscall.EIO))
				}
			}
			id, p, err := b.store(l, b.order(0), body, -1)
			require.NoError(t, err)
			require.EqualValues(t, l.Slots()+1, p[0], "%v", p)
			require.Zero(t, p.Missing())
			require.NoError(t, p.Validate(l))
			b.sameBody(id, l, p, body)
			b.faults[0].clear()
			b.faults[l.Slots()].clear()
			b.waitForWriters()
			require.Empty(t, b.files(0))
		}
	}
}

// A full disk is passed over, and is an error only when no other can take its
// place. It is not a broken one.
func TestFullDisks(t *testing.T) {
	l := Layout{Copies: 3}
	b := newBench(t, 4, quick)
	full := vfs.DiskUsage{AvailBytes: 100, TotalBytes: 1 << 40}
	body := randomBytes(newRand(t), 5000)
	for i := range 4 {
		b.mem[i].TestingSetDiskUsage(full)
		_, p, err := b.store(l, b.order(0), body, int64(len(body)))
		switch i {
		case 0:
			require.NoError(t, err)
			require.Equal(t, Placement{3, 1, 2}, p)
		case 1:
			require.NoError(t, err)
			require.Equal(t, 1, p.Missing())
		default:
			require.ErrorIs(t, err, device.ErrNoSpace)
			require.NotErrorIs(t, err, ErrUnavailable)
		}
		require.Equal(t, device.StateOK, b.State(device.Index(i)))
	}
	_, _, err := b.store(Layout{Copies: 1}, b.order(0), body, int64(len(body)))
	require.ErrorIs(t, err, device.ErrNoSpace)
}

// Deletes work on a full disk.
func TestRemoveFromFullDisks(t *testing.T) {
	l := Layout{Data: 2, Parity: 1}
	b := newBench(t, 3, quick)
	id, p := b.mustStore(l, []byte("body"))
	for i := range b.mem {
		b.mem[i].TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1 << 40})
	}
	left, err := b.Remove(id, p)
	require.NoError(t, err)
	require.Nil(t, left)
	b.nothingStored("removed")
}

// What could not be removed is named, so that it is tried again.
func TestRemoveNamesWhatIsLeft(t *testing.T) {
	l := Layout{Data: 2, Parity: 2}
	b := newBench(t, 4, hasty)
	id, p := b.mustStore(l, []byte("body"))
	b.faults[1].failWith(syscall.EIO)
	b.faults[2].hangOn(nil)
	left, err := b.Remove(id, p)
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, Placement{device.None, 1, 2, device.None}, left)
	b.faults[1].clear()
	b.faults[2].clear()
	left, err = b.Remove(id, left)
	require.NoError(t, err)
	require.Nil(t, left)
	b.nothingStored("removed twice")
}

// Devices that fail or are drained get no new files; suspect ones do when there
// is no other.
func TestStatesDecideWhoIsWritten(t *testing.T) {
	l := Layout{Copies: 2}
	b := newBench(t, 4, quick)
	b.disks[0].monitor.Probed(errors.New("broken"))
	b.Drain(1, true)
	require.Equal(t, device.StateFailed, b.State(0))
	require.Equal(t, device.StateDraining, b.State(1))
	_, p := b.mustStore(l, []byte("body"))
	require.Equal(t, Placement{2, 3}, p)
	b.disks[2].monitor.Blame(syscall.EIO)
	require.Equal(t, device.StateSuspect, b.State(2))
	_, p = b.mustStore(l, []byte("body"))
	require.Equal(t, Placement{3, 2}, p, "the suspect one stands in for a primary")
	b.Drain(1, false)
	_, p = b.mustStore(l, []byte("body"))
	require.Equal(t, Placement{3, 1}, p)
}

// A body that cannot be read fails the Writer, and leaves nothing.
func TestBodyFails(t *testing.T) {
	for _, l := range layouts {
		b := newBench(t, 8, quick)
		w, err := b.Create(device.NewID(), l, b.order(0), datafile.WriterOptions{SizeHintBytes: -1})
		require.NoError(t, err)
		_, err = w.Write(make([]byte, l.bodyRoom()+1))
		require.NoError(t, err)
		cause := errors.New("gone")
		_, err = w.ReadFrom(iotest.ErrReader(cause))
		var read *datafile.ReadError
		require.ErrorAs(t, err, &read)
		require.ErrorIs(t, err, cause)
		_, err = w.Write([]byte("more"))
		require.ErrorIs(t, err, cause, "it stays failed")
		_, err = w.Finish(sample())
		require.ErrorIs(t, err, cause)
		require.NoError(t, w.Abort())
		require.NoError(t, w.Abort())
		b.nothingStored("aborted")
		for i := range b.disks {
			require.Equal(t, device.StateOK, b.State(device.Index(i)), "no device is to blame")
		}
	}
}

// A Writer that has ended takes nothing.
func TestWriterEnds(t *testing.T) {
	for _, l := range layouts {
		b := newBench(t, 8, quick)
		w, err := b.Create(device.NewID(), l, b.order(0), datafile.WriterOptions{SizeHintBytes: -1, SHA512: true})
		require.NoError(t, err)
		_, err = w.ReadFrom(bytes.NewReader([]byte("hello")))
		require.NoError(t, err)
		sum := w.Sum()
		require.Equal(t, "5d41402abc4b2a76b9719d911017c592", sum.MD5)
		require.Len(t, sum.SHA512, 128)
		_, err = w.Finish(sample())
		require.NoError(t, err)
		_, err = w.Finish(sample())
		require.ErrorIs(t, err, datafile.ErrDone)
		_, err = w.Write([]byte("x"))
		require.ErrorIs(t, err, datafile.ErrDone)
		require.NoError(t, w.Abort())
	}
}

// What Finish reported is there after a crash of every device.
func TestFinishIsDurable(t *testing.T) {
	body := randomBytes(newRand(t), 2<<20+1)
	for _, l := range layouts {
		b := newBench(t, 8, quick)
		id, p := b.mustStore(l, body)
		specs := make([]Spec, len(b.specs))
		for i, s := range b.specs {
			s.FS, s.Format = b.mem[i].CrashClone(vfs.CrashCloneCfg{}), false
			specs[i] = s
		}
		after, err := Open(testStore, specs, quick)
		require.NoError(t, err)
		(&bench{Set: after, t: t}).sameBody(id, l, p, body)
	}
}

// Files of one body are as long as the layout says, and no more space is set
// aside: 4+2 takes half as much again.
func TestFragmentsAreShort(t *testing.T) {
	l := Layout{Data: 4, Parity: 2}
	b := newBench(t, 6, quick)
	body := randomBytes(newRand(t), 10<<20)
	b.mustStore(l, body)
	for i := range b.mem {
		files := b.files(i)
		require.Len(t, files, 1)
		stat, err := b.mem[i].Stat(files[0])
		require.NoError(t, err)
		want := ec.Geometry{Data: 4, SizeBytes: int64(len(body))}.FragmentBytes()
		require.Equal(t, device.Align(want)+device.AlignBytes, stat.Size())
	}
}

// Many uploads at once, while a device hangs and another errs.
func TestUploadsSideBySide(t *testing.T) {
	l := Layout{Data: 4, Parity: 2}
	b := newBench(t, 8, Options{WriteWait: 3 * time.Second})
	b.faults[1].hangOn(only(errorfs.OpFileWrite))
	b.faults[2].failOn(failing(errorfs.OpCreate, syscall.EIO))
	rng := newRand(t)
	errs := make(chan error)
	const uploads = 8
	for i := range uploads {
		body := randomBytes(rng, rng.IntN(2<<20))
		go func() {
			id, p, err := b.store(l, b.order(i), body, -1)
			if err == nil {
				var got []byte
				if got, err = b.read(id, l, p, 0, int64(len(body))); err == nil && !bytes.Equal(got, body) {
					err = errors.New("other bytes")
				}
			}
			errs <- err
		}()
	}
	for range uploads {
		require.NoError(t, <-errs)
	}
	b.faults[1].clear()
	b.waitForWriters()
	require.Zero(t, b.extraStripes.Load())
}

// The padding of the last stripe is zeros, not what an earlier body left in
// memory: a fragment depends on its body alone.
func TestPaddingIsZero(t *testing.T) {
	l := Layout{Data: 4, Parity: 2}
	b := newBench(t, 6, quick)
	for range 8 { // until memory is used again
		id, p := b.mustStore(l, bytes.Repeat([]byte{0xff}, 2*l.bodyRoom()))
		_, err := b.Remove(id, p)
		require.NoError(t, err)
		id, p = b.mustStore(l, []byte("12345"))
		require.Equal(t, "5\x00", b.content(2)[:2])
		require.Equal(t, "\x00\x00", b.content(3)[:2])
		_, err = b.Remove(id, p)
		require.NoError(t, err)
	}
}

// Every operation of one device fails once: the body is stored all the same, and
// a device that has no slot of it in the end has no file either.
func TestEveryOperationOfOneDeviceFailsOnce(t *testing.T) {
	const opsMax = 200
	l, body := Layout{Data: 4, Parity: 2}, randomBytes(newRand(t), 700<<10)
	for n := int64(0); ; n++ {
		require.Less(t, n, int64(opsMax))
		b := newBench(t, 6, quick)
		var ops atomic.Int64
		b.faults[0].failOn(func(errorfs.Op) error {
			if ops.Add(1) == n+1 {
				return syscall.EIO
			}
			return nil
		})
		id, p := b.mustStore(l, body)
		b.waitForWriters()
		done := ops.Load() <= n
		b.faults[0].clear()
		b.sameBody(id, l, p, body)
		if p[0] == device.None {
			require.Empty(t, b.files(0), "operation %d", n)
		}
		if done {
			require.Greater(t, n, int64(8), "the operations were seen")
			return
		}
	}
}
