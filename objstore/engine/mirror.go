package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// mirrorName is the folder on a device that holds the second copy of the index
// and of the store's identity:
//
//	DEVICE/index-mirror/needletail.json   as DATA/needletail.json
//	DEVICE/index-mirror/LOCK              locked while the store is open
//	DEVICE/index-mirror/index/            package meta
const mirrorName = "index-mirror"

// mirror is where the second copy of the index lies; the zero value is nowhere.
type mirror struct {
	fs  vfs.FS
	dir string
}

func (m mirror) exists() bool { return m.fs != nil }

// findMirror chooses the device of the second copy: the one that has it, of
// several the one with the newest, else the first that is not the data folder. A
// device that the store has not formatted, which an empty mount point looks
// like, gets none unless the store is fresh.
func (o *Options) findMirror(dir string, fresh bool) (mirror, error) {
	var best, first mirror
	var newest meta.Age
	for i := range o.Devices {
		d := &o.Devices[i]
		fs := d.FS
		if fs == nil {
			fs = o.FS
		}
		if fs.PathJoin(d.Path) == fs.PathJoin(dir) {
			continue
		}
		m := mirror{fs, fs.PathJoin(d.Path, mirrorName)}
		age, err := meta.PeekAge(fs, fs.PathJoin(m.dir, indexName))
		switch {
		case isNotExist(err):
			if !first.exists() && !d.Draining && (fresh || mounted(fs, d.Path)) {
				first = m
			}
		case errors.Is(err, meta.ErrVersion):
			return mirror{}, err
		case err != nil:
			o.Logger.Error("a second copy of the index cannot be read", "dir", m.dir, "err", err)
			if !first.exists() {
				first = m // the fill puts aside what is there
			}
		case !best.exists() || newest.Less(age):
			best, newest = m, age
		}
	}
	if best.exists() {
		return best, nil
	}
	return first, nil
}

// owner is the store whose the devices are, as far as they can be read, or "".
func (o *Options) owner() (store string, err error) {
	for i := range o.Devices {
		d := &o.Devices[i]
		fs := d.FS
		if fs == nil {
			fs = o.FS
		}
		id, err := device.ReadIdentity(fs, d.Path)
		if err != nil {
			continue // the device is opened later, and that error told then
		}
		if store != "" && store != id.Store {
			return "", fmt.Errorf("%w: its devices belong to the stores %q and %q", ErrForeign, store, id.Store)
		}
		store = id.Store
	}
	return store, nil
}

func mounted(fs vfs.FS, path string) bool {
	_, err := device.ReadIdentity(fs, path)
	return err == nil
}

// MirrorDir is the folder, on another disk than the data folder, with the second
// copy of the index, or "".
func (e *Engine) MirrorDir() string { return e.mirrorDir }

// prepareIndex finds the copies of the index, locks them, and reads the store's
// id; the result opens the index.
func (e *Engine) prepareIndex(dir string) (meta.Options, error) {
	o := e.opts.Index
	o.FS, o.Logger, o.Fatal = e.opts.FS, e.log, e.reportSealed
	_, err := readIdentity(e.opts.FS, dir)
	fresh, owner := isNotExist(err), ""
	m, err := e.opts.findMirror(dir, fresh)
	if err == nil && fresh {
		owner, err = e.opts.owner()
	}
	if err == nil && fresh && owner == "" {
		// needletail.json alone is lost: the folder's own device.json has the id.
		if id, unknown := device.ReadIdentity(e.opts.FS, dir); unknown == nil && id.Index == 0 {
			owner = id.Store
		}
	}
	if err != nil {
		return o, err
	}
	if err := e.lockMirror(m); err != nil {
		return o, err
	}
	if e.id, err = identifyBoth(e.opts.FS, dir, m, owner); err != nil {
		return o, err
	}
	if err := e.readNotes(dir, m, fresh); err != nil {
		return o, err
	}
	if m.exists() {
		e.mirrorDir = m.dir
		o.Mirror = &meta.Mirror{FS: m.fs, Dir: m.fs.PathJoin(m.dir, indexName), HangLimit: e.opts.IndexHangLimit}
	}
	return o, nil
}

// lockMirror keeps other processes from the second copy.
func (e *Engine) lockMirror(m mirror) (err error) {
	if !m.exists() {
		return nil
	}
	if e.mirrorLock, err = lockFolder(m.fs, m.dir); err != nil && errors.Is(err, ErrLocked) {
		return err
	}
	if err != nil {
		e.log.Error("the device of the index's second copy cannot be written", "dir", m.dir, "err", err)
		e.mirrorLock = nil
	}
	return nil
}

// identifyBoth reads the store's id from the data folder and from the second
// copy, and writes it where it is missing: either disk may have been replaced.
// A new data folder takes the id of owner, whose devices are there, if that is
// not "".
func identifyBoth(fs vfs.FS, dir string, m mirror, owner string) (string, error) {
	if !m.exists() {
		return identify(fs, dir, owner)
	}
	first, err := readIdentity(fs, dir)
	if err != nil && !isNotExist(err) {
		return "", err
	}
	second, errSecond := readIdentity(m.fs, m.dir)
	switch {
	case errSecond == nil && first == "":
		return second, writeIdentity(fs, dir, second)
	case errSecond == nil && first != second:
		return "", fmt.Errorf("%w: %s is of the store %q, the folder of %q", ErrForeign, m.dir, second, first)
	case errSecond == nil:
		return first, nil
	}
	if first == "" {
		if !isNotExist(errSecond) {
			return "", fmt.Errorf("the data folder is new, and the second copy may hold a store: %w", errSecond)
		}
		if first, err = createIdentity(fs, dir, owner); err != nil {
			return "", err
		}
	}
	if isNotExist(errSecond) {
		// A disk that cannot be written is no reason not to serve.
		_ = writeIdentity(m.fs, m.dir, first)
	}
	return first, nil
}

// mirrorLoop makes a copy of the index that is lost anew, as long as it takes.
func (e *Engine) mirrorLoop(ctx context.Context) {
	for ctx.Err() == nil && e.db.Copies().Configured {
		if err := e.fillMirror(ctx); errors.Is(err, meta.ErrFillLater) {
			return // after a restart: the log has said so
		} else if err != nil && ctx.Err() == nil {
			e.log.Error("the lost copy of the index was not filled, and is tried again", "err", err)
		}
		t := time.NewTimer(e.opts.IndexFillEvery)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// fillMirror makes a lost copy anew, if one is, and logs how far it is.
func (e *Engine) fillMirror(ctx context.Context) error {
	begin, told := time.Now(), time.Now()
	return e.db.Fill(ctx, func(keys, bytes int64) {
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			e.log.Info("filling a copy of the index", "keys", keys, "bytes", bytes, "since", told.Sub(begin).Round(time.Second))
		}
	})
}
