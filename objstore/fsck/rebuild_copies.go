// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"

	"needletail/objstore/twin"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/durable"
	"needletail/objstore/meta"
)

// oldCopy is a copy of the index that can be opened.
type oldCopy struct {
	meta.Mirror
	age twin.Age
}

// findCopies returns the copies of the index that can be opened, the newest
// first.
func (r *rebuild) findCopies(o meta.Options) (found []oldCopy) {
	all := []meta.Mirror{{FS: o.FS, Dir: r.path(datafolder.IndexName)}}
	if o.Mirror != nil {
		all = append(all, *o.Mirror)
	}
	for _, m := range all {
		age, err := meta.PeekAge(m.FS, m.Dir)
		r.newest = max(r.newest, age.Generation) // the new index must be newer than all copies
		if err == nil {
			err = unused(m)
		}
		if err != nil {
			r.skip(m.Dir, err)
			r.unsure = r.unsure || !errors.Is(err, iofs.ErrNotExist)
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

// unused returns an error that matches fs.ErrNotExist for an index without a
// store and without objects. A start leaves an empty index if the start finds
// the index of the store lost, and stops.
func unused(m meta.Mirror) error {
	db, err := meta.OpenReadOnly(m.FS, m.Dir)
	if err != nil {
		return nil // copying the index returns the error
	}
	id, err := db.StoreID()
	errUsed := errors.New("an object")
	if err == nil && id == "" {
		err = db.Objects(func(objstore.ObjectID, meta.ObjectRow) error { return errUsed })
		if err == nil {
			err = fmt.Errorf("it has no store and no object: %w", iofs.ErrNotExist)
		}
	}
	if cerr := db.Close(); errors.Is(err, iofs.ErrNotExist) {
		return errors.Join(err, cerr)
	}
	return nil
}

// skip notes in the report why a copy was not taken.
func (r *rebuild) skip(dir string, err error) {
	r.out.Skipped = append(r.out.Skipped, fmt.Sprintf("%s: %v", dir, err))
}

// takeCopy copies the newest whole copy of the index. Without a whole copy
// takeCopy copies the readable part of the newest copy. A copy that is older
// than the newest copy is not whole.
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
			copied, err := meta.CopyIndex(ctx, c.FS, c.Dir, r.folder.FS, r.path(rebuildName), all, func(keys, _ int64) {
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

// lacks returns an error if a copy has lost a part of the manifest or
// acknowledged commits of a log. A copy whose log ends in a torn write is whole,
// but may not be the newest.
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
