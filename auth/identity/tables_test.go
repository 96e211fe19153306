// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"reflect"
	"testing"
)

// TestEveryTableIsLoaded: each field of tables has been made and registered
// under its own kind. A table without its line in makeTables is nil here; two
// tables of one kind leave fewer kinds than tables.
func TestEveryTableIsLoaded(t *testing.T) {
	s := &Service{}
	s.makeTables()
	v := reflect.ValueOf(s.tables)
	made := 0
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "byKind" {
			continue
		}
		if v.Field(i).IsNil() {
			t.Errorf("no table is made for the field %s", name)
			continue
		}
		made++
		kind := byte(v.Field(i).Elem().FieldByName("kind").Uint())
		if registered := reflect.ValueOf(s.byKind[kind]).Pointer(); registered != v.Field(i).Pointer() {
			t.Errorf("the kind %q is not of the table %s", kind, name)
		}
	}
	if made != len(s.byKind) {
		t.Errorf("%d tables have %d kinds", made, len(s.byKind))
	}
}
