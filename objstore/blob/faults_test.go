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
}

func (f *faults) wrap(fs vfs.FS) vfs.FS { return errorfs.Wrap(fs, f) }

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
	f.fail, f.hang, f.hits = nil, nil, nil
}
