// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/storetest"
)

// memFS is a file system in memory that knows how full it is.
func memFS() *vfs.MemFS { return roomy(vfs.NewMem()) }

func roomy(fs *vfs.MemFS) *vfs.MemFS {
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40})
	return fs
}

func opener(o Options, dir func(*testing.T) string) func(*testing.T) objstore.Store {
	return func(t *testing.T) objstore.Store {
		o := o
		if o.FS == nil {
			o.FS = memFS()
		} else if o.FS == vfs.Default {
			o.FS = nil
		}
		e := openTest(t, dir(t), o)
		t.Cleanup(func() { _ = e.Close() }) // closed already, as a rule
		return e
	}
}

func inMemory(*testing.T) string { return "store" }
func onDisk(t *testing.T) string { return t.TempDir() }

func TestStoreOnDisk(t *testing.T) {
	storetest.Run(t, opener(Options{FS: vfs.Default}, onDisk))
}

func TestStore(t *testing.T) {
	for name, inline := range map[string]int{"all in files": -1, "small inline": 4096} {
		t.Run(name, func(t *testing.T) { storetest.Run(t, opener(Options{InlineMaxBytes: inline}, inMemory)) })
	}
}

func TestStoreEqualsModel(t *testing.T) {
	seed := time.Now().UnixNano()
	for name, inline := range map[string]int{"default": 0, "small inline": 4096} {
		t.Run(name, func(t *testing.T) {
			storetest.RunRandom(t, opener(Options{InlineMaxBytes: inline}, inMemory), seed, 150)
		})
	}
}
