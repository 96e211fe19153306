package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
	"needletail/objstore/oserror"
)

// tx is one change: a batch for the store and what to do to memory after it.
type tx struct {
	batch *pebble.Batch
	apply []func()
	grows int64 // bytes of rows that are new or long
	err   error
}

// updateMaxBytes is the length up to which a row that replaces another one does
// not count as growth: a user is disabled, and a password changed, on a full disk
// too.
const updateMaxBytes = 4096

// update runs fn, which may read the tables freely, and commits what it put and
// deleted: durable first, then visible.
func (s *Service) update(fn func(*tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed != nil {
		return &Error{Kind: KindUnavailable, Op: "write", Err: s.failed}
	}
	t := &tx{batch: s.db.DB.NewBatch()}
	defer t.batch.Close()
	if err := fn(t); err != nil {
		return err
	}
	if t.err != nil {
		return &Error{Op: "write", Err: t.err}
	}
	if t.batch.Count() == 0 {
		return nil
	}
	if err := s.reserve(t.grows); err != nil {
		return &Error{Kind: KindNoSpace, Op: "write", Err: err}
	}
	if err := s.commit(t.batch); err != nil {
		return s.writeError(err)
	}
	s.mu.Lock()
	for _, f := range t.apply {
		f()
	}
	s.generation.Add(1)
	s.mu.Unlock()
	return nil
}

// KeepReserve has changes that make the store grow refused with KindNoSpace when
// room gives an error for so many bytes. Those that remove, or end tokens, go on,
// as does what was done before: a first start needs little.
func (s *Service) KeepReserve(room func(bytes int64) error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.room = room
}

// reserve says whether the disk takes so many bytes more.
func (s *Service) reserve(bytes int64) error {
	if bytes == 0 || s.room == nil {
		return nil
	}
	return s.room(bytes)
}

// writeError is the error of a commit. Unless the commit was refused before it
// began, nobody knows whether it took effect, and no more are taken.
func (s *Service) writeError(err error) error {
	if !errors.Is(err, durable.ErrBehind) || errors.Is(err, durable.ErrSealed) {
		s.failed = fmt.Errorf("an earlier write failed: %w", err)
	} else if oserror.NoSpace(err) {
		return &Error{Kind: KindNoSpace, Op: "write", Err: err}
	}
	return &Error{Kind: KindUnavailable, Op: "write", Err: err}
}

func put[T any](t *tx, tab *table[T], id string, row *T) {
	value, err := json.Marshal(row)
	if err == nil {
		err = t.batch.Set(tab.storeKey(id), append([]byte{rowVersion}, value...), nil)
	}
	if err != nil && t.err == nil {
		t.err = err
	}
	_, replaces := tab.rows[id]
	endsTokens := tab.kind == kindRevocation || tab.kind == kindMilestone
	if !replaces && !endsTokens || len(value) > updateMaxBytes {
		t.grows += int64(len(value))
	}
	t.apply = append(t.apply, func() { tab.set(id, row) })
}

func drop[T any](t *tx, tab *table[T], id string) {
	if err := t.batch.Delete(tab.storeKey(id), nil); err != nil && t.err == nil {
		t.err = err
	}
	t.apply = append(t.apply, func() { tab.remove(id) })
}

// get is the row of that id, or a not-found error that names the entity.
func get[T any](s *Service, tab *table[T], entity, id string) (*T, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if row, ok := tab.rows[id]; ok {
		return row, nil
	}
	return nil, notFound(entity, id)
}

// list is every row that keep (nil: all) says so of, by id.
func list[T any](s *Service, tab *table[T], keep func(*T) bool) []*T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := tab.sorted()
	if keep == nil {
		return rows
	}
	out := rows[:0]
	for _, r := range rows {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

// free says whether a row may take the id and name; was is the row that it
// replaces, "" for a new one.
func free[T any](tab *table[T], entity, was, id string, row *T) error {
	if _, taken := tab.rows[id]; taken && was != id {
		return &Error{Kind: KindConflict, Op: "store", Entity: entity, Name: id,
			Detail: "Duplicate entry found with ID " + id + "."}
	}
	if tab.key == nil {
		return nil
	}
	k := tab.key(row)
	if holder, taken := tab.names[k]; taken && holder != was {
		detail := "Duplicate entry found with name " + k.name
		if k.domain != "" {
			detail += " at domain ID " + k.domain
		}
		return &Error{Kind: KindConflict, Op: "store", Entity: entity, Name: k.name, Detail: detail + "."}
	}
	return nil
}

// Limits on what is stored, Keystone's.
const (
	maxIDBytes   = 64
	maxNameChars = 255
)

func checkName(entity, id, name string, maxName int) error {
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return invalid(entity, fmt.Sprintf("a name has 1 to %d characters", maxName))
	}
	if id == "" || len(id) > maxIDBytes {
		return invalid(entity, fmt.Sprintf("an id has 1 to %d bytes", maxIDBytes))
	}
	return nil
}
