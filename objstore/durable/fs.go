// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/oserror"
)

const (
	// openRetry is the pause between two tries to get a descriptor.
	openRetry = 20 * time.Millisecond
	// Pebble begins a failed flush or compaction again at once. sealedPause and
	// failingPause are the wait before each attempt.
	sealedPause  = time.Second
	failingPause = 100 * time.Millisecond
)

// sealingFS is the file system below Pebble. A call on a file vital to Pebble
// never returns an error: a failed call seals the database. After the seal no
// call changes anything.
//
// The opening of a Pebble database does not return before the content of its
// logs is in tables, and Pebble tries for ever. A commit that waits for a flush
// does not return either. So while a database is opened every failure seals.
// From the seal on, or when a sealed database is closed, all calls seem to
// work, in the void: nobody reads any more.
type sealingFS struct {
	vfs.FS
	dir      string
	patience time.Duration // see Options.OpenPatience
	seal     *seal
	failing  func() bool   // flushes or compactions fail
	closing  chan struct{} // closed when the database is being closed
	// void is set while the database is opened, or is closed after the seal.
	void atomic.Bool

	// oldLogs are removed when the database is open: until there is a new log,
	// a database without a log is a database that lost its log.
	oldMu   sync.Mutex // guards opening and oldLogs
	opening bool
	oldLogs []string

	spareMu sync.Mutex
	// spare keeps a descriptor for the next log, for times without free
	// descriptors.
	spare vfs.File
}

func (f *sealingFS) Unwrap() vfs.FS { return f.FS }

// logNumber returns the number of the log with the name base.
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

// isVital reports whether Pebble cannot go on without the file: a log, a
// manifest, or the marker of the current manifest.
func (f *sealingFS) isVital(path string) bool {
	base := f.PathBase(path)
	return f.isLog(path) || strings.HasPrefix(base, "MANIFEST-") || strings.HasPrefix(base, "marker.")
}

// keepSpare opens the spare descriptor if it is missing. The database also
// works without a spare.
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

// patient calls open until the call does not fail for want of a descriptor, for
// its patience at most. The spare descriptor is given up first.
func (f *sealingFS) patient(open func() error) error {
	err := open()
	if !oserror.Exhausted(err) {
		return err
	}
	deadline := time.Now().Add(f.patience)
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

// quiet reports whether a failed call must not return an error.
func (f *sealingFS) quiet(vital bool) bool { return vital || f.void.Load() }

// change makes a call that changes the disk, unless the database is sealed.
func (f *sealingFS) change(vital bool, call func() error) error {
	err := f.seal.err()
	if err == nil {
		if err = call(); err != nil && f.quiet(vital) {
			f.seal.fail(err)
		}
	}
	if f.quiet(vital) {
		return nil
	}
	return err
}

// changeName is change for names, not for the content of a file.
func (f *sealingFS) changeName(call func() error) error {
	return f.change(false, func() error { return f.patient(call) })
}

// newFile makes a file for writing. Where a failure must not return an error, a
// dead file stands in.
func (f *sealingFS) newFile(path string, create func() (vfs.File, error)) (vfs.File, error) {
	vital := f.isVital(path)
	if !f.quiet(vital) {
		f.slowDown()
	}
	var file vfs.File
	err := f.change(vital, func() error {
		return f.patient(func() (err error) {
			file, err = create()
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return &sealingFile{File: file, fs: f, vital: vital, name: f.PathBase(path)}, nil
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
	return &sealingFile{File: file, fs: f, vital: true, name: f.PathBase(path)}, nil
}

func (f *sealingFS) Link(from, to string) error {
	return f.changeName(func() error { return f.FS.Link(from, to) })
}

func (f *sealingFS) Rename(from, to string) error {
	return f.changeName(func() error { return f.FS.Rename(from, to) })
}

func (f *sealingFS) Remove(path string) error {
	if f.isLog(path) && f.keepLog(path) {
		return nil
	}
	return f.changeName(func() error { return f.FS.Remove(path) })
}

func (f *sealingFS) RemoveAll(path string) error {
	return f.changeName(func() error { return f.FS.RemoveAll(path) })
}

func (f *sealingFS) MkdirAll(path string, mode fs.FileMode) error {
	return f.changeName(func() error { return f.FS.MkdirAll(path, mode) })
}

// keepLog reports whether a log no longer needed stays for now.
func (f *sealingFS) keepLog(path string) bool {
	f.oldMu.Lock()
	defer f.oldMu.Unlock()
	if f.opening {
		f.oldLogs = append(f.oldLogs, path)
	}
	return f.opening
}

// beginOpen and endOpen stand around Pebble's opening of the database.
func (f *sealingFS) beginOpen() {
	f.opening = true
	f.void.Store(true)
}

func (f *sealingFS) endOpen() {
	f.void.Store(f.seal.err() != nil)
	f.oldMu.Lock()
	defer f.oldMu.Unlock()
	f.opening = false
	for _, path := range f.oldLogs {
		_ = f.changeName(func() error { return f.FS.Remove(path) }) // the next start tries again
	}
	f.oldLogs = nil
}
