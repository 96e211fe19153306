// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var (
	// ErrHung: no write ended for HangLimit.
	ErrHung = errors.New("no write ended in time")
	// ErrBehind: flushes or compactions fail, and the memory for commits until
	// their success is used up. The database takes writes again after the
	// success.
	ErrBehind = errors.New("background work fails, and no more is taken until it succeeds")
	errClosed = errors.New("closed")
	// errLeft: closing hangs, and the rest is left as it is.
	errLeft = errors.New("closing hangs, and was given up")
)

// Options are the settings of a database.
type Options struct {
	Name   string       // in log lines: "index"
	FS     vfs.FS       // default vfs.Default
	Logger *slog.Logger // default slog.Default

	// Pebble are Pebble's own settings. The package sets FS, Logger,
	// EventListener, CompactionScheduler and the numbers of files.
	Pebble pebble.Options
	// OpenFilesMax bounds the open files, at least OpenFilesMin.
	OpenFilesMax int

	// OpenPatience is how long the opening of a file for writing is repeated
	// while no descriptor is free; writers wait. Default 3 s.
	OpenPatience time.Duration
	// HangLimit is how long no commit may end while some run. Default 20 s.
	HangLimit time.Duration
	// SealHung seals the database with ErrHung after HangLimit. Otherwise
	// writers wait for the disk, unless background work fails too.
	SealHung bool
	// Sealed is called once, from any goroutine and maybe under Pebble's locks,
	// with the error that seals the database, before anybody sees the seal.
	// Sealed must not call the database. Optional.
	Sealed func(error)
}

const (
	hangLimitDefault    = 20 * time.Second
	openPatienceDefault = 3 * time.Second
)

func (o *Options) ensureDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.OpenPatience == 0 {
		o.OpenPatience = openPatienceDefault
	}
	if o.HangLimit == 0 {
		o.HangLimit = hangLimitDefault
	}
}

// DB is an open database. Reads are the reads of the Pebble database; writes go
// through NewBatch and Commit.
type DB struct {
	*pebble.DB
	opts Options
	dir  string
	// readOnly says that there is nothing to flush or to watch.
	readOnly bool
	fs       *sealingFS
	seal     *seal
	work     *background
	tail     Tail

	room  room
	acked atomic.Uint64 // the greatest sequence number on stable storage

	running, ended atomic.Int64 // commits
	commits        sync.WaitGroup
	// unflushed is the bytes committed since background work fails.
	unflushed atomic.Int64
	watcher   sync.WaitGroup
}

// Open opens or creates the database in dir. A damaged database is refused with
// ErrDamaged, a database in use by another process with Pebble's error.
func Open(dir string, o Options) (*DB, error) {
	o.ensureDefaults()
	d := &DB{opts: o, dir: dir, seal: newSeal(o.Sealed), work: &background{name: o.Name, slog: o.Logger}}
	var err error
	if d.tail, err = checkLogs(o.FS, dir); err != nil {
		return nil, err
	}
	if err = CheckManifest(o.FS, dir); err != nil {
		return nil, err
	}
	d.fs = &sealingFS{FS: o.FS, dir: dir, patience: o.OpenPatience, seal: d.seal, closing: make(chan struct{}),
		failing: func() bool { return d.work.err() != nil }}
	if err := d.open(); err != nil {
		d.fs.dropSpare()
		return nil, damaged(dir, err)
	}
	d.tail.tell(o.Name, o.Logger)
	d.fs.keepSpare()
	d.watcher.Go(d.watch)
	return d, nil
}

func (d *DB) open() (err error) {
	p := d.opts.Pebble
	p.FS, p.EventListener = d.fs, d.work.listener()
	d.room.init(p.MemTableSize)
	p.EventListener.WALCreated = d.room.begin
	p.Logger = &logger{name: d.opts.Name, slog: d.opts.Logger, seal: d.seal}
	compactions := newScheduler()
	p.Experimental.CompactionScheduler = compactions
	p.FileCache = tableCache(d.opts.OpenFilesMax)
	defer p.FileCache.Unref()
	defer func() {
		if r := recover(); r != nil { // the data is not what Pebble expects
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	if !d.readOnly {
		d.fs.beginOpen()
	}
	if d.DB, err = pebble.Open(d.dir, &p); err != nil {
		return errors.Join(d.seal.err(), err)
	}
	compactions.start()
	d.fs.endOpen()
	if err := d.seal.err(); err != nil { // Pebble was not told
		close(d.fs.closing)
		_ = d.DB.Close() // the failure is told already
		return err
	}
	return nil
}

// Err returns the reason of the seal, or nil. The error matches ErrSealed.
func (d *DB) Err() error { return d.seal.err() }

// Broken is closed when the database is sealed.
func (d *DB) Broken() <-chan struct{} { return d.seal.broken }

// Seal ends all writes from now on, as a failed write does.
func (d *DB) Seal(cause error) { d.seal.fail(cause) }

// Tail is how the newest log ended when the database was opened.
func (d *DB) Tail() Tail { return d.tail }

// Corruptions is how often damage was met in the background since Open.
func (d *DB) Corruptions() int64 { return d.work.corrupt.Load() }

// watch seals the database if no commit ends for HangLimit while some run.
func (d *DB) watch() {
	tick := time.NewTicker(d.opts.HangLimit / 4)
	defer tick.Stop()
	last, since := int64(-1), time.Now()
	for {
		select {
		case <-d.fs.closing:
			return
		case <-d.seal.broken:
			return
		case <-tick.C:
		}
		cause := d.work.err()
		if ended := d.ended.Load(); ended != last || d.running.Load() == 0 {
			last, since = ended, time.Now()
		} else if time.Since(since) > d.opts.HangLimit && (d.opts.SealHung || cause != nil) {
			d.seal.fail(errors.Join(ErrHung, cause))
			return
		}
	}
}
