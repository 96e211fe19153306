// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/meta"
	"needletail/objstore/replacefile"
)

// Rebuilding makes the index anew beside the old index:
//
//	DATA/index.new       the index that is being made
//	DATA/index.new.sort  rows from data files, for sorting
//	DATA/index.old.N     the replaced index; the operator removes the folder
//
// A run that is cut off leaves the old index, and the next run begins anew.
const (
	rebuildName = "index.new"
	sortName    = "index.new.sort"
	oldName     = "index.old."
	oldMax      = 1000
)

// RebuildFrom says from which sources an index is made.
type RebuildFrom int

const (
	// RebuildAuto takes the newest intact copy of the index. Without an intact
	// copy RebuildAuto is RebuildRemains.
	RebuildAuto RebuildFrom = iota
	// RebuildRemains takes the readable part of the newest copy, and the rest
	// from the data files.
	RebuildRemains
	// RebuildFiles takes only the data files.
	RebuildFiles
)

// RebuildOptions are the settings of Rebuild.
type RebuildOptions struct {
	From RebuildFrom
	// DryRun changes nothing, and reports what a real run would do.
	DryRun bool
	// Progress is called now and then. Optional.
	Progress func(Progress)
	// Restored is called for each object that was restored from data files.
	// Optional.
	Restored func(o objstore.ObjectID, sizeBytes int64)
}

// Progress is the progress of a check or of a repair.
type Progress struct {
	Step     string  // name of the step
	Fraction float64 // of the step, 0 to 1; -1: not known
	Done     int64   // files or rows of the step
}

// RebuildReport is the result of a rebuild.
type RebuildReport struct {
	Source  string   // the folder of the copy; "": data files alone
	Exact   bool     // all rows of the copy were taken
	Skipped []string // copies passed over, with the cause

	Copied meta.Copied // of the copy
	// Files counts the data files. Damaged files were moved to quarantine.
	// Unnamed files are older or incomplete; the next start moves the files to
	// quarantine.
	Files, Damaged, Unnamed int64
	DamagedFiles            []string // the first damaged files, with the cause
	Restored                int64    // objects
	Incomplete              int64    // restored objects with too few slots to read the body
	Containers, Accounts    int64    // made anew: their metadata is lost
	MadeContainers          []string // the first of Containers
	LostInline              int64    // dropped rows without an inline body
	// Recounted is the content of the new index.
	Recounted Recounted
	Replaced  string // where the old index is
	Took      time.Duration
}

// rebuildNamesMax bounds each list of names in a report.
const rebuildNamesMax = 1000

// rebuild is one running Rebuild.
type rebuild struct {
	folder  datafolder.Folder
	ro      RebuildOptions
	devices []Disk
	out     RebuildReport
	id      string
	db      *meta.DB
	newest  uint64 // generation of the copies
	// unsure is set if a damaged copy may have been the newest copy.
	unsure bool
}

// Rebuild makes the index of a store anew. No process may have the store open:
// ErrLocked. All devices must be there. Rebuild never deletes a data file.
func Rebuild(ctx context.Context, f datafolder.Folder, ro RebuildOptions) (RebuildReport, error) {
	if ro.Progress == nil {
		ro.Progress = func(Progress) {}
	}
	if ro.Restored == nil {
		ro.Restored = func(objstore.ObjectID, int64) {}
	}
	r := &rebuild{folder: f, ro: ro}
	begin := time.Now()
	err := f.Policies.Validate()
	if err == nil {
		err = f.Exists()
	}
	if err == nil {
		err = r.lockAndRun(ctx)
	}
	r.out.Took = time.Since(begin)
	return r.out, datafolder.OpError("rebuild index", f.Dir, err)
}

// lockAndRun runs the rebuild while the folder is locked.
func (r *rebuild) lockAndRun(ctx context.Context) error {
	h, err := r.folder.Lock()
	if err != nil {
		return err
	}
	return errors.Join(r.run(ctx, h), h.Close())
}

// run finds the copies and the devices, builds the new index, and puts the new
// index in place. After an error, and in a dry run, the folders of the rebuild
// are removed.
func (r *rebuild) run(ctx context.Context, h *datafolder.Held) error {
	index, err := h.Identify()
	if err != nil {
		return err
	}
	index.Fatal = sealedLog(r.folder.Logger)
	r.id = h.ID()
	if r.devices, err = openDisks(&r.folder, r.id); err != nil {
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

// sealedLog returns a function that logs the first error after which the index
// takes no more writes.
func sealedLog(log *slog.Logger) func(error) {
	var once sync.Once
	return func(err error) {
		once.Do(func() {
			log.Error("a write failed for good; no more are taken until the store is opened again", "err", err)
		})
	}
}

// clear removes the folders of a rebuild.
func (r *rebuild) clear() error {
	fs := r.folder.FS
	return errors.Join(fs.RemoveAll(r.path(rebuildName)), fs.RemoveAll(r.path(sortName)))
}

func (r *rebuild) path(name string) string { return r.folder.Path(name) }

// make builds index.new.
func (r *rebuild) make(ctx context.Context, o meta.Options) error {
	if err := r.takeCopy(ctx, o); err != nil {
		return err
	}
	if r.out.Exact && !r.unsure {
		return r.recount(ctx) // the new index stays in step with the source
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

// recount adds up the new index, and notes the sums and the contradictions in
// the report.
func (r *rebuild) recount(ctx context.Context) error {
	r.step("checking the new index", -1, 0)
	db, err := meta.OpenReadOnly(r.folder.FS, r.path(rebuildName))
	if err != nil {
		return err
	}
	r.out.Recounted, err = Recount(ctx, db.View)
	return errors.Join(err, db.Close())
}

// step reports the progress of a step.
func (r *rebuild) step(name string, fraction float64, done int64) {
	r.ro.Progress(Progress{name, fraction, done})
}

// replace renames the old index, and puts the new index in the place of the old
// index.
func (r *rebuild) replace() error {
	fs := r.folder.FS
	if _, err := fs.Stat(r.path(datafolder.IndexName)); err == nil {
		if r.out.Replaced, err = r.oldPath(); err != nil {
			return err
		}
		if err := fs.Rename(r.path(datafolder.IndexName), r.out.Replaced); err != nil {
			return err
		}
	} else if !errors.Is(err, iofs.ErrNotExist) {
		return err
	}
	if err := fs.Rename(r.path(rebuildName), r.path(datafolder.IndexName)); err != nil {
		return err
	}
	return replacefile.SyncFolder(fs, r.folder.Dir)
}

// oldPath returns a free name for the replaced index. An old index is never
// overwritten.
func (r *rebuild) oldPath() (string, error) {
	for i := range oldMax {
		path := r.path(oldName + strconv.Itoa(i))
		if _, err := r.folder.FS.Stat(path); errors.Is(err, iofs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%d replaced indexes are there: remove some", oldMax)
}
