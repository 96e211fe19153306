// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"needletail/objstore/replacefile"
)

// The inventory of a repository names the store that owns the keys, and has a
// hash of each key as of the last start. The inventory is needed because a key
// file has no checksum, and a damaged key is a valid key too:
//
//	{"store": "32 hex digits", "keys": {"1": "hash"}, "sum": "hash"}
//
// A hash is the first half of a SHA-256, in hex digits: of the text of a key,
// and for sum of the rest. Keystone ignores a file of this name. A rotation by
// another program is accepted: after a rotation the staged key differs, and the
// highest number is new.
const inventoryName = "inventory.json"

var (
	// ErrKeysLost: keys existed before and are missing now.
	ErrKeysLost = errors.New("keys are lost")
	// ErrKeysDamaged: a key has changed, or the repository belongs to another
	// store.
	ErrKeysDamaged = errors.New("keys are damaged or those of another store")
)

// Owner is the store that a repository belongs to.
type Owner struct {
	Store string // the store's id
	Made  bool   // the keys were made before: a missing key is lost
}

// inventory is the content of the inventory's file.
type inventory struct {
	Store string            `json:"store"`
	Keys  map[string]string `json:"keys"`
	Sum   string            `json:"sum"`
}

func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:len(sum)/2])
}

// digest returns the checksum over the store and the keys.
func (v *inventory) digest() string {
	text := v.Store
	for _, n := range slices.Sorted(maps.Keys(v.Keys)) {
		text += " " + n + " " + v.Keys[n]
	}
	return shortHash([]byte(text))
}

// OpenOwned is OpenRepository for the repository of a store. Lost keys are not
// made anew: the error is ErrKeysLost. Damaged and foreign keys are refused:
// the error is ErrKeysDamaged.
func OpenOwned(dir string, owner Owner) (*Repository, error) {
	has, err := HasKeys(dir)
	if err != nil {
		return nil, err
	}
	if owner.Made && !has {
		return nil, fmt.Errorf("token: key repository %s: %w", dir, ErrKeysLost)
	}
	known, err := readInventory(dir)
	if err == nil && known != nil {
		err = known.check(dir, owner.Store)
	}
	if err != nil {
		return nil, fmt.Errorf("token: key repository %s: %w", dir, err)
	}
	r, err := OpenRepository(dir)
	if err != nil {
		return nil, err
	}
	return r, writeInventory(dir, owner.Store)
}

// HasKeys says whether dir has a key. A missing dir has none.
func HasKeys(dir string) (bool, error) {
	numbers, err := keyNumbers(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(numbers) > 0, err
}

// readInventory reads the inventory, and returns nil if there is no inventory.
func readInventory(dir string) (*inventory, error) {
	b, err := os.ReadFile(filepath.Join(dir, inventoryName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseInventory(b)
}

func parseInventory(b []byte) (*inventory, error) {
	var v inventory
	if err := json.Unmarshal(b, &v); err != nil || v.Sum != v.digest() {
		return nil, fmt.Errorf("%w: %s does not match its checksum; remove it if the keys are right", ErrKeysDamaged, inventoryName)
	}
	return &v, nil
}

// check compares the keys in dir with the inventory.
func (v *inventory) check(dir, store string) error {
	if v.Store != store {
		return fmt.Errorf("%w: the keys belong to the store %q, not to %q", ErrKeysDamaged, v.Store, store)
	}
	now, err := hashKeys(dir)
	if err != nil {
		return err
	}
	if highest(now) > highest(v.Keys) {
		// After a rotation the staged key is new, and old keys are gone.
		for n, was := range v.Keys {
			if is, there := now[n]; there && is != was && n != stagedName {
				return fmt.Errorf("%w: key %s has changed", ErrKeysDamaged, n)
			}
		}
		return nil
	}
	for _, n := range slices.Sorted(maps.Keys(v.Keys)) {
		is, there := now[n]
		if !there {
			return fmt.Errorf("%w: key %s is missing", ErrKeysLost, n)
		}
		if is != v.Keys[n] {
			return fmt.Errorf("%w: key %s has changed", ErrKeysDamaged, n)
		}
	}
	return nil
}

// highest returns the highest number of a key.
func highest(keys map[string]string) (top int) {
	for name := range keys {
		if n, err := strconv.Atoi(name); err == nil {
			top = max(top, n)
		}
	}
	return top
}

// hashKeys hashes the text of each key in dir.
func hashKeys(dir string) (map[string]string, error) {
	numbers, err := keyNumbers(dir)
	if err != nil {
		return nil, err
	}
	hashes := make(map[string]string, len(numbers))
	for _, n := range numbers {
		name := strconv.Itoa(n)
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read key %d: %w", n, err)
		}
		hashes[name] = shortHash(text)
	}
	return hashes, nil
}

// writeInventory writes the hashes of the keys, durably, if they have changed.
func writeInventory(dir, store string) error {
	hashes, err := hashKeys(dir)
	if err != nil {
		return err
	}
	v := inventory{Store: store, Keys: hashes}
	v.Sum = v.digest()
	if old, err := readInventory(dir); err == nil && old != nil && old.Sum == v.Sum {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, inventoryName)
	if err := replacefile.Write(replacefile.Private, path, append(b, '\n')); err != nil {
		return fmt.Errorf("token: write the inventory: %w", err)
	}
	return nil
}
