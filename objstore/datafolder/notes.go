// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"errors"
	"slices"
	"strings"
)

// Notes are the names of parts of the data folder that were made. The file
// needletail.json of the data folder and of the second copy hold the notes. A
// part that is noted and not there is lost, and a start refuses to make the part
// anew. A folder of an earlier version has no notes; each start notes the parts
// that are there.
const (
	// IndexNote is the note of the index.
	IndexNote = "index"
	// ringNotes begins the notes of rings. Rings have no second copy: with a lost
	// data folder the rings are made anew.
	ringNotes = "ring/"
)

// RingNote returns the note of a ring with the name that RingFile gave.
func RingNote(file string) string { return ringNotes + file }

// readNotes collects the notes of the data folder and of the second copy. fresh
// means that the data folder is new.
func (h *Held) readNotes(fresh bool) error {
	first, err := readIdentity(h.FS, h.Dir)
	if err != nil {
		return err
	}
	h.notes = first.Parts
	m := h.second
	if !m.Exists() {
		return nil
	}
	second, err := readIdentity(m.FS, m.Dir)
	if errors.Is(err, ErrForeign) {
		h.Logger.Error("needletail.json of the second copy is damaged, and is written anew", "dir", m.Dir, "err", err)
		return writeIdentity(m.FS, m.Dir, identity{Format: first.Format, ID: first.ID, Parts: first.Parts})
	}
	if err != nil {
		// The disk is away, or a newer program wrote the file. The store can serve;
		// the opening of the device logs the cause.
		h.Logger.Error("the second copy does not say what was made", "dir", m.Dir, "err", err)
		return nil
	}
	for _, part := range second.Parts {
		if !h.Noted(part) && !(fresh && strings.HasPrefix(part, ringNotes)) {
			h.notes = append(h.notes, part)
		}
	}
	return nil
}

// Noted says whether a part of the data folder was made before.
func (h *Held) Noted(part string) bool { return slices.Contains(h.notes, part) }

// Note notes, durably, that parts of the data folder were made. Note is called
// before the store serves, by one goroutine at a time.
func (h *Held) Note(parts ...string) error {
	missing := slices.DeleteFunc(slices.Clone(parts), h.Noted)
	if len(missing) == 0 {
		return nil
	}
	return h.writeNotes(append(slices.Clone(h.notes), missing...))
}

// Forget takes notes away, durably: the next start may make the parts anew.
func (h *Held) Forget(parts ...string) error {
	return h.writeNotes(slices.DeleteFunc(slices.Clone(h.notes), func(p string) bool { return slices.Contains(parts, p) }))
}

func (h *Held) writeNotes(parts []string) error {
	slices.Sort(parts)
	id := identity{Format: formatVersion, ID: h.id, Parts: parts}
	err := writeIdentity(h.FS, h.Dir, id)
	if err == nil {
		h.notes = parts
	}
	if m := h.second; m.Exists() {
		if second := writeIdentity(m.FS, m.Dir, id); second != nil {
			h.Logger.Warn("the second copy does not know what the data folder holds", "dir", m.Dir, "err", second)
		}
	}
	return err
}
