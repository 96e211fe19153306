// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

var errDisk = errors.New("i/o error")

// do runs one operation that takes as long as it says.
func do(t *testing.T, m *Monitor, takes time.Duration, err error) {
	t.Helper()
	op, busy := m.Begin(0)
	require.NoError(t, busy)
	time.Sleep(takes)
	op.End(err)
}

func TestErrorsMakeADeviceSuspectThenFailed(t *testing.T) {
	m := NewMonitor(MonitorOptions{ErrorsMax: 3, GoodMin: 2})
	require.Equal(t, StateOK, m.State())
	do(t, m, 0, fs.ErrNotExist)
	do(t, m, 0, fmt.Errorf("write: %w", ErrNoSpace))
	require.Equal(t, StateOK, m.State(), "a missing file and a full disk are no fault")
	do(t, m, 0, errDisk)
	require.Equal(t, StateSuspect, m.State())
	do(t, m, 0, nil)
	require.Equal(t, StateSuspect, m.State(), "one good operation is too few")
	do(t, m, 0, nil)
	require.Equal(t, StateOK, m.State())
	for range 2 {
		do(t, m, 0, errDisk)
	}
	require.Equal(t, StateSuspect, m.State(), "one below the limit")
	do(t, m, 0, errDisk)
	require.Equal(t, StateFailed, m.State())
	for range 10 {
		do(t, m, 0, nil)
	}
	require.Equal(t, StateFailed, m.State(), "only a probe helps")
	m.Probed(nil)
	require.Equal(t, StateOK, m.State())
	m.Probed(errDisk)
	require.Equal(t, StateFailed, m.State())
	require.EqualValues(t, 4, m.Stats().Errors)
}

// A process that is out of descriptors says nothing of its disks, neither good nor
// bad.
func TestNoDescriptorIsNoFault(t *testing.T) {
	m := NewMonitor(MonitorOptions{ErrorsMax: 2, GoodMin: 1})
	none := fmt.Errorf("open: %w", syscall.EMFILE)
	for range 10 {
		do(t, m, 0, none)
		m.Blame(none)
		m.Probed(fmt.Errorf("probe: %w", syscall.ENFILE))
	}
	require.Equal(t, StateOK, m.State())
	require.EqualValues(t, 0, m.Stats().Errors)
	do(t, m, 0, errDisk)
	do(t, m, 0, none)
	require.Equal(t, StateSuspect, m.State(), "it is no sign of health either")
	do(t, m, 0, errDisk)
	require.Equal(t, StateFailed, m.State())
}

func TestSlownessMakesADeviceSuspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(MonitorOptions{SlowAfter: time.Second, GoodMin: 1})
		for range 100 {
			do(t, m, time.Second, nil)
		}
		require.Equal(t, StateOK, m.State(), "as slow as it may be")
		for range 100 {
			do(t, m, 2*time.Second, nil)
		}
		require.Equal(t, StateSuspect, m.State())
		for range 100 {
			do(t, m, time.Millisecond, nil)
		}
		require.Equal(t, StateOK, m.State())
	})
}

func TestAnOperationThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(MonitorOptions{SlowAfter: time.Second, HungAfter: 10 * time.Second})
		op, err := m.Begin(0)
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, StateOK, m.State())
		time.Sleep(time.Nanosecond)
		require.Equal(t, StateSuspect, m.State())
		time.Sleep(9 * time.Second)
		require.Equal(t, StateFailed, m.State())
		m.Probed(nil)
		require.Equal(t, StateFailed, m.State(), "it still hangs")
		op.End(nil)
		require.Equal(t, StateOK, m.State())
	})
}

func TestOperationsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(MonitorOptions{})
		var running []Operation
		for range operationsMax {
			op, err := m.Begin(0)
			require.NoError(t, err)
			running = append(running, op)
		}
		before := time.Now()
		_, err := m.Begin(3 * time.Second)
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, 3*time.Second, time.Since(before))
		require.Equal(t, operationsMax, m.Running())
		go func() {
			time.Sleep(time.Second)
			running[5].End(nil)
		}()
		op, err := m.Begin(2 * time.Second)
		require.NoError(t, err, "a slot came free")
		op.End(nil)
	})
}

// Nobody waits for a device that hangs, and has as many operations as it may.
func TestNobodyQueuesForAHungDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(MonitorOptions{HungAfter: 10 * time.Second})
		var running []Operation
		for range operationsMax {
			op, err := m.Begin(0)
			require.NoError(t, err)
			running = append(running, op)
		}
		time.Sleep(10*time.Second + time.Nanosecond)
		require.True(t, m.Hung())
		before := time.Now()
		_, err := m.Begin(time.Minute)
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, before, time.Now())
		for _, op := range running {
			op.End(nil)
		}
		require.False(t, m.Hung())
		op, err := m.Begin(0)
		require.NoError(t, err)
		op.End(nil)
	})
}

func TestProbe(t *testing.T) {
	mem := memFS(1, 1)
	var bad error
	d := open(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(errorfs.Op) error { return bad })), "/disk")
	require.NoError(t, d.Probe())
	bad = errDisk
	require.ErrorIs(t, d.Probe(), errDisk)
	require.NoError(t, d.Sealed(), "no data depends on a probe")
	bad = nil
	require.NoError(t, d.Probe())
	names, err := mem.List("/disk/tmp")
	require.NoError(t, err)
	require.Empty(t, names)
}
