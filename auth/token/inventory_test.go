// SPDX-License-Identifier: Apache-2.0

package token

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func ownedKeys(t *testing.T, store string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "keys")
	if _, err := OpenOwned(dir, Owner{Store: store}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A start with other keys than the last one had is refused.
func TestOwnedKeys(t *testing.T) {
	other := ownedKeys(t, "other")
	for name, c := range map[string]struct {
		change func(dir string) error
		want   error
	}{
		"nothing":         {func(string) error { return nil }, nil},
		"no folder":       {os.RemoveAll, ErrKeysLost},
		"no key":          {func(d string) error { return errors.Join(os.Remove(d+"/0"), os.Remove(d+"/1")) }, ErrKeysLost},
		"no primary key":  {func(d string) error { return os.Remove(d + "/1") }, ErrKeysLost},
		"no staged key":   {func(d string) error { return os.Remove(d + "/0") }, ErrKeysLost},
		"another key":     {func(d string) error { return writeKey(d, "1") }, ErrKeysDamaged},
		"another staged":  {func(d string) error { return writeKey(d, "0") }, ErrKeysDamaged},
		"an empty key":    {func(d string) error { return os.Truncate(d+"/1", 0) }, ErrKeysDamaged},
		"foreign keys":    {func(d string) error { return errors.Join(os.RemoveAll(d), os.Rename(other, d)) }, ErrKeysDamaged},
		"no inventory":    {func(d string) error { return os.Remove(d + "/" + inventoryName) }, nil},
		"empty inventory": {func(d string) error { return os.Truncate(d+"/"+inventoryName, 0) }, ErrKeysDamaged},
		"rotated by another program": {func(d string) error {
			r, err := OpenRepository(d)
			return errors.Join(err, r.Rotate(3), r.Rotate(3), r.Rotate(3))
		}, nil},
		"rotated and another key": {func(d string) error {
			r, err := OpenRepository(d)
			return errors.Join(err, r.Rotate(4), writeKey(d, "1"))
		}, ErrKeysDamaged},
		"a crash in a rotation": {func(d string) error { return os.Rename(d+"/0", d+"/2") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := ownedKeys(t, "mine")
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			before, _ := keyNumbers(dir)
			for range 2 {
				_, err := OpenOwned(dir, Owner{Store: "mine", Made: true})
				if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			}
			if after, _ := keyNumbers(dir); c.want != nil && len(after) != len(before) {
				t.Errorf("keys %v, were %v", after, before)
			}
		})
	}
}

// Each flipped bit of a key or of the inventory is told.
func TestOwnedKeysFlips(t *testing.T) {
	dir := ownedKeys(t, "0123456789abcdef0123456789abcdef")
	for _, name := range []string{"0", "1", inventoryName} {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range len(good) * 8 {
			bad := append([]byte(nil), good...)
			bad[bit/8] ^= 1 << (bit % 8)
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := OpenOwned(dir, Owner{Store: "0123456789abcdef0123456789abcdef", Made: true})
			if err == nil && !sameInventory(bad, good) {
				t.Errorf("%s: bit %d of byte %d (%q): taken", name, bit%8, bit/8, good[bit/8])
			}
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// sameInventory says that two texts mean the same: JSON has blanks, and names of
// fields in either case.
func sameInventory(a, b []byte) bool {
	x, errA := parseInventory(a)
	y, errB := parseInventory(b)
	return errA == nil && errB == nil && x.digest() == y.digest()
}
