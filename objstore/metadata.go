// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"slices"
	"strings"
)

// Field is a metadata item: a header's name in Swift's Title-Case form
// ("X-Object-Meta-Color") and a value of any bytes.
type Field struct{ Name, Value string }

// Metadata is a list of fields, sorted by name, each name once. The zero value
// is empty.
type Metadata []Field

// SysmetaObject is the prefix of object metadata hidden from clients. A client
// cannot set sysmeta, and a POST keeps sysmeta.
const SysmetaObject = "X-Object-Sysmeta-"

// Get is the value of name, or "".
func (m Metadata) Get(name string) string {
	v, _ := m.Lookup(name)
	return v
}

// Lookup returns the value of name, and whether the name is there.
func (m Metadata) Lookup(name string) (string, bool) {
	i, ok := m.search(name)
	if !ok {
		return "", false
	}
	return m[i].Value, true
}

// Set adds or replaces a field.
func (m *Metadata) Set(name, value string) {
	i, ok := m.search(name)
	if ok {
		(*m)[i].Value = value
		return
	}
	*m = slices.Insert(*m, i, Field{name, value})
}

// Del removes a field, if the field is there.
func (m *Metadata) Del(name string) {
	if i, ok := m.search(name); ok {
		*m = slices.Delete(*m, i, i+1)
	}
}

// Clone returns a copy, without memory in common with m.
func (m Metadata) Clone() Metadata { return slices.Clone(m) }

func (m Metadata) search(name string) (int, bool) {
	return slices.BinarySearchFunc(m, name, func(f Field, n string) int {
		return strings.Compare(f.Name, n)
	})
}

// MetadataUpdate changes the metadata of an account or a container.
type MetadataUpdate struct {
	// Set replaces each named field. An empty value removes the field.
	Set Metadata
	// Check, if not nil, sees the result before the commit, and may refuse the
	// result: the error is returned unchanged in the chain. The result is exact
	// with Guarantees.CompareAtCommit.
	Check func(merged Metadata) error
}

// Apply returns the merge of the update into a copy of old, after Check
// accepted the result.
func (u MetadataUpdate) Apply(old Metadata) (Metadata, error) {
	merged := old.Clone()
	for _, f := range u.Set {
		if f.Value == "" {
			merged.Del(f.Name)
		} else {
			merged.Set(f.Name, f.Value)
		}
	}
	if u.Check != nil {
		if err := u.Check(merged); err != nil {
			return nil, err
		}
	}
	return merged, nil
}
