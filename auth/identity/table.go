package identity

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// The store. A key is one byte of table and the row's id; a value is one byte
// of version, then the row as JSON:
//
//	key    [table][id…]
//	value  [rowVersion][JSON…]
const rowVersion = 1

// nameKey is what must be unique besides the id.
type nameKey struct{ domain, name string }

// table is the rows of one kind by id, and by name where names are unique.
type table[T any] struct {
	kind  byte
	rows  map[string]*T
	names map[nameKey]string
	key   func(*T) nameKey // nil if names need not be unique
	// onSet and onDelete, if not nil, keep further indexes.
	onSet, onDelete func(*T)
}

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

// named is the row of that name, or nil.
func (t *table[T]) named(domain, name string) *T {
	return t.rows[t.names[nameKey{domain, name}]]
}

// sorted is all rows in the order of their ids.
func (t *table[T]) sorted() []*T {
	out := make([]*T, 0, len(t.rows))
	for _, id := range slices.Sorted(maps.Keys(t.rows)) {
		out = append(out, t.rows[id])
	}
	return out
}

func (t *table[T]) storeKey(id string) []byte { return append([]byte{t.kind}, id...) }

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
