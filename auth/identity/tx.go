// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"needletail/objstore/durable"
	"needletail/objstore/oserror"
	"needletail/objstore/twin"
)

// tx is a change: a batch for the store, and functions to change the memory
// after the batch is durable.
type tx struct {
	batch twin.Batch
	apply []func()
	grows int64 // bytes of rows that are new or long
	err   error // the first failure of put or drop
}

// updateMaxBytes is the length up to which the new version of an existing row
// does not count as growth. A user can be disabled, and a password changed, on
// a full disk too.
const updateMaxBytes = 4096

// update calls fn and commits the changes of fn, made with put and drop:
// durable first, then visible to readers. fn may read the tables without mu,
// and sees the tables as they were before the change. fn must not call update.
// An error of fn is returned, and nothing is changed.
//
// The error is of KindUnavailable after Close, after a failed write and if
// this write fails, of KindNoSpace on a full disk, and of KindInternal for a
// row without a JSON form.
func (s *Service) update(fn func(*tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed != nil {
		return &Error{Kind: KindUnavailable, Op: "write", Err: s.failed}
	}
	t := &tx{batch: s.db.NewBatch()}
	if err := s.collect(t, fn); err != nil || t.batch.Count() == 0 {
		_ = t.batch.Close() // nothing is written
		return err
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

// collect lets fn collect the changes of t, and returns why t may not be
// committed.
func (s *Service) collect(t *tx, fn func(*tx) error) error {
	if err := fn(t); err != nil {
		return err
	}
	if t.err != nil {
		return &Error{Op: "write", Err: t.err}
	}
	if err := s.reserve(t.grows); err != nil {
		return &Error{Kind: KindNoSpace, Op: "write", Err: err}
	}
	return nil
}

// KeepReserve sets the check for free space: a change with growth is refused
// with KindNoSpace if room returns an error for the bytes of growth.
// Deletions, revocations and short updates are no growth and go on. Before the
// call of KeepReserve every change is allowed: the rows of a first start are
// few.
func (s *Service) KeepReserve(room func(bytes int64) error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.room = room
}

// reserve returns the error of room for the bytes of growth; nil without
// growth or room.
func (s *Service) reserve(bytes int64) error {
	if bytes == 0 || s.room == nil {
		return nil
	}
	return s.room(bytes)
}

// writeError makes an Error of a failed commit. A commit refused before its
// begin is of KindNoSpace or KindUnavailable and changes nothing. After every
// other failure the outcome is unknown: memory and disk may differ, hence the
// service takes no further changes.
func (s *Service) writeError(err error) error {
	if !errors.Is(err, durable.ErrBehind) || errors.Is(err, durable.ErrSealed) {
		s.failed = fmt.Errorf("an earlier write failed: %w", err)
	} else if oserror.NoSpace(err) {
		return &Error{Kind: KindNoSpace, Op: "write", Err: err}
	}
	return &Error{Kind: KindUnavailable, Op: "write", Err: err}
}

// put stores a row, as a part of t. The row appears in memory after the commit
// and must not be changed from now on. A failure is kept in t.err until update
// reads t.err.
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

// drop deletes a row, as a part of t. The row disappears from memory after the
// commit.
func drop[T any](t *tx, tab *table[T], id string) {
	if err := t.batch.Delete(tab.storeKey(id), nil); err != nil && t.err == nil {
		t.err = err
	}
	t.apply = append(t.apply, func() { tab.remove(id) })
}

// get returns the row with the given ID, or an error of KindNotFound naming
// the entity.
func get[T any](s *Service, tab *table[T], entity, id string) (*T, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if row, ok := tab.rows[id]; ok {
		return row, nil
	}
	return nil, notFound(entity, id)
}

// list returns the rows accepted by keep, sorted by ID. A nil keep accepts
// all. keep runs under mu: keep must not change a row nor call a method with a
// lock of its own.
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

// free returns an error of KindConflict if the ID or the name of a row is
// taken by a different row. was is the ID of the row to be replaced, "" for a
// new row. The caller holds writing.
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

// Keystone's limits on IDs and names.
const (
	maxIDBytes   = 64
	maxNameChars = 255
)

// checkName returns an error of KindInvalid unless the name has 1 to maxName
// characters and the ID 1 to maxIDBytes bytes.
func checkName(entity, id, name string, maxName int) error {
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return invalid(entity, fmt.Sprintf("a name has 1 to %d characters", maxName))
	}
	if id == "" || len(id) > maxIDBytes {
		return invalid(entity, fmt.Sprintf("an id has 1 to %d bytes", maxIDBytes))
	}
	return nil
}
