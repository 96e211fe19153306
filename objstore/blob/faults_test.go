// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// faults makes the operations of one device fail or hang.
type faults struct {
	mu   sync.Mutex
	fail func(errorfs.Op) error
	hang chan struct{} // not nil: operations that hangs matches wait until it is closed
	hits func(errorfs.Op) bool
	rots bool
	// rotAt is the offset of the byte that rots.
	rotAt int64
}

func (f *faults) wrap(fs vfs.FS) vfs.FS { return rotFS{errorfs.Wrap(fs, f), f} }

// rotFS flips bits of what is read.
type rotFS struct {
	vfs.FS
	faults *faults
}

func (r rotFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := r.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return rotFile{f, r.faults}, nil
}

type rotFile struct {
	vfs.File
	faults *faults
}

func (r rotFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.File.ReadAt(p, off)
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	if at := r.faults.rotAt; r.faults.rots && at >= off && at < off+int64(n) {
		p[at-off] ^= 1 << (at & 7)
	}
	return n, err
}

// rot flips a bit of the byte at an offset of every file.
func (f *faults) rot(at int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rots, f.rotAt = true, at
}

func (f *faults) String() string { return "faults" }

func (f *faults) MaybeError(op errorfs.Op) error {
	f.mu.Lock()
	fail, hang, hits := f.fail, f.hang, f.hits
	f.mu.Unlock()
	if hang != nil && (hits == nil || hits(op)) {
		<-hang
	}
	if fail != nil {
		return fail(op)
	}
	return nil
}

// failWith makes every operation fail.
func (f *faults) failWith(err error) {
	f.failOn(func(errorfs.Op) error { return err })
}

func (f *faults) failOn(fail func(errorfs.Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

// hangOn makes operations that hits matches, or all, wait until clear.
func (f *faults) hangOn(hits func(errorfs.Op) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hang, f.hits = make(chan struct{}), hits
}

// clear ends all faults.
func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang != nil {
		close(f.hang)
	}
	f.fail, f.hang, f.hits, f.rots = nil, nil, nil, false
}
