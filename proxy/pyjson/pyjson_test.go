// SPDX-License-Identifier: Apache-2.0

package pyjson

import (
	"encoding/json"
	"testing"
)

func TestMarshalEqualsPython(t *testing.T) {
	f := func(v any, want string) {
		t.Helper()
		if got := string(Marshal(v)); got != want {
			t.Errorf("Marshal(%#v)\n got %s\nwant %s", v, got, want)
		}
	}
	// Each wanted text was printed by Python's json.dumps.
	f(nil, "null")
	f(Object{}, "{}")
	f(Array{}, "[]")
	f(Object{{"b", 1}, {"a", Array{true, nil, "x"}}}, `{"b": 1, "a": [true, null, "x"]}`)
	f("é\U0001F600\x00\x1f\x7f\"\\\n\r\t\b\f/", `"\u00e9\ud83d\ude00\u0000\u001f\u007f\"\\\n\r\t\b\f/"`)
	f("a\xffb", `"a\udcffb"`)
	f(0.0, "0.0")
	f(1.5, "1.5")
	f([]string{"a", "b"}, `["a", "b"]`)
	f([]Object{{{"k", int64(-1)}}}, `[{"k": -1}]`)
}

func FuzzAppendString(f *testing.F) {
	f.Add("plain")
	f.Add("é\x00\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if b := AppendString(nil, s); !json.Valid(b) {
			t.Fatalf("%q became invalid JSON %q", s, b)
		}
	})
}
