// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Engine is an open store.
type Engine struct {
	opts Options
	log  *slog.Logger
	id   string

	folder *datafolder.Held // the locked data folder

	identity atomic.Pointer[CopyStatus] // set by IdentityCopies; nil: identities have one copy

	// policies are the names, the default and the deprecation of the policies.
	// opts.Policies has the same policies as they were at Open.
	policies atomic.Pointer[objstore.Policies]

	db    *meta.DB
	fleet fleet
	dev   *device.Device // device 0, the data folder

	clock objstore.Clock
	locks locks
	known known
	hot   hot
	stats stats
	inUse inUse
	files fileLocks
	// messy is set while a crash or a loss of power may leave a file without a
	// row. The next Open must search for such a file.
	messy atomic.Bool

	sealed sync.Once // Events.Sealed is called once

	gate    gate // counts running operations
	folds   chan fold
	gc      collector
	heal    healer
	dark    dark
	scrub   scrubber
	expirer expirer
	stop    context.CancelFunc
	work    sync.WaitGroup // the workers
}

var _ objstore.Store = (*Engine)(nil)

// Guarantees returns every promise of the contract.
func (e *Engine) Guarantees() objstore.Guarantees { return objstore.Strict() }

// Open opens the store in dir, makes the store if dir is missing, and clears up
// after a crash. ErrLocked: another process uses the folder.
func Open(dir string, o Options) (*Engine, error) {
	e, err := openIdle(dir, o)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.startWorkers(ctx)
	return e, nil
}

// openIdle is Open without the workers in the background.
func openIdle(dir string, o Options) (*Engine, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, &objstore.Error{Kind: objstore.KindInvalid, Op: "open store", Name: dir, Err: err}
	}
	e := &Engine{opts: o, log: o.Logger, folds: make(chan fold, foldsMax)}
	e.policies.Store(&o.Policies)
	e.known.init()
	e.hot.init()
	e.inUse.init()
	e.gc.init(e)
	e.expirer.e = e
	e.dark.init(e)
	e.heal.init(e, o.HealBytesPerSecond)
	e.scrub.init(e, o.ScrubBytesPerSecond)
	if err := e.open(dir); err != nil {
		return nil, datafolder.OpError("open store", dir, errors.Join(err, e.release(false)))
	}
	e.stop = func() {}
	return e, nil
}

// open opens the parts of the store in order: lock, id and notes, index, devices,
// rings. After an error the caller releases the parts that are open.
func (e *Engine) open(dir string) (err error) {
	if e.folder, err = e.opts.Folder(dir).Lock(); err != nil {
		return err
	}
	index, err := e.folder.Identify()
	if err != nil {
		return err
	}
	e.id, index.Fatal = e.folder.ID(), e.reportSealed
	if err := e.folder.CheckManifests(); err != nil {
		return err
	}
	// Pebble would make the folder readable for every user.
	path := e.folder.Path(datafolder.IndexName)
	if err := e.opts.FS.MkdirAll(path, 0o700); err != nil {
		return err
	}
	if e.db, err = meta.Open(path, index); err != nil {
		return datafolder.IndexError(err)
	}
	if err := e.openDevices(); err != nil {
		return err
	}
	last, err := e.db.Clock()
	if err != nil {
		return err
	}
	e.clock.Advance(last)
	if err := e.recover(); err != nil {
		return err
	}
	return e.Note(datafolder.IndexNote)
}

// reportSealed tells the operator that writes are refused from now on. Calls
// after the first do nothing.
func (e *Engine) reportSealed(err error) {
	e.sealed.Do(func() {
		e.log.Error("a write failed for good; no more are taken until the store is opened again", "err", err)
		e.opts.Events.Sealed(err)
	})
}

// ID returns the id that the store got when the store was made.
func (e *Engine) ID() string { return e.id }

// MirrorDir returns the folder, on another disk than the data folder, with the
// second copy of the index, or "".
func (e *Engine) MirrorDir() string { return e.folder.Second().Dir }

// Noted says whether a part of the data folder was made before.
func (e *Engine) Noted(part string) bool { return e.folder.Noted(part) }

// Note notes, durably, that parts of the data folder were made. Note is called
// before the store serves.
func (e *Engine) Note(parts ...string) error { return e.folder.Note(parts...) }

// Forget takes notes away, durably: the next start may make the parts anew.
func (e *Engine) Forget(parts ...string) error { return e.folder.Forget(parts...) }

// Close waits for running operations and closes the store.
func (e *Engine) Close() error {
	if !e.gate.close() {
		return call{op: "close store"}.fail(objstore.KindClosed, nil)
	}
	e.stop()
	e.work.Wait()
	if err := e.release(!e.messy.Load()); err != nil {
		return call{op: "close store"}.wrap(err)
	}
	return nil
}

// release closes all parts that open opened. After clean the next Open does not
// look for files without a row.
func (e *Engine) release(clean bool) error {
	var errs []error
	if e.db != nil {
		if err := e.db.Close(clean); err != nil {
			errs = append(errs, fmt.Errorf("close index: %w", err))
		}
	}
	if e.folder != nil {
		errs = append(errs, e.folder.Close())
	}
	return errors.Join(errs...)
}
