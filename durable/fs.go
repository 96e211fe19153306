package durable

import (
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/oserror"
)

const (
	// openPatience is how long a call that found no free descriptor is tried
	// again. Writers wait meanwhile.
	openPatience = 3 * time.Second
	openRetry    = 20 * time.Millisecond
	// Pebble begins a failed flush or compaction again at once. sealedPause and
	// failingPause are what each attempt waits first.
	sealedPause  = time.Second
	failingPause = 100 * time.Millisecond
)

// sealingFS is the file system below Pebble. A call on a log never errs; one
// that fails seals the database. After the seal no call changes anything.
type sealingFS struct {
	vfs.FS
	dir     string
	seal    *seal
	failing func() bool   // flushes or compactions fail
	closing chan struct{} // closed when the database is being closed

	spareMu sync.Mutex
	// spare keeps a descriptor for the next log when there are no others.
	spare vfs.File
}

func (f *sealingFS) Unwrap() vfs.FS { return f.FS }

// logNumber is the number of the log with that name.
func logNumber(base string) (number uint64, isLog bool) {
	digits, isLog := strings.CutSuffix(base, ".log")
	if !isLog {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil
}

func (f *sealingFS) isLog(path string) bool {
	_, isLog := logNumber(f.PathBase(path))
	return isLog
}

// keepSpare opens the spare descriptor if it is not there. Without one the
// database works too.
func (f *sealingFS) keepSpare() {
	f.spareMu.Lock()
	defer f.spareMu.Unlock()
	if f.spare == nil {
		if d, err := f.FS.OpenDir(f.dir); err == nil {
			f.spare = d
		}
	}
}

func (f *sealingFS) dropSpare() {
	f.spareMu.Lock()
	defer f.spareMu.Unlock()
	if f.spare != nil {
		_ = f.spare.Close() // nothing was written
		f.spare = nil
	}
}

// patient calls open until it does not fail for want of a descriptor, for
// openPatience at most. The spare one goes first.
func (f *sealingFS) patient(open func() error) error {
	err := open()
	if !oserror.Exhausted(err) {
		return err
	}
	deadline := time.Now().Add(openPatience)
	for f.dropSpare(); ; f.wait(openRetry) {
		if err = open(); !oserror.Exhausted(err) {
			f.keepSpare()
			return err
		}
		if time.Now().After(deadline) || f.seal.err() != nil || f.isClosing() {
			return err
		}
	}
}

func (f *sealingFS) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-f.closing:
	case <-t.C:
	}
}

func (f *sealingFS) isClosing() bool {
	select {
	case <-f.closing:
		return true
	default:
		return false
	}
}

// change lets a call that changes the disk through, unless the database is
// sealed.
func (f *sealingFS) change(call func() error) error {
	if err := f.seal.err(); err != nil {
		return err
	}
	return f.patient(call)
}

// newFile makes a file to be written. If that fails for a log, a dead one
// stands in for it.
func (f *sealingFS) newFile(path string, create func() (vfs.File, error)) (vfs.File, error) {
	log := f.isLog(path)
	if !log {
		f.slowDown()
	}
	var file vfs.File
	err := f.change(func() (err error) {
		file, err = create()
		return err
	})
	switch {
	case err == nil:
		return &sealingFile{File: file, log: log, seal: f.seal}, nil
	case log:
		f.seal.fail(err)
		return &sealingFile{log: true, seal: f.seal, name: f.PathBase(path)}, nil
	}
	return nil, err
}

// slowDown holds back work that would fail again at once.
func (f *sealingFS) slowDown() {
	switch {
	case f.seal.err() != nil:
		f.wait(sealedPause)
	case f.failing():
		f.wait(failingPause)
	}
}

func (f *sealingFS) Create(path string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.newFile(path, func() (vfs.File, error) { return f.FS.Create(path, c) })
}

func (f *sealingFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	reuse := true
	return f.newFile(to, func() (vfs.File, error) {
		if reuse {
			reuse = false // an attempt that failed may have renamed the file
			return f.FS.ReuseForWrite(from, to, c)
		}
		return f.FS.Create(to, c)
	})
}

func (f *sealingFS) OpenReadWrite(path string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return f.newFile(path, func() (vfs.File, error) { return f.FS.OpenReadWrite(path, c, o...) })
}

func (f *sealingFS) Open(path string, o ...vfs.OpenOption) (vfs.File, error) {
	if f.failing() && strings.HasSuffix(path, ".sst") {
		f.wait(openRetry)
	}
	return f.FS.Open(path, o...)
}

func (f *sealingFS) OpenDir(path string) (vfs.File, error) {
	var file vfs.File
	err := f.patient(func() (err error) {
		file, err = f.FS.OpenDir(path)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sealingFile{File: file, dir: true, seal: f.seal}, nil
}

func (f *sealingFS) Link(from, to string) error {
	return f.change(func() error { return f.FS.Link(from, to) })
}

func (f *sealingFS) Rename(from, to string) error {
	return f.change(func() error { return f.FS.Rename(from, to) })
}

func (f *sealingFS) Remove(path string) error {
	return f.change(func() error { return f.FS.Remove(path) })
}

func (f *sealingFS) RemoveAll(path string) error {
	return f.change(func() error { return f.FS.RemoveAll(path) })
}

func (f *sealingFS) MkdirAll(path string, mode fs.FileMode) error {
	return f.change(func() error { return f.FS.MkdirAll(path, mode) })
}
