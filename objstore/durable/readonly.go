// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// OpenReadOnly opens an existing database that no process has open, and changes
// nothing. Of damaged logs it takes the records before the damage; Tail tells
// of the worst log.
func OpenReadOnly(dir string, o Options) (*DB, error) {
	o.ensureDefaults()
	if _, err := o.FS.Stat(dir); err != nil {
		return nil, err
	}
	logs, tail, err := readableLogs(o.FS, dir)
	if err != nil {
		return nil, err
	}
	d := &DB{opts: o, dir: dir, tail: tail, readOnly: true, seal: newSeal(nil),
		work: &background{name: o.Name, slog: o.Logger}}
	d.opts.Pebble.ReadOnly = true
	d.fs = &sealingFS{FS: logs, dir: dir, seal: d.seal, closing: make(chan struct{}), failing: func() bool { return false }}
	if err := d.open(); err != nil {
		return nil, damaged(dir, err)
	}
	return d, nil
}

// cutLogs shows logs without their unreadable parts.
type cutLogs struct {
	vfs.FS
	ends map[string]int64 // by path; those that end cleanly are missing
}

// readableLogs looks at all logs. A log older than the newest log must end with
// the mark of a closed log; otherwise it lost commits from stable storage.
func readableLogs(fsys vfs.FS, dir string) (*cutLogs, Tail, error) {
	names, err := fsys.List(dir)
	if err != nil {
		return nil, Tail{}, fmt.Errorf("look for logs: %w", err)
	}
	c := &cutLogs{fsys, map[string]int64{}}
	_, newest := newestLog(names)
	var worst Tail
	for _, name := range names {
		number, isLog := logNumber(name)
		if !isLog {
			continue
		}
		path := fsys.PathJoin(dir, name)
		t, err := readTail(fsys, path, number)
		if err != nil {
			return nil, Tail{}, err
		}
		if t.Closed {
			continue
		}
		c.ends[path] = t.ReadBytes
		t.Acknowledged = t.Acknowledged || name != newest
		if t.DroppedBytes > worst.DroppedBytes || t.Acknowledged && !worst.Acknowledged {
			worst = t
		}
	}
	return c, worst, nil
}

func (c *cutLogs) Unwrap() vfs.FS { return c.FS }

func (c *cutLogs) Open(path string, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := c.FS.Open(path, o...)
	if end, cut := c.ends[path]; cut && err == nil {
		f = &cutFile{File: f, left: end}
	}
	return f, err
}

// cutFile is the beginning of a file.
type cutFile struct {
	vfs.File
	left int64
}

func (f *cutFile) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.File.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	return n, err
}
