// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/device"
)

// reopen opens the devices as another process would, none of them new.
func (b *bench) reopen(o Options) *Set {
	b.t.Helper()
	specs := make([]Spec, len(b.specs))
	for i, s := range b.specs {
		s.Format = false
		specs[i] = s
	}
	s, err := Open(testStore, specs, o)
	require.NoError(b.t, err)
	return s
}

// A store starts with a device that is missing, foreign or swapped, and does
// without it until it is back.
func TestStartWithoutADevice(t *testing.T) {
	l := Layout{Data: 2, Parity: 1}
	b := newBench(t, 4, quick)
	body := randomBytes(newRand(t), 1<<20)
	id, p := b.mustStore(l, body)
	b.specs[0].Dir = "/unmounted"
	b.specs[2].FS, b.specs[3].FS = b.specs[3].FS, b.specs[2].FS // swapped
	b.Set = b.reopen(quick)
	states := func() (all []device.State) {
		for _, d := range b.Devices() {
			all = append(all, d.State)
		}
		return all
	}
	require.Equal(t, []device.State{device.StateFailed, device.StateOK, device.StateFailed, device.StateFailed}, states())
	require.ErrorIs(t, b.Devices()[0].LastError, device.ErrUnformatted)
	require.ErrorIs(t, b.Devices()[2].LastError, device.ErrForeign)
	_, err := b.Open(id, l, p)
	require.ErrorIs(t, err, ErrUnavailable, "it is away, not gone")
	_, _, err = b.store(l, b.order(0), body, -1)
	require.ErrorIs(t, err, ErrUnavailable)
	_, err = b.mem[0].Stat("/unmounted/data")
	require.Error(t, err, "nothing is written under a missing mount")

	for i := range b.disks { // the disks are put back where they were
		b.disks[i].spec.Dir = "/disk"
	}
	b.disks[2].spec.FS, b.disks[3].spec.FS = b.disks[3].spec.FS, b.disks[2].spec.FS
	b.Probe()
	require.Equal(t, []device.State{0, 0, 0, 0}, states())
	b.sameBody(id, l, p, body)
}

// A disk that is wiped or unmounted while the store runs is away at the first
// file that is not found; a new one in its place is used once it is formatted.
func TestReplacedDisk(t *testing.T) {
	l := Layout{Copies: 2}
	b := newBench(t, 2, quick)
	body := []byte("body")
	id, p := b.mustStore(l, body)
	require.NoError(t, b.mem[0].RemoveAll("/disk"))
	b.sameBody(id, l, p, body)
	require.Equal(t, device.StateFailed, b.State(0))
	require.Empty(t, b.damaged, "the files of a disk that is away are not missing")
	b.Probe()
	require.Equal(t, device.StateFailed, b.State(0))
	require.Error(t, b.Format(9))
	require.NoError(t, b.Format(0))
	require.Equal(t, device.StateOK, b.State(0))
	b.sameBody(id, l, p, body)
	require.Contains(t, b.damaged, 0, "now it is missing")
	require.NoError(t, b.Rebuild(t.Context(), id, l, p, 0, 0, nil))
	require.Equal(t, b.content(1), b.content(0))
}

// A device whose sync failed is opened anew by a probe.
func TestSealedDeviceRecovers(t *testing.T) {
	l := Layout{Copies: 3}
	var changes []device.State
	o := quick
	o.Events.State = func(_ device.Index, _, to device.State, _ error) { changes = append(changes, to) }
	b := newBench(t, 3, o)
	b.faults[0].failOn(failing(errorfs.OpFileSyncData, syscall.EIO))
	id, p := b.mustStore(l, []byte("body"))
	require.Equal(t, 1, p.Missing())
	require.Equal(t, device.StateFailed, b.State(0))
	b.faults[0].clear()
	b.sameBody(id, l, p, []byte("body"))
	b.Probe()
	require.Equal(t, device.StateOK, b.State(0))
	_, p = b.mustStore(l, []byte("body"))
	require.Zero(t, p.Missing())
	require.Empty(t, changes, "it was ok at both looks")
}

func TestProbesTellOfStates(t *testing.T) {
	type change struct {
		i        device.Index
		from, to device.State
	}
	changes := make(chan change, 10)
	o := quick
	o.Events.State = func(i device.Index, from, to device.State, _ error) { changes <- change{i, from, to} }
	b := newBench(t, 2, o)
	b.Probe()
	b.faults[1].failWith(syscall.EIO)
	b.Probe()
	require.Equal(t, change{1, device.StateOK, device.StateFailed}, <-changes)
	b.faults[1].clear()
	b.Probe()
	require.Equal(t, change{1, device.StateFailed, device.StateOK}, <-changes)
	require.Empty(t, changes)
	require.EqualValues(t, 1<<40, b.Devices()[1].Space.FreeBytes)
}

// A disk that hangs when the store starts does not keep it from starting.
func TestStartWithADiskThatHangs(t *testing.T) {
	b := newBench(t, 2, quick)
	id, p := b.mustStore(Layout{Copies: 2}, []byte("body"))
	b.faults[0].hangOn(nil)
	specs := b.specs
	o := quick
	o.ReadWait = 50 * time.Millisecond
	s, err := Open(testStore, specs, o)
	require.NoError(t, err)
	require.Equal(t, device.StateFailed, s.State(0))
	(&bench{Set: s, t: t}).sameBody(id, Layout{Copies: 2}, p, []byte("body"))
	b.faults[0].clear()
	require.Eventually(t, func() bool { return s.State(0) == device.StateOK }, 10*time.Second, time.Millisecond)
}

// However often a device that hangs is asked, it holds a bounded number of
// operations, and readers do without it.
func TestHangHoldsABoundedNumber(t *testing.T) {
	l := Layout{Copies: 2}
	o := quick
	o.ReadWait = 500 * time.Millisecond
	b := newBench(t, 2, o)
	body := []byte("body")
	id, p := b.mustStore(l, body)
	b.faults[0].hangOn(nil)
	most := 0
	for range 300 {
		b.disks[0].monitor.Probed(nil)
		b.sameBody(id, l, p, body)
		most = max(most, b.Devices()[0].Running)
	}
	require.LessOrEqual(t, most, 64)
	b.faults[0].clear()
	require.Eventually(t, func() bool { return b.Devices()[0].Running == 0 }, 10*time.Second, time.Millisecond)
}

func TestArgumentsAreChecked(t *testing.T) {
	for _, specs := range [][]Spec{
		nil,
		{{Index: device.None, Dir: "/a"}},
		{{Index: 1, Dir: "/a"}, {Index: 1, Dir: "/b"}},
		{{Index: 1, Dir: "/a", Limits: device.Options{ReserveBytes: -1}}},
	} {
		for i := range specs {
			specs[i].FS = vfs.NewMem()
		}
		_, err := Open(testStore, specs, Options{})
		require.Error(t, err)
	}
}

// Nobody waits for the single copy on a device that is known to hang.
func TestSingleCopyOnAHungDevice(t *testing.T) {
	b := newBench(t, 1, quick)
	spec := b.specs[0]
	spec.Format, spec.Monitor.HungAfter = false, time.Millisecond
	set, err := Open(testStore, []Spec{spec}, quick)
	require.NoError(t, err)
	b.Set = set
	l := Layout{Copies: 1}
	id, p := b.mustStore(l, []byte("body"))
	b.faults[0].hangOn(nil)
	probed := make(chan struct{})
	go func() {
		b.Probe()
		close(probed)
	}()
	require.Eventually(t, b.disks[0].monitor.Hung, 10*time.Second, time.Millisecond)
	_, err = b.Set.Open(id, l, p)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, objstore.KindUnavailable)
	b.faults[0].clear()
	<-probed
	require.Eventually(t, func() bool { return !b.disks[0].monitor.Hung() }, 10*time.Second, time.Millisecond)
	b.sameBody(id, l, p, []byte("body"))
}
