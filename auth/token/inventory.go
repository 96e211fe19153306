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

// The inventory of a repository says whose the keys are and what they were at
// the last start, because a key file has no checksum of its own and a damaged
// key is a key too:
//
//	{"store": "32 hex digits", "keys": {"1": "hash"}, "sum": "hash"}
//
// A hash is the first half of the SHA-256, in hex digits: of the text of a key,
// and for sum of the rest. Keystone passes over a file of that name. Keys that
// another program rotates are taken: the staged key changes then, and there is a
// number above all that were known.
const inventoryName = "inventory.json"

var (
	// ErrKeysLost: keys that were made are not there.
	ErrKeysLost = errors.New("keys are lost")
	// ErrKeysDamaged: a key is not what it was, or the repository is another
	// store's.
	ErrKeysDamaged = errors.New("keys are damaged or those of another store")
)

// Owner says whose a repository is.
type Owner struct {
	Store string // the store's id
	Made  bool   // its keys were made before: missing ones are lost
}

type inventory struct {
	Store string            `json:"store"`
	Keys  map[string]string `json:"keys"`
	Sum   string            `json:"sum"`
}

func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:len(sum)/2])
}

func (v *inventory) digest() string {
	text := v.Store
	for _, n := range slices.Sorted(maps.Keys(v.Keys)) {
		text += " " + n + " " + v.Keys[n]
	}
	return shortHash([]byte(text))
}

// OpenOwned is OpenRepository for the repository of a store: keys that are lost
// are not made anew, ErrKeysLost, and damaged or foreign ones are refused,
// ErrKeysDamaged.
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

// HasKeys says that there is a key in dir, which may be missing.
func HasKeys(dir string) (bool, error) {
	numbers, err := keyNumbers(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(numbers) > 0, err
}

// readInventory reads the inventory, nil if there is none.
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

// check compares the keys with what they were.
func (v *inventory) check(dir, store string) error {
	if v.Store != store {
		return fmt.Errorf("%w: they belong to the store %q, not to %q", ErrKeysDamaged, v.Store, store)
	}
	now, err := hashKeys(dir)
	if err != nil {
		return err
	}
	if highest(now) > highest(v.Keys) {
		// Somebody rotated: the staged key is a new one, and old ones are gone.
		for n, was := range v.Keys {
			if is, there := now[n]; there && is != was && n != stagedName {
				return fmt.Errorf("%w: key %s is not what it was", ErrKeysDamaged, n)
			}
		}
		return nil
	}
	for _, n := range slices.Sorted(maps.Keys(v.Keys)) {
		is, there := now[n]
		if !there {
			return fmt.Errorf("%w: key %s is not there", ErrKeysLost, n)
		}
		if is != v.Keys[n] {
			return fmt.Errorf("%w: key %s is not what it was", ErrKeysDamaged, n)
		}
	}
	return nil
}

func highest(keys map[string]string) (top int) {
	for name := range keys {
		if n, err := strconv.Atoi(name); err == nil {
			top = max(top, n)
		}
	}
	return top
}

// hashKeys hashes the text of each key.
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

// writeInventory notes what the keys are, durably, if that changed.
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
