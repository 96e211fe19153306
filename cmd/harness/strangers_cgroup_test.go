// SPDX-License-Identifier: Apache-2.0

//go:build strangers

package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// cgroup is a memory cgroup of its own for one server.
type cgroup struct {
	dir   string
	limit int64 // bytes
}

// newCgroup makes one, of version 2 or else 1. An error says that this machine
// lets nobody make one.
func newCgroup(t *testing.T, limit int64) (*cgroup, error) {
	t.Helper()
	name := fmt.Sprintf("needletail-strangers-%d", os.Getpid())
	var failed []error
	for _, kind := range []struct{ parent, file string }{
		{"/sys/fs/cgroup", "memory.max"}, {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
	} {
		c := &cgroup{filepath.Join(kind.parent, name), limit}
		if err := os.Mkdir(c.dir, 0o755); err != nil {
			failed = append(failed, err)
			continue
		}
		if err := c.set(kind.file, limit); err != nil { // no cgroup file system, or one without memory
			failed = append(failed, err, os.Remove(c.dir))
			continue
		}
		t.Cleanup(func() {
			for range 50 { // the kernel lets a group go once its last process has
				if os.Remove(c.dir) == nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("%s is left", c.dir)
		})
		return c, nil
	}
	return nil, errors.Join(failed...)
}

// set writes a file that the kernel has made.
func (c *cgroup) set(file string, value int64) error {
	f, err := os.OpenFile(filepath.Join(c.dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(f, value)
	return errors.Join(err, f.Close())
}

// enter is the shell command that moves the shell into the group.
func (c *cgroup) enter() string { return "echo $$ >" + filepath.Join(c.dir, "cgroup.procs") }

// usage is what a process takes at one moment.
type usage struct {
	rssBytes int64
	files    int
	threads  int64
	cpu      time.Duration
}

// clockTick is the unit of times in /proc on Linux.
const clockTick = 10 * time.Millisecond

func usageOf(pid int) (u usage, err error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			u.rssBytes = n << 10
		case "Threads:":
			u.threads = n
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return u, err
	}
	u.files = len(files)
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	for _, field := range strings.Fields(rest)[11:13] { // utime, stime
		n, _ := strconv.ParseInt(field, 10, 64)
		u.cpu += time.Duration(n) * clockTick
	}
	return u, nil
}

func (u usage) String() string {
	return fmt.Sprintf("RSS %d MiB, %d descriptors, %d threads", u.rssBytes>>20, u.files, u.threads)
}

// sampler notes the most that a process takes.
type sampler struct {
	mu   sync.Mutex // protects most
	most usage
	stop chan struct{}
	done chan struct{}
}

const sampleInterval = 50 * time.Millisecond

func newSampler(pid int) *sampler {
	s := &sampler{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		tick := time.NewTicker(sampleInterval)
		defer tick.Stop()
		for {
			if u, err := usageOf(pid); err == nil {
				s.mu.Lock()
				s.most.rssBytes = max(s.most.rssBytes, u.rssBytes)
				s.most.files = max(s.most.files, u.files)
				s.most.threads = max(s.most.threads, u.threads)
				s.mu.Unlock()
			}
			select {
			case <-tick.C:
			case <-s.stop:
				return
			}
		}
	}()
	return s
}

// end stops it and gives the most of each.
func (s *sampler) end() usage {
	close(s.stop)
	<-s.done
	return s.most
}
