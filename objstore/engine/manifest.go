package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
	"needletail/objstore/meta"
)

// checkManifests looks at the copies of the index before they are opened: one
// with a damaged manifest would lose tables. If the other copy is whole, the
// damaged one is set aside (durable.SetAside) and made anew from it; else the
// start is refused with ErrIndex.
func (e *Engine) checkManifests(dir string, o meta.Options) error {
	copies := []meta.Mirror{{FS: e.opts.FS, Dir: e.opts.FS.PathJoin(dir, indexName)}}
	if o.Mirror != nil {
		copies = append(copies, *o.Mirror)
	}
	whole := 0
	damage := make([]error, len(copies))
	for i, c := range copies {
		err := durable.CheckManifest(c.FS, c.Dir)
		if errors.Is(err, durable.ErrDamaged) { // what else is wrong is told by the opening
			damage[i] = err
		} else if err == nil && madeIndex(c) {
			whole++
		}
	}
	if e.Noted(indexNote) && errors.Join(damage...) == nil && !slices.ContainsFunc(copies, thereIndex) {
		return fmt.Errorf("%w: %w: %s is not there", ErrForeign, ErrIndex, copies[0].Dir)
	}
	for i, c := range copies {
		if damage[i] == nil {
			continue
		}
		if whole == 0 {
			return fmt.Errorf("%w: %w", ErrIndex, damage[i])
		}
		kept, err := durable.SetAside(c.FS, c.Dir)
		if err != nil {
			return err
		}
		e.log.Error("a copy of the index is damaged, and is made anew from the other", "dir", c.Dir, "kept", kept, "err", damage[i])
	}
	return nil
}

// indexNote says that the index was made.
const indexNote = "index"

// thereIndex says that a copy has a manifest, or that nobody can tell.
func thereIndex(c meta.Mirror) bool {
	_, err := meta.PeekAge(c.FS, c.Dir)
	return !isNotExist(err)
}

// madeIndex says that a copy is there.
func madeIndex(c meta.Mirror) bool {
	_, err := meta.PeekAge(c.FS, c.Dir)
	return err == nil
}

// openReadOnly opens the index of a store that is not open, if all of it can be
// read.
func openReadOnly(fs vfs.FS, dir string) (*meta.ReadOnly, error) {
	path := fs.PathJoin(dir, indexName)
	if err := durable.CheckManifest(fs, path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIndex, err)
	}
	db, err := meta.OpenReadOnly(fs, path)
	if err != nil {
		return nil, indexError(err)
	}
	return db, nil
}
