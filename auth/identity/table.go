// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// The format of the store. A key is a byte for the table's kind and the row's
// ID. A value is a byte of version and the row as JSON:
//
//	key    [table][id…]
//	value  [rowVersion][JSON…]
//
// A row of a different version is refused at the start.
const rowVersion = 1

// nameKey is a name with its namespace: a domain's ID, a user's ID for an
// application credential, or "" for global names. No two rows of a table have
// the same nameKey.
type nameKey struct{ domain, name string }

// table holds the rows of a kind in memory, by ID and, if names are unique, by
// name.
type table[T any] struct {
	kind  byte
	rows  map[string]*T
	names map[nameKey]string
	key   func(*T) nameKey // nil if names need not be unique
	// onSet and onDelete keep further indexes of the rows. Optional.
	onSet, onDelete func(*T)
}

// set puts a row into the table in place of a row of the same ID. The caller
// holds mu for writing.
func (t *table[T]) set(id string, row *T) {
	t.remove(id)
	t.rows[id] = row
	if t.key != nil {
		t.names[t.key(row)] = id
	}
	if t.onSet != nil {
		t.onSet(row)
	}
}

// remove takes a row out of the table. An unknown ID is ignored. The caller
// holds mu for writing.
func (t *table[T]) remove(id string) {
	row, ok := t.rows[id]
	if !ok {
		return
	}
	delete(t.rows, id)
	if t.key != nil {
		delete(t.names, t.key(row))
	}
	if t.onDelete != nil {
		t.onDelete(row)
	}
}

// named returns the row of a name in a namespace, or nil. The caller holds mu
// or writing.
func (t *table[T]) named(domain, name string) *T {
	return t.rows[t.names[nameKey{domain, name}]]
}

// sorted returns all rows, sorted by ID. The caller holds mu or writing.
func (t *table[T]) sorted() []*T {
	out := make([]*T, 0, len(t.rows))
	for _, id := range slices.Sorted(maps.Keys(t.rows)) {
		out = append(out, t.rows[id])
	}
	return out
}

// storeKey returns the key of a row in the store.
func (t *table[T]) storeKey(id string) []byte { return append([]byte{t.kind}, id...) }

// load decodes a row of the store and puts the row into the table.
func (t *table[T]) load(id string, value []byte) error {
	if len(value) == 0 || value[0] != rowVersion {
		return fmt.Errorf("identity: row %c%q has an unknown version", t.kind, id)
	}
	row := new(T)
	if err := json.Unmarshal(value[1:], row); err != nil {
		return fmt.Errorf("identity: row %c%q: %w", t.kind, id, err)
	}
	t.set(id, row)
	return nil
}
