// SPDX-License-Identifier: Apache-2.0

// Package faultfs is a file system for tests. The n-th call of the file system
// fails.
package faultfs

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"runtime/pprof"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrShort stands for a write of half of the bytes without an error; for any
// call but a write it is EIO.
var ErrShort = errors.New("short write")

// opens are the calls that need a descriptor. The remaining calls never get
// EMFILE.
var opens = map[string]bool{"create": true, "open": true, "open folder": true, "reuse": true, "lock": true, "list": true}

// Causes returns the failures of a sweep.
func Causes() []error {
	return []error{syscall.EIO, syscall.ENOSPC, syscall.EMFILE, ErrShort}
}

// Fault is a failure at a call.
type Fault struct {
	Call  int  // the number of the call that fails, from 0
	Stays bool // so do all calls after it
	Err   error
}

func (f Fault) String() string {
	s := fmt.Sprintf("%v at call %d", f.Err, f.Call)
	if f.Stays {
		s += " and all after it"
	}
	return s
}

// FS counts the calls on a file system, and lets some of them fail.
type FS struct {
	vfs.FS
	mu       sync.Mutex // guards what follows
	armed    bool
	fault    Fault
	calls    int // while armed
	injected int
	what     string // the first call that failed
}

// New returns a file system that works until it is armed.
func New(fs vfs.FS) *FS { return &FS{FS: fs} }

// Arm begins to count calls.
func (f *FS) Arm(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.fault, f.calls, f.injected, f.what = true, fault, 0, 0, ""
}

// Disarm lets all calls through. It returns the number of calls, the number of
// failures, and the first failed call.
func (f *FS) Disarm() (calls, injected int, what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	return f.calls, f.injected, f.what
}

// call counts a call, and returns the error of a failing call.
func (f *FS) call(op, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed {
		return nil
	}
	n := f.calls
	f.calls++
	if n < f.fault.Call || n > f.fault.Call && !f.fault.Stays {
		return nil
	}
	if errors.Is(f.fault.Err, syscall.EMFILE) && !opens[op] {
		return nil
	}
	f.injected++
	if f.what == "" {
		f.what = op + " " + path
	}
	err := f.fault.Err
	if errors.Is(err, ErrShort) && op != "write" {
		err = syscall.EIO
	}
	return fmt.Errorf("%s %s: %w", op, path, err)
}

func (f *FS) file(op, path string, open func() (vfs.File, error)) (vfs.File, error) {
	if err := f.call(op, path); err != nil {
		return nil, err
	}
	file, err := open()
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, path}, nil
}

func (f *FS) Create(path string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("create", path, func() (vfs.File, error) { return f.FS.Create(path, c) })
}

func (f *FS) Open(path string, o ...vfs.OpenOption) (vfs.File, error) {
	return f.file("open", path, func() (vfs.File, error) { return f.FS.Open(path, o...) })
}

func (f *FS) OpenReadWrite(path string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return f.file("open", path, func() (vfs.File, error) { return f.FS.OpenReadWrite(path, c, o...) })
}

func (f *FS) OpenDir(path string) (vfs.File, error) {
	return f.file("open folder", path, func() (vfs.File, error) { return f.FS.OpenDir(path) })
}

func (f *FS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("reuse", to, func() (vfs.File, error) { return f.FS.ReuseForWrite(from, to, c) })
}

func (f *FS) do(op, path string, call func() error) error {
	if err := f.call(op, path); err != nil {
		return err
	}
	return call()
}

func (f *FS) Link(from, to string) error {
	return f.do("link", to, func() error { return f.FS.Link(from, to) })
}

func (f *FS) Remove(path string) error {
	return f.do("remove", path, func() error { return f.FS.Remove(path) })
}

func (f *FS) RemoveAll(path string) error {
	return f.do("remove", path, func() error { return f.FS.RemoveAll(path) })
}

func (f *FS) Rename(from, to string) error {
	return f.do("rename", to, func() error { return f.FS.Rename(from, to) })
}

func (f *FS) MkdirAll(path string, mode iofs.FileMode) error {
	return f.do("make folder", path, func() error { return f.FS.MkdirAll(path, mode) })
}

func (f *FS) Lock(path string) (l io.Closer, err error) {
	err = f.do("lock", path, func() error { l, err = f.FS.Lock(path); return err })
	return l, err
}

func (f *FS) List(path string) (names []string, err error) {
	err = f.do("list", path, func() error { names, err = f.FS.List(path); return err })
	return names, err
}

func (f *FS) Stat(path string) (info vfs.FileInfo, err error) {
	err = f.do("stat", path, func() error { info, err = f.FS.Stat(path); return err })
	return info, err
}

func (f *FS) Unwrap() vfs.FS { return f.FS }

type faultFile struct {
	vfs.File
	fs   *FS
	path string
}

func (f *faultFile) Read(b []byte) (n int, err error) {
	err = f.fs.do("read", f.path, func() error { n, err = f.File.Read(b); return err })
	return n, err
}

func (f *faultFile) ReadAt(b []byte, at int64) (n int, err error) {
	err = f.fs.do("read", f.path, func() error { n, err = f.File.ReadAt(b, at); return err })
	return n, err
}

func (f *faultFile) Write(b []byte) (int, error) {
	err := f.fs.call("write", f.path)
	if errors.Is(err, ErrShort) {
		return f.File.Write(b[:len(b)/2])
	}
	if err != nil {
		return 0, err
	}
	return f.File.Write(b)
}

func (f *faultFile) Sync() error     { return f.fs.do("sync", f.path, f.File.Sync) }
func (f *faultFile) SyncData() error { return f.fs.do("sync", f.path, f.File.SyncData) }

func (f *faultFile) SyncTo(length int64) (full bool, err error) {
	err = f.fs.do("sync", f.path, func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f *faultFile) Stat() (info vfs.FileInfo, err error) {
	err = f.fs.do("stat", f.path, func() error { info, err = f.File.Stat(); return err })
	return info, err
}

func (f *faultFile) Close() error {
	return errors.Join(f.fs.call("close", f.path), f.File.Close())
}

// Watchdog ends the test process with the stacks of all goroutines if stop is
// not called within limit.
func Watchdog(t testing.TB, limit time.Duration, what string) (stop func()) {
	timer := time.AfterFunc(limit, func() {
		fmt.Fprintf(os.Stderr, "%s: %s: hangs for %v\n", t.Name(), what, limit)
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
		os.Exit(2)
	})
	return func() { timer.Stop() }
}

// Full reports whether a sweep is to try every call, and not a sample.
func Full() bool { return os.Getenv("NEEDLETAIL_FAULTS") != "" }
