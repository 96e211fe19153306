// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"needletail/ring"
)

// lookEvery is how often the file of a ring is looked at, at most (Swift's
// DEFAULT_RELOAD_TIME).
const lookEvery = 15 * time.Second

// fileMark tells whether a file is another one than before.
type fileMark struct {
	modified time.Time
	bytes    int64
}

func markOf(info fs.FileInfo) fileMark {
	return fileMark{modified: info.ModTime(), bytes: info.Size()}
}

// liveRing is the ring of a file, loaded again after the file changed.
type liveRing struct {
	path  string
	hash  ring.Hash
	check func(*ring.Ring) error
	now   func() time.Time
	tell  func(error)

	current atomic.Pointer[ring.Ring]
	next    atomic.Int64 // Unix nanoseconds of the next look

	mu     sync.Mutex // held by the lookup that looks at the file
	mark   fileMark   // of current
	broken string     // the last fault that was told
}

// load reads the file for the first time.
func (l *liveRing) load() error {
	r, mark, err := l.read()
	if err != nil {
		return err
	}
	l.mark = mark
	l.current.Store(r)
	l.next.Store(l.now().Add(lookEvery).UnixNano())
	return nil
}

// read reads and checks the file. The mark is from before the reading, so that a
// change during the reading is seen at the next look.
func (l *liveRing) read() (*ring.Ring, fileMark, error) {
	info, err := os.Stat(l.path)
	if err != nil {
		return nil, fileMark{}, fmt.Errorf("%w: %w", ErrRing, err)
	}
	mark := markOf(info)
	r, err := ring.Load(l.path, l.hash)
	if err != nil {
		return nil, mark, fmt.Errorf("%w: %w", ErrRing, err)
	}
	if err := l.check(r); err != nil {
		return nil, mark, fail(ErrRing, "%s: %v", l.path, err)
	}
	return r, mark, nil
}

// get returns the ring. When a look at the file is due, one of the lookups takes
// the look, and reads a changed file; the others go on with the ring before.
func (l *liveRing) get() *ring.Ring {
	if l.now().UnixNano() >= l.next.Load() && l.mu.TryLock() {
		l.look()
		l.mu.Unlock()
	}
	return l.current.Load()
}

// look reads the file if the file has changed. A broken file is read at every
// look, for as long as it is broken: its copying may not have ended.
func (l *liveRing) look() {
	if l.now().UnixNano() < l.next.Load() {
		return // the look was taken since get asked
	}
	defer func() { l.next.Store(l.now().Add(lookEvery).UnixNano()) }()
	info, err := os.Stat(l.path)
	if err == nil && markOf(info) == l.mark {
		l.broken = ""
		return
	}
	r, mark, err := l.read()
	if err != nil {
		// Each fault of each file is told once.
		if fault := fmt.Sprint(err, mark); fault != l.broken {
			l.broken = fault
			l.tell(fmt.Errorf("the ring before stays in use: %w", err))
		}
		return
	}
	l.mark, l.broken = mark, ""
	l.current.Store(r)
}
