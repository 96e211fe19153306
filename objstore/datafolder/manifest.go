// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"errors"
	"fmt"
	"slices"

	"needletail/objstore/durable"
	"needletail/objstore/meta"
)

// CheckManifests reads the manifests of all copies of the index before Pebble
// opens a copy: with a damaged manifest Pebble would lose tables. A damaged copy
// is set aside (durable.SetAside) if another copy is whole, and is made anew
// later. ErrIndex: no copy is whole, or the index was made and is not there.
func (h *Held) CheckManifests() error {
	copies := h.IndexCopies(h.second)
	whole := 0
	damage := make([]error, len(copies))
	for i, c := range copies {
		err := durable.CheckManifest(c.FS, c.Dir)
		if errors.Is(err, durable.ErrDamaged) { // opening the copy returns any other error
			damage[i] = err
		} else if err == nil && isMade(c) {
			whole++
		}
	}
	if h.Noted(IndexNote) && errors.Join(damage...) == nil && !slices.ContainsFunc(copies, mayBeThere) {
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
		h.Logger.Error("a copy of the index is damaged, and is made anew from the other", "dir", c.Dir, "kept", kept, "err", damage[i])
	}
	return nil
}

// mayBeThere says whether a copy has a manifest. An unreadable folder counts as
// yes.
func mayBeThere(c meta.Mirror) bool {
	_, err := meta.PeekAge(c.FS, c.Dir)
	return !isNotExist(err)
}

// isMade says whether a copy can be read and has a manifest.
func isMade(c meta.Mirror) bool {
	_, err := meta.PeekAge(c.FS, c.Dir)
	return err == nil
}

// OpenReadOnly opens the index in the data folder of a store that no process has
// open. ErrIndex: a part of the index cannot be read.
func (f *Folder) OpenReadOnly() (*meta.ReadOnly, error) {
	path := f.Path(IndexName)
	if err := durable.CheckManifest(f.FS, path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIndex, err)
	}
	db, err := meta.OpenReadOnly(f.FS, path)
	if err != nil {
		return nil, IndexError(err)
	}
	return db, nil
}
