// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// arenaBytes is the length and alignment of the address space of each arena of
// glibc except the first. The unused part of an arena may not be touched.
const arenaBytes = 64 << 20

// TestOneArena opens and reads databases on threads that have not called malloc
// before. Each memtable and each cached block is allocated by malloc.
func TestOneArena(t *testing.T) {
	const threads = 8
	var ready, all sync.WaitGroup
	ready.Add(threads)
	for range threads {
		all.Go(func() {
			runtime.LockOSThread() // the thread ends with the goroutine
			ready.Done()
			ready.Wait()
			if err := writeAndRead(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := arenas(t); n > 0 {
		t.Errorf("malloc has %d arenas beside the first", n)
	}
}

func writeAndRead() error {
	db, err := pebble.Open("db", &pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		return err
	}
	for i := range 100 {
		if err := db.Set(fmt.Appendf(nil, "%03d", i), make([]byte, 1000), pebble.NoSync); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	if err := db.Flush(); err != nil {
		return errors.Join(err, db.Close())
	}
	_, closer, err := db.Get([]byte("050"))
	if err == nil {
		err = closer.Close()
	}
	return errors.Join(err, db.Close())
}

// arenas counts mapped pairs of neighbours, the first readable and the second
// reserved, that together have the length and alignment of an arena. Go's heap has
// such a pair too, and pairs near the heap are not counted.
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
