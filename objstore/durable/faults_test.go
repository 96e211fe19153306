// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable/faultfs"
)

// faultOptions rotate logs, flush and compact a lot.
func faultOptions(fs vfs.FS) Options {
	o := testOptions(fs)
	o.Pebble.MemTableSize = 64 << 10
	o.Pebble.L0CompactionThreshold = 2
	o.OpenPatience = 20 * time.Millisecond
	o.HangLimit = 3 * time.Second
	return o
}

// acked are the keys that were acknowledged.
type acked struct {
	mu   sync.Mutex // guards keys
	keys []int
}

func (a *acked) add(key int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = append(a.keys, key)
}

// TestNthCallOfADatabaseFails lets each call of the file system fail, alone and
// with all after it, under writers that make logs rotate and tables compact:
// nobody hangs or panics, and what was acknowledged is there, whether the process
// is stopped or the power is cut.
func TestNthCallOfADatabaseFails(t *testing.T) {
	sum := faultfs.Sweep(t, faultfs.OnceAndForever, 150, func(f faultfs.Fault) faultfs.Outcome { return faultRun(t, f) })
	if sum.Injected < 10 || sum.Sealed == 0 || sum.Refused > 0 {
		t.Errorf("%+v", sum)
	}
}

func faultRun(t *testing.T, fault faultfs.Fault) (out faultfs.Outcome) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	fs := faultfs.New(mem)
	d, err := Open("db", faultOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	fs.Arm(fault)
	var done acked
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := range 25 {
				if key := w*1000 + i; put(d, key, make([]byte, 6000)) == nil {
					done.add(key)
				}
			}
		})
	}
	wg.Wait()
	out.Sealed = d.Err() != nil
	cut := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(uint64(fault.Call), 1))})
	_ = d.Close() // may tell of the fault
	var what string
	out.Calls, out.Injected, what = fs.Disarm()
	for name, left := range map[string]*vfs.MemFS{"stopped": mem, "cut off": cut} {
		again, err := Open("db", faultOptions(left))
		if err != nil {
			t.Errorf("%v (%s), %s: %v", fault, what, name, err)
			out.Refused = true
			continue
		}
		for _, key := range done.keys {
			if !has(t, again, key) {
				t.Errorf("%v (%s), %s: key %d is gone", fault, what, name, key)
			}
		}
		if err := errors.Join(put(again, 9999, nil), again.Close()); err != nil {
			t.Errorf("%v (%s), %s: %v", fault, what, name, err)
		}
	}
	return out
}

// TestNthCallOfAnOpenFails lets each call fail while a database that crashed is
// opened: an error or a database that works, and the next start finds all.
func TestNthCallOfAnOpenFails(t *testing.T) {
	crashed := crashedStore(t)
	sum := faultfs.Sweep(t, faultfs.OnceAndForever, 25, func(f faultfs.Fault) (out faultfs.Outcome) {
		mem := crashed.CrashClone(vfs.CrashCloneCfg{})
		fs := faultfs.New(mem)
		fs.Arm(f)
		d, err := Open("db", faultOptions(fs))
		if err == nil {
			out.Sealed = put(d, 9999, nil) != nil
			_ = d.Close() // may tell of the fault
		}
		out.Calls, out.Injected, _ = fs.Disarm()
		again, err := Open("db", faultOptions(mem))
		if err != nil {
			t.Errorf("%v: %v", f, err)
			out.Refused = true
			return out
		}
		for key := range 40 {
			if !has(t, again, key) {
				t.Errorf("%v: key %d is gone", f, key)
			}
		}
		closeTest(t, again)
		return out
	})
	if sum.Injected < 10 || sum.Refused > 0 {
		t.Errorf("%+v", sum)
	}
}

func crashedStore(t *testing.T) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	d, err := Open("db", faultOptions(mem))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if err := put(d, i, make([]byte, 6000)); err != nil {
			t.Fatal(err)
		}
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{})
	closeTest(t, d)
	return crashed
}
