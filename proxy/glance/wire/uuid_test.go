// SPDX-License-Identifier: Apache-2.0

package wire

import "testing"

func TestUUIDs(t *testing.T) {
	const good = "2FF4bb2a-e291-4052-b5d3-8c7cdb6f91ee"
	for name, c := range map[string]struct {
		id string
		ok bool
	}{
		"both cases":            {good, true},
		"nothing":               {"", false},
		"a digit too few":       {good[1:], false},
		"a digit too many":      {good + "0", false},
		"a letter behind f":     {"g" + good[1:], false},
		"a dash for a digit":    {"-" + good[1:], false},
		"a digit for a dash":    {"2FF4bb2a0e291-4052-b5d3-8c7cdb6f91ee", false},
		"a sign that is near a": {"`" + good[1:], false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := IsUUID(c.id); got != c.ok {
				t.Errorf("%q: %v", c.id, got)
			}
		})
	}
	if a, b := NewUUID(), NewUUID(); !IsUUID(a) || a == b || a[14] != '4' {
		t.Errorf("%s, %s", a, b)
	}
}
