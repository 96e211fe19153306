package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"strconv"
	"time"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/durable"
	"needletail/objstore/meta"
	"needletail/objstore/replacefile"
)

// Rebuilding makes the index anew beside the old one:
//
//	DATA/index.new       what is being made
//	DATA/index.new.sort  rows found in data files, brought into order
//	DATA/index.old.N     the index that was replaced; the operator removes it
//
// A run that is cut off leaves the old index, and the next one begins anew.
const (
	rebuildName = "index.new"
	sortName    = "index.new.sort"
	oldName     = "index.old."
	oldMax      = 1000
)

// RebuildFrom says what an index is made of.
type RebuildFrom int

const (
	// RebuildAuto takes an intact copy of the index if there is one, the newest
	// first, else RebuildRemains.
	RebuildAuto RebuildFrom = iota
	// RebuildRemains takes what can be read of the newest copy, and the rest
	// from the data files.
	RebuildRemains
	// RebuildFiles takes the data files alone.
	RebuildFiles
)

// RebuildOptions are the settings of Rebuild.
type RebuildOptions struct {
	From RebuildFrom
	// DryRun leaves everything as it is, and reports what would have been done.
	DryRun bool
	// Progress is called now and then. Optional.
	Progress func(RebuildProgress)
	// Restored is called for each object that was restored from data files.
	// Optional.
	Restored func(o objstore.ObjectID, sizeBytes int64)
}

// RebuildProgress says how far a rebuild is.
type RebuildProgress struct {
	Step     string  // what is done
	Fraction float64 // of the step, 0 to 1, or -1: not known
	Done     int64   // files or rows of the step
}

// RebuildReport is what a rebuild did.
type RebuildReport struct {
	Source  string   // the folder of the copy that was taken; "" for data files alone
	Exact   bool     // it is that copy, with all that it held
	Skipped []string // copies that were not taken, and why

	Copied meta.Copied // of the copy
	// What the data files gave. Damaged files were moved to quarantine; unnamed
	// ones are older or unfinished, and go there at the next start.
	Files, Damaged, Unnamed int64
	DamagedFiles            []string // the first of them
	Restored                int64    // objects
	Incomplete              int64    // restored objects with fewer slots than give the body
	Containers, Accounts    int64    // made anew: their metadata is lost
	MadeContainers          []string // the first of them
	LostInline              int64    // rows whose small body is lost: dropped
	// What the index holds now.
	Recounted Recounted
	Replaced  string // where the old index is
	Took      time.Duration
}

// rebuildNamesMax bounds each list of names in a report.
const rebuildNamesMax = 1000

// rebuild is one running Rebuild.
type rebuild struct {
	opts    Options
	ro      RebuildOptions
	dir     string
	devices []rebuildDevice
	out     RebuildReport
	id      string
	db      *meta.DB
	newest  uint64 // generation of the copies
	// unsure says that a copy was damaged, which may have been the newest.
	unsure bool
}

type rebuildDevice struct {
	index device.Index
	dev   *device.Device
}

// Rebuild makes the index of the store in dir anew. The store must not be in
// use: ErrLocked. It never deletes a data file. All devices must be there.
func Rebuild(ctx context.Context, dir string, o Options, ro RebuildOptions) (RebuildReport, error) {
	o.EnsureDefaults()
	if ro.Progress == nil {
		ro.Progress = func(RebuildProgress) {}
	}
	if ro.Restored == nil {
		ro.Restored = func(objstore.ObjectID, int64) {}
	}
	r := &rebuild{opts: o, ro: ro, dir: dir}
	begin := time.Now()
	e := &Engine{opts: o, log: o.Logger}
	err := o.Validate()
	if err == nil {
		err = storeIsThere(&o, dir)
	}
	if err == nil {
		e.lock, err = lockFolder(o.FS, dir)
	}
	if err == nil {
		err = r.run(ctx, e)
	}
	for _, l := range []io.Closer{e.mirrorLock, e.lock} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	r.out.Took = time.Since(begin)
	return r.out, onFolder("rebuild index", dir, err)
}

// storeIsThere gives an error unless there is something to repair: a folder that
// says whose it is, or devices.
func storeIsThere(o *Options, dir string) error {
	if _, err := readIdentity(o.FS, dir); !isNotExist(err) || len(o.Devices) > 0 {
		return nil // what is wrong with the file is told later
	}
	_, err := device.ReadIdentity(o.FS, dir)
	if errors.Is(err, device.ErrUnformatted) {
		return fmt.Errorf("no store is there: %w", iofs.ErrNotExist)
	}
	return nil
}

// onFolder is an error of an operation on a store that is not open, or nil. One
// without a kind is most often the operator's, a folder that is not there, and
// not an internal one.
func onFolder(op, dir string, err error) error {
	if err == nil {
		return nil
	}
	kind := kindOf(err)
	if kind == objstore.KindInternal {
		return fmt.Errorf("%s %s: %w", op, dir, err)
	}
	return &objstore.Error{Kind: kind, Op: op, Name: dir, Err: err}
}

func (r *rebuild) run(ctx context.Context, e *Engine) error {
	index, err := e.prepareIndex(r.dir)
	if err != nil {
		return err
	}
	r.id = e.id
	if err := r.openDevices(); err != nil {
		return err
	}
	if err := r.make(ctx, index); err != nil {
		return errors.Join(err, r.clear())
	}
	if r.ro.DryRun {
		return r.clear()
	}
	return r.replace()
}

// clear removes what a rebuild has made.
func (r *rebuild) clear() error {
	fs := r.opts.FS
	return errors.Join(fs.RemoveAll(r.path(rebuildName)), fs.RemoveAll(r.path(sortName)))
}

func (r *rebuild) path(name string) string { return r.opts.FS.PathJoin(r.dir, name) }

// openDevices opens all disks that hold data files. One that is missing ends
// the rebuild: no row of the new index would name its files.
func (r *rebuild) openDevices() error {
	o := &r.opts
	alone := device.Options{}
	own := false
	for i := range o.Devices {
		d := &o.Devices[i]
		fs := d.FS
		if fs == nil {
			fs = o.FS
		}
		id, err := device.ReadIdentity(fs, d.Path)
		if err == nil && id.Store != r.id {
			err = device.ErrForeign
		}
		if err != nil {
			return fmt.Errorf("device %s: %w; a rebuild needs all devices", d.Path, err)
		}
		dev, err := device.Open(fs, d.Path, alone)
		if err != nil {
			return err
		}
		r.devices = append(r.devices, rebuildDevice{id.Index, dev})
		own = own || id.Index == 0
	}
	if own {
		return nil
	}
	dev, err := device.Open(o.FS, r.dir, alone)
	r.devices = append(r.devices, rebuildDevice{0, dev})
	return err
}

// make builds index.new.
func (r *rebuild) make(ctx context.Context, o meta.Options) error {
	if err := r.takeCopy(ctx, o); err != nil {
		return err
	}
	if r.out.Exact && !r.unsure {
		return r.recount(ctx) // it stays in step with the copy that it was made of
	}
	o.Mirror = nil
	var err error
	if r.db, err = meta.Open(r.path(rebuildName), o); err != nil {
		return err
	}
	err = r.restore(ctx)
	if err == nil {
		err = r.db.Barrier()
	}
	if err = errors.Join(err, r.db.Close(false)); err != nil {
		return err
	}
	return r.recount(ctx)
}

func (r *rebuild) recount(ctx context.Context) error {
	r.step("checking the new index", -1, 0)
	db, err := meta.OpenReadOnly(r.opts.FS, r.path(rebuildName))
	if err != nil {
		return err
	}
	c := &recount{ctx: ctx, view: db.View}
	err = c.run()
	r.out.Recounted = c.out
	return errors.Join(err, db.Close())
}

// oldCopy is a copy of the index that can be opened.
type oldCopy struct {
	meta.Mirror
	age meta.Age
}

// findCopies lists the copies of the index that can be opened, the newest first.
func (r *rebuild) findCopies(o meta.Options) (found []oldCopy) {
	all := []meta.Mirror{{FS: o.FS, Dir: r.path(indexName)}}
	if o.Mirror != nil {
		all = append(all, *o.Mirror)
	}
	for _, m := range all {
		age, err := meta.PeekAge(m.FS, m.Dir)
		r.newest = max(r.newest, age.Generation) // the new index must win against all of them
		if err == nil {
			err = unused(m)
		}
		if err != nil {
			r.skip(m.Dir, err)
			r.unsure = r.unsure || !isNotExist(err)
			continue
		}
		found = append(found, oldCopy{m, age})
	}
	slices.SortStableFunc(found, func(a, b oldCopy) int {
		switch {
		case b.age.Less(a.age):
			return -1
		case a.age.Less(b.age):
			return 1
		}
		return 0
	})
	return found
}

// unused gives an error that matches fs.ErrNotExist for an index that a start
// made which then found that the store's own is lost: it is no copy of it.
func unused(m meta.Mirror) error {
	db, err := meta.OpenReadOnly(m.FS, m.Dir)
	if err != nil {
		return nil // whoever copies it will see
	}
	id, err := db.StoreID()
	errUsed := errors.New("an object")
	if err == nil && id == "" {
		err = db.Objects(func(objstore.ObjectID, meta.ObjectRow) error { return errUsed })
		if err == nil {
			err = fmt.Errorf("it has no store and no object: %w", iofs.ErrNotExist)
		}
	}
	if cerr := db.Close(); isNotExist(err) {
		return errors.Join(err, cerr)
	}
	return nil
}

func (r *rebuild) skip(dir string, err error) {
	r.out.Skipped = append(r.out.Skipped, fmt.Sprintf("%s: %v", dir, err))
}

// takeCopy copies the newest copy of the index that is whole, or what is left
// of the newest that is not. One that lacks what another one has is not whole.
func (r *rebuild) takeCopy(ctx context.Context, o meta.Options) error {
	if err := r.clear(); err != nil {
		return err
	}
	found := r.findCopies(o)
	if r.ro.From == RebuildFiles {
		return nil
	}
	for _, all := range []bool{true, false} {
		for _, c := range found {
			if all && (r.ro.From == RebuildRemains || c.age != found[0].age) {
				continue
			}
			if err := r.lacks(c); all && err != nil {
				r.skip(c.Dir, err)
				r.unsure = true
				continue
			}
			copied, err := meta.CopyIndex(ctx, c.FS, c.Dir, r.opts.FS, r.path(rebuildName), all, func(keys, _ int64) {
				r.step("copying "+c.Dir, -1, keys)
			})
			if err == nil {
				r.out.Source, r.out.Exact, r.out.Copied = c.Dir, all, copied
				return nil
			}
			if err := errors.Join(ctx.Err(), r.clear()); err != nil {
				return err
			}
			r.skip(c.Dir, err)
			r.unsure = true
		}
	}
	return nil
}

// lacks says what a copy that can be opened has lost: the rest of its manifest,
// or acknowledged commits of a log. A log whose end a crash cut off is whole, but
// may not be the newest.
func (r *rebuild) lacks(c oldCopy) error {
	if err := durable.CheckManifest(c.FS, c.Dir); err != nil {
		return err
	}
	db, err := meta.OpenReadOnly(c.FS, c.Dir)
	if err != nil {
		return err
	}
	tail := db.Tail()
	r.unsure = r.unsure || tail.DroppedBytes > 0
	err = db.Close()
	if tail.Acknowledged {
		err = errors.Join(fmt.Errorf("%w: %v", durable.ErrDamaged, tail), err)
	}
	return err
}

func (r *rebuild) step(name string, fraction float64, done int64) {
	r.ro.Progress(RebuildProgress{name, fraction, done})
}

// replace puts the new index in the place of the old one, which is kept.
func (r *rebuild) replace() error {
	fs := r.opts.FS
	if _, err := fs.Stat(r.path(indexName)); err == nil {
		if r.out.Replaced, err = r.oldPath(); err != nil {
			return err
		}
		if err := fs.Rename(r.path(indexName), r.out.Replaced); err != nil {
			return err
		}
	} else if !isNotExist(err) {
		return err
	}
	if err := fs.Rename(r.path(rebuildName), r.path(indexName)); err != nil {
		return err
	}
	return replacefile.SyncFolder(fs, r.dir)
}

func (r *rebuild) oldPath() (string, error) {
	for i := range oldMax {
		path := r.path(oldName + strconv.Itoa(i))
		if _, err := r.opts.FS.Stat(path); isNotExist(err) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%d replaced indexes are there: remove some", oldMax)
}
