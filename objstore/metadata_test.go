// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestMetadata(t *testing.T) {
	var m Metadata
	m.Del("X-Object-Meta-None")
	for _, f := range []Field{{"b", "2"}, {"c", "3"}, {"a", "1"}, {"b", "two"}, {"empty", ""}} {
		m.Set(f.Name, f.Value)
	}
	want := Metadata{{"a", "1"}, {"b", "two"}, {"c", "3"}, {"empty", ""}}
	if !slices.Equal(m, want) {
		t.Fatalf("got %q, want %q", m, want)
	}
	if v, ok := m.Lookup("empty"); v != "" || !ok {
		t.Errorf("an empty value: %q, %v", v, ok)
	}
	if v, ok := m.Lookup("B"); v != "" || ok {
		t.Errorf("another case of a name was found: %q, %v", v, ok)
	}
	if m.Get("b") != "two" || m.Get("none") != "" {
		t.Errorf("b is %q, none is %q", m.Get("b"), m.Get("none"))
	}
	m.Del("b")
	if _, ok := m.Lookup("b"); ok || len(m) != 3 {
		t.Errorf("after Del: %q", m)
	}
}

func TestMetadataClone(t *testing.T) {
	m := Metadata{{"a", "1"}, {"b", "2"}}
	c := m.Clone()
	c.Set("a", "changed")
	c.Set("0", "new")
	c.Del("b")
	if want := (Metadata{{"a", "1"}, {"b", "2"}}); !slices.Equal(m, want) {
		t.Errorf("a change of the clone made %q", m)
	}
}

// TestMetadataLikeMap compares random changes with a map's.
func TestMetadataLikeMap(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var m Metadata
	model := map[string]string{}
	for range 2000 {
		name := string([]byte{'a' + byte(rng.IntN(12)), byte(rng.IntN(2))})
		if rng.IntN(3) == 0 {
			m.Del(name)
			delete(model, name)
		} else {
			value := string([]byte{byte(rng.IntN(256))})
			m.Set(name, value)
			model[name] = value
		}
		if len(m) != len(model) || !slices.IsSortedFunc(m, func(a, b Field) int {
			if a.Name < b.Name {
				return -1
			}
			return 1
		}) {
			t.Fatalf("%q against %q", m, model)
		}
		for name, want := range model {
			if got, ok := m.Lookup(name); !ok || got != want {
				t.Fatalf("%q: %q, %v; want %q", name, got, ok, want)
			}
		}
	}
}

func TestMetadataUpdate(t *testing.T) {
	old := Metadata{{"a", "1"}, {"b", "2"}}
	before := old.Clone()
	var seen Metadata
	u := MetadataUpdate{
		Set:   Metadata{{"a", ""}, {"b", "3"}, {"c", "4"}, {"none", ""}},
		Check: func(m Metadata) error { seen = m; return nil },
	}
	want := Metadata{{"b", "3"}, {"c", "4"}}
	got, err := u.Apply(old)
	if err != nil || !slices.Equal(got, want) || !slices.Equal(seen, want) {
		t.Errorf("got %q, %v; the check saw %q; want %q", got, err, seen, want)
	}
	if !slices.Equal(old, before) {
		t.Errorf("Apply changed its argument to %q", old)
	}
	errNo := errors.New("no")
	u.Check = func(Metadata) error { return errNo }
	if got, err := u.Apply(old); err != errNo || got != nil {
		t.Errorf("refused: got %q, %v", got, err)
	}
	if got, err := (MetadataUpdate{}).Apply(nil); err != nil || len(got) != 0 {
		t.Errorf("nothing to nothing: got %q, %v", got, err)
	}
}
