// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"errors"
	iofs "io/fs"

	"needletail/objstore/datafolder"
)

// NewRings moves the rings of a store aside, as FILE.old, and returns their
// paths. The next start makes the rings anew, which moves most bodies. No
// process may have the store open: ErrLocked.
func NewRings(f datafolder.Folder) (moved []string, err error) {
	var h *datafolder.Held
	if err = f.Exists(); err == nil {
		h, err = f.Lock()
	}
	if err == nil {
		moved, err = newRings(h)
		err = errors.Join(err, h.Close())
	}
	return moved, datafolder.OpError("make rings anew", f.Dir, err)
}

// newRings renames the rings of the configured policies, and takes the notes of
// the rings away.
func newRings(h *datafolder.Held) (moved []string, err error) {
	if _, err := h.ReadID(); err != nil {
		return nil, err
	}
	if _, err := h.Identify(); err != nil {
		return nil, err
	}
	var notes []string
	for _, p := range h.Policies {
		name := datafolder.RingFile(p.Index)
		path := h.Path(datafolder.RingName, name)
		err := h.FS.Rename(path, path+".old")
		if err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return moved, err
		}
		if err == nil {
			moved = append(moved, path)
		}
		notes = append(notes, datafolder.RingNote(name))
	}
	return moved, h.Forget(notes...)
}
