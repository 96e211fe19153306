//go:build cgo && linux

package meta

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
)

// arenaBytes is the length and alignment of the address space of each of glibc's
// arenas but the first; what is not used of it yet may not be touched.
const arenaBytes = 64 << 20

// TestOneArena reads blocks on threads that have never called malloc before.
func TestOneArena(t *testing.T) {
	fs := vfs.NewMem()
	db := openTest(t, fs)
	names := make([]string, 20_000)
	for i := range names {
		names[i] = fmt.Sprintf("%09d", i)
	}
	fill(t, db, names)
	closeTest(t, db)
	db = openTest(t, fs)
	defer closeTest(t, db)
	const threads = 8
	var ready, all sync.WaitGroup
	ready.Add(threads)
	for thread := range threads {
		all.Go(func() {
			runtime.LockOSThread() // and end it with the goroutine
			ready.Done()
			ready.Wait()
			for i := thread; i < len(names); i += threads {
				if _, _, err := db.Object(box.Object(objstore.ObjectName(names[i]))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := arenas(t); n > 0 {
		t.Errorf("malloc has %d arenas beside the first", n)
	}
}

// arenas counts pairs of neighbours in memory, one to use and one to keep free,
// that are as long as an arena together and lie like one, far from Go's heap,
// which has such a pair too.
func arenas(t *testing.T) (n int) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const far = 1 << 40
	goHeap := uint64(uintptr(unsafe.Pointer(f)))
	var start, end uint64
	used := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var lo, hi uint64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &lo, &hi, &mode); err != nil {
			t.Fatal(err)
		}
		if used && mode == "---p" && lo == end && start%arenaBytes == 0 && hi-start == arenaBytes &&
			max(start, goHeap)-min(start, goHeap) > far {
			n++
		}
		start, end, used = lo, hi, strings.HasPrefix(mode, "rw")
	}
	return n
}
