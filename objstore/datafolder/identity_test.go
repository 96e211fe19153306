// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func FuzzIdentity(f *testing.F) {
	f.Add([]byte(`{"format":1,"id":"0123456789abcdef0123456789abcdef"}`))
	f.Add([]byte(`{"format":9}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, err := parseIdentity(b); err == nil && len(id.ID) != 32 {
			t.Errorf("took the id %q", id.ID)
		}
	})
}

// Each flipped bit of needletail.json is an error, or the file means the same.
func TestIdentityFlips(t *testing.T) {
	fs := vfs.NewMem()
	want := identity{Format: formatVersion, ID: "0123456789abcdef0123456789abcdef", Parts: []string{"identity", "ring/object.ring.gz"}}
	if err := writeIdentity(fs, "", want); err != nil {
		t.Fatal(err)
	}
	good, err := ReadFile(fs, identityName, identityMax)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseIdentity(good); err != nil || got.digest() != want.digest() {
		t.Fatalf("%+v, %v", got, err)
	}
	for bit := range len(good) * 8 {
		b := append([]byte(nil), good...)
		b[bit/8] ^= 1 << (bit % 8)
		if got, err := parseIdentity(b); err == nil && (got.ID != want.ID || got.digest() != want.digest()) {
			t.Errorf("bit %d of byte %d: taken as %+v", bit%8, bit/8, got)
		}
	}
}
