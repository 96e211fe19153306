package engine

import (
	"errors"
	"slices"
	"strings"
)

// Notes are names of parts of the data folder that were made: DATA/needletail.json
// and the second copy hold them. A part that is noted and not there is lost, and
// a start refuses to make it anew. A folder of an earlier version has no notes;
// its parts are noted as they are found.

// ringNote begins the notes of rings, which have no second copy: with a lost
// data folder they are made anew.
const ringNote = "ring/"

// readNotes collects the notes of both copies; fresh says that the data folder
// is new.
func (e *Engine) readNotes(dir string, m mirror, fresh bool) error {
	first, err := readIdentityFile(e.opts.FS, dir)
	if err != nil {
		return err
	}
	e.dir, e.notes = dir, first.Parts
	if !m.exists() {
		return nil
	}
	e.noteMirror = m
	second, err := readIdentityFile(m.fs, m.dir)
	if errors.Is(err, ErrForeign) {
		e.log.Error("needletail.json of the second copy is damaged, and is written anew", "dir", m.dir, "err", err)
		return writeIdentityFile(m.fs, m.dir, first)
	}
	if err != nil {
		// The disk may be away, which is told by others, or newer.
		e.log.Error("the second copy does not say what was made", "dir", m.dir, "err", err)
		return nil
	}
	for _, part := range second.Parts {
		if !e.Noted(part) && !(fresh && strings.HasPrefix(part, ringNote)) {
			e.notes = append(e.notes, part)
		}
	}
	return nil
}

// Noted says that a part of the data folder was made before.
func (e *Engine) Noted(part string) bool { return slices.Contains(e.notes, part) }

// Note notes, durably, that parts of the data folder were made. It is for the
// time before the store serves.
func (e *Engine) Note(parts ...string) error {
	missing := slices.DeleteFunc(slices.Clone(parts), e.Noted)
	if len(missing) == 0 {
		return nil
	}
	return e.writeNotes(append(slices.Clone(e.notes), missing...))
}

// Forget takes notes away: the parts may be made anew.
func (e *Engine) Forget(parts ...string) error {
	return e.writeNotes(slices.DeleteFunc(slices.Clone(e.notes), func(p string) bool { return slices.Contains(parts, p) }))
}

func (e *Engine) writeNotes(parts []string) error {
	slices.Sort(parts)
	id := identity{Format: formatVersion, ID: e.id, Parts: parts}
	err := writeIdentityFile(e.opts.FS, e.dir, id)
	if err == nil {
		e.notes = parts
	}
	if m := e.noteMirror; m.exists() {
		if second := writeIdentityFile(m.fs, m.dir, id); second != nil {
			e.log.Warn("the second copy does not know what the data folder holds", "dir", m.dir, "err", second)
		}
	}
	return err
}
