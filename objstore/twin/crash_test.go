// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// ledger knows, by name, the last version that was acknowledged and the last
// that was asked for.
type ledger struct {
	mu           sync.Mutex // protects the maps
	acked, asked map[string]int64
}

func (l *ledger) clone() (acked map[string]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	acked = map[string]int64{}
	for k, v := range l.acked {
		acked[k] = v
	}
	return acked
}

// TestCopiesCrash cuts the power at random calls of the file system, also
// between the two copies' commits, takes one disk away at times, and looks at
// what the next Open finds: every acknowledged version or a later one, and two
// equal copies.
func TestCopiesCrash(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range uint64(4) {
		copiesCrash(t, seed+round)
	}
}

func copiesCrash(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	mem := vfs.NewCrashableMem()
	l := &ledger{acked: map[string]int64{}, asked: map[string]int64{}}
	type crash struct {
		fs    *vfs.MemFS
		acked map[string]int64
	}
	var mu sync.Mutex // protects crashes and rng
	var crashes []crash
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && len(crashes) < 20 && rng.IntN(15) == 0 {
			acked := l.clone() // before the clone: all of it must be in there
			clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng})
			crashes = append(crashes, crash{clone, acked})
		}
		return nil
	}))
	db := openCopies(t, fs)
	mu.Lock()
	crashes = nil // the store must be there
	mu.Unlock()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := int64(1); i <= 60; i++ {
				name := fmt.Sprint(w, "/", i%7)
				l.mu.Lock()
				l.asked[name] = i
				l.mu.Unlock()
				if err := putTest(db, name, i); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				l.mu.Lock()
				l.acked[name] = i
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
	closeTest(t, db)
	for i, c := range crashes {
		what := fmt.Sprintf("seed %d, crash %d", seed, i)
		if lost := rng.IntN(4); lost < 2 {
			if err := c.fs.RemoveAll([]string{"one", "two"}[lost]); err != nil {
				t.Fatal(err)
			}
			what += fmt.Sprint(", lost ", lost)
		}
		checkCopies(t, c.fs, c.acked, what)
	}
}

func checkCopies(t *testing.T, fs vfs.FS, acked map[string]int64, what string) {
	t.Helper()
	db, err := Open(mirrored(fs))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer closeTest(t, db)
	fillTest(t, db)
	wantEqualCopies(t, db, what)
	for name, n := range acked {
		if got, err := version(db, name); err != nil || got < n {
			t.Errorf("%s: %q has version %d, %v; %d was acknowledged", what, name, got, err, n)
		}
	}
	if err := putTest(db, "after", 1); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	wantEqualCopies(t, db, what+", written again")
}
