// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/durable"
	"needletail/objstore/durable/faultfs"
	"needletail/objstore/oserror"
)

// TestNthCallFails lets the first, second, third … call of the file system fail
// until the workload makes no more calls: no error becomes a success, nobody
// hangs, and after the next Open every acknowledged version is there.
func TestNthCallFails(t *testing.T) {
	sum := faultfs.Sweep(t, faultfs.Once, 5, func(f faultfs.Fault) faultfs.Outcome { return testNthCall(t, f) })
	if sum.Injected < 60 || sum.Sealed == 0 || sum.Refused > 0 {
		t.Errorf("%+v", sum)
	}
}

func testNthCall(t *testing.T, fault faultfs.Fault) (out faultfs.Outcome) {
	mem, l := memFS(), newLedger()
	fs := faultfs.New(mem)
	e := openTest(t, "store", Options{FS: fs, InlineMaxBytes: 4096})
	makeBox(t, e)
	fs.Arm(fault)
	errs := workload(e, l)
	var first string
	out.Calls, out.Injected, first = fs.Disarm()
	what := fmt.Sprintf("%v: %s", fault, first)
	for _, err := range errs {
		var oe *objstore.Error
		if !errors.As(err, &oe) {
			t.Errorf("%s: bare error %v", what, err)
		}
		k := objstore.KindOf(err)
		if oserror.NoSpace(err) && k == objstore.KindInternal || oserror.Exhausted(err) && k != objstore.KindUnavailable {
			t.Errorf("%s: %v is of kind %v", what, err, k)
		}
		if passes := oserror.Exhausted(err) || errors.Is(err, durable.ErrBehind); passes != errors.Is(err, objstore.ErrBusy) {
			t.Errorf("%s: whether %v passes soon is not told", what, err)
		}
	}
	if errors.Is(fault.Err, syscall.EMFILE) {
		for _, d := range e.Status().Devices {
			if d.State != device.StateOK.String() {
				t.Errorf("%s: device %d is %s", what, d.Index, d.State)
			}
		}
	}
	out.Sealed = e.db.Sealed() != nil
	if !out.Sealed {
		l.check(t, e, what+", still open")
	}
	_ = e.Close() // repeats the injected error if the log failed
	again, err := Open("store", quiet(Options{FS: mem, InlineMaxBytes: 4096}))
	if err != nil {
		t.Errorf("%s: open again: %v", what, err)
		out.Refused = true
		return out
	}
	l.check(t, again, what)
	wantTidy(t, again, what)
	closeTest(t, again)
	return out
}

// workload does the same operations each time, whatever fails.
func workload(e *Engine, l *ledger) (errs []error) {
	c := &client{e: e, ledger: l, rng: rand.New(rand.NewPCG(7, 7))}
	for range 25 {
		if err := c.step(); err != nil {
			errs = append(errs, err)
		}
	}
	other := objstore.ContainerID{Account: "AUTH_b", Container: "other"}
	for range 2 {
		_, err1 := e.PutContainer(ctx, other, objstore.PutContainerOptions{})
		err2 := e.PostContainer(ctx, other, objstore.MetadataUpdate{Set: objstore.Metadata{{Name: "X-Container-Meta-A", Value: "1"}}})
		_, err3 := e.PostAccount(ctx, "AUTH_b", objstore.MetadataUpdate{})
		err4 := e.DeleteContainer(ctx, other)
		err5 := e.DeleteAccount(ctx, "AUTH_b")
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// TestLogFailsUnderWriters: when a write or sync of the index's log fails
// under many writers, all of them come back, none with a false success, and the
// operator is told once.
func TestLogFailsUnderWriters(t *testing.T) {
	for _, kind := range []errorfs.OpKind{errorfs.OpFileWrite, errorfs.OpFileSyncData} {
		for n := range 6 {
			testLogFails(t, kind, int32(n))
		}
	}
}

func testLogFails(t *testing.T, kind errorfs.OpKind, n int32) {
	mem, l := memFS(), newLedger()
	index := errorfs.OnIndex(n)
	toggle := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == kind && strings.HasSuffix(op.Path, ".log") && index.MaybeError(op) != nil {
			return syscall.EIO
		}
		return nil
	})}
	var sealed atomic.Int64
	e := openTest(t, "store", Options{FS: errorfs.Wrap(mem, toggle), InlineMaxBytes: 4096,
		Events: EventListener{Sealed: func(error) { sealed.Add(1) }}})
	makeBox(t, e)
	toggle.On()
	var wg sync.WaitGroup
	var failed atomic.Int64
	for id := range 8 {
		c := &client{e: e, ledger: l, rng: rand.New(rand.NewPCG(uint64(n), uint64(id))), id: id}
		wg.Go(func() {
			for range 20 {
				if err := c.step(); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	toggle.Off()
	what := fmt.Sprintf("%v number %d", kind, n)
	if failed.Load() == 0 || e.db.Sealed() == nil || sealed.Load() != 1 || !errors.Is(e.Ready(), errStoreSealed) {
		t.Errorf("%s: %d failed, sealed: %v, told %d times", what, failed.Load(), e.db.Sealed(), sealed.Load())
	}
	_ = e.Close() // repeats the injected error if the log failed
	again := openTest(t, "store", Options{FS: mem, InlineMaxBytes: 4096})
	defer closeTest(t, again)
	l.check(t, again, what)
	wantTidy(t, again, what)
}

// TestFullDisk: writes are refused before the body is read, the rest goes on.
func TestFullDisk(t *testing.T) {
	mem := memFS()
	e := openTest(t, "store", Options{FS: mem})
	defer closeTest(t, e)
	makeBox(t, e)
	put(t, e, "o", []byte("abc"))
	usage := func(avail uint64) {
		mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: avail, TotalBytes: 100 << 20})
	}
	usage(2<<20 - 1) // 2 percent are kept
	for _, size := range []int64{0, 1, 1 << 20} {
		_, err := e.PutObject(ctx, box.Object("p"), failingReader{}, objstore.PutOptions{SizeBytes: size})
		if !errors.Is(err, objstore.KindNoSpace) {
			t.Errorf("put of %d bytes: %v", size, err)
		}
	}
	if body, err := get(e, "o"); err != nil || string(body) != "abc" {
		t.Error(body, err)
	}
	if _, err := e.DeleteObject(ctx, box.Object("o"), objstore.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	usage(10 << 20)
	put(t, e, "p", []byte("abc"))
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("the body must not be read") }
