// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/aes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"time"

	"needletail/objstore/replacefile"
)

// The key repository is laid out as Keystone's
// (keystone/common/fernet_utils.py): a folder, mode 0700, of files, mode 0600,
// each with the text of one key. The name of a file is a number. 0 is the
// staged key, which becomes primary at the next rotation; the highest number is
// primary and seals; every key opens. Further names are ignored.
const (
	stagedName  = "0"
	stagingName = "0.tmp"
	// DefaultMaxActiveKeys is Keystone's [fernet_tokens] max_active_keys: the
	// staged, the primary and one secondary key.
	DefaultMaxActiveKeys = 3
	// maxKeyFiles bounds the number of keys that are read.
	maxKeyFiles = 1000
	// recheckEvery bounds the time during which a change by another process
	// stays unseen.
	recheckEvery = time.Second
)

// Repository is a folder of keys. The keys are read again after a change of the
// folder. A Repository is safe for concurrent use; changes (Rotate) are for one
// process at a time.
type Repository struct {
	dir string

	mu      sync.Mutex
	keys    []*Key // primary first
	mtime   time.Time
	checked time.Time
}

// OpenRepository reads dir. An empty dir gets a staged and a primary key.
func OpenRepository(dir string) (*Repository, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("token: key repository: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("token: key repository: %w", err)
	}
	r := &Repository{dir: dir}
	numbers, err := keyNumbers(dir)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		if err := writeKey(dir, stagedName); err != nil {
			return nil, err
		}
		if err := r.Rotate(DefaultMaxActiveKeys); err != nil {
			return nil, err
		}
	}
	return r, r.Reload()
}

// Rotate makes the staged key primary, stages a new key, and deletes the oldest
// keys beyond maxActive, which counts the staged key. Tokens of deleted keys no
// longer open.
func (r *Repository) Rotate(maxActive int) error {
	if maxActive < 2 {
		return errors.New("token: a repository needs at least two active keys")
	}
	if err := writeKey(r.dir, stagingName); err != nil {
		return err
	}
	numbers, err := keyNumbers(r.dir)
	if err != nil {
		return err
	}
	next := 1
	if len(numbers) > 0 {
		next = numbers[0] + 1
	}
	staged := filepath.Join(r.dir, stagedName)
	if err := os.Rename(staged, filepath.Join(r.dir, strconv.Itoa(next))); err != nil {
		return fmt.Errorf("token: promote the staged key: %w", err)
	}
	if err := os.Rename(filepath.Join(r.dir, stagingName), staged); err != nil {
		return fmt.Errorf("token: stage a key: %w", err)
	}
	if err := prune(r.dir, maxActive); err != nil {
		return err
	}
	if err := replacefile.SyncFolder(replacefile.Private, r.dir); err != nil {
		return err
	}
	return r.Reload()
}

// prune deletes the lowest numbers above 0 until maxActive keys are left.
func prune(dir string, maxActive int) error {
	numbers, err := keyNumbers(dir)
	if err != nil {
		return err
	}
	for excess := len(numbers) - maxActive; excess > 0; excess-- {
		oldest := numbers[len(numbers)-2] // the last number is 0
		if err := os.Remove(filepath.Join(dir, strconv.Itoa(oldest))); err != nil {
			return fmt.Errorf("token: delete an old key: %w", err)
		}
		numbers = append(numbers[:len(numbers)-2], 0)
	}
	return nil
}

// keyNumbers returns the numbers of the keys, highest first.
func keyNumbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("token: key repository: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err == nil && n >= 0 && strconv.Itoa(n) == e.Name() {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) > maxKeyFiles {
		return nil, fmt.Errorf("token: more than %d keys", maxKeyFiles)
	}
	sort.Sort(sort.Reverse(sort.IntSlice(numbers)))
	return numbers, nil
}

// writeKey writes a new key, durably.
func writeKey(dir, name string) error {
	if err := replacefile.Write(replacefile.Private, filepath.Join(dir, name), []byte(newKeyText())); err != nil {
		return fmt.Errorf("token: write a key: %w", err)
	}
	return nil
}

// Reload reads all keys again. After an error the old keys stay in use.
func (r *Repository) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reload()
}

// reload is Reload for a caller that holds mu. An empty file is ignored,
// as in Keystone.
func (r *Repository) reload() error {
	info, err := os.Stat(r.dir)
	if err != nil {
		return fmt.Errorf("token: key repository: %w", err)
	}
	numbers, err := keyNumbers(r.dir)
	if err != nil {
		return err
	}
	keys := make([]*Key, 0, len(numbers))
	for _, n := range numbers {
		text, err := os.ReadFile(filepath.Join(r.dir, strconv.Itoa(n)))
		if err != nil {
			return fmt.Errorf("token: read key %d: %w", n, err)
		}
		if len(text) == 0 {
			continue
		}
		key, err := ParseKey(string(text))
		if err != nil {
			return fmt.Errorf("key %s: %w: %w", filepath.Join(r.dir, strconv.Itoa(n)), ErrKeysDamaged, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return fmt.Errorf("token: key repository %s: %w", r.dir, ErrKeysLost)
	}
	r.keys, r.mtime, r.checked = keys, info.ModTime(), time.Now()
	return nil
}

// current returns the keys, after another reading if the folder has changed. A
// folder that changed less than recheckEvery before the last reading is read
// again too: a further change may have given the folder the same time.
func (r *Repository) current() []*Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Sub(r.checked) < recheckEvery {
		return r.keys
	}
	info, err := os.Stat(r.dir)
	fresh := err == nil && info.ModTime().Equal(r.mtime) && r.checked.Sub(r.mtime) > recheckEvery
	if fresh || r.reload() != nil {
		r.checked = now // an unreadable folder leaves the known keys in use
	}
	return r.keys
}

// Seal encrypts and authenticates data with the primary key.
func (r *Repository) Seal(data []byte) string {
	var iv [aes.BlockSize]byte
	_, _ = rand.Read(iv[:]) // crypto/rand.Read does not fail
	return r.current()[0].seal(data, time.Now(), iv)
}

// Open returns the data that any of the keys sealed. The error is ErrInvalid.
func (r *Repository) Open(text string) ([]byte, error) {
	raw, err := decodeFernet(text)
	if err != nil {
		return nil, err
	}
	for _, k := range r.current() {
		if data, ok := k.open(raw); ok {
			return data, nil
		}
	}
	return nil, ErrInvalid
}

// Issue seals p with the primary key.
func (r *Repository) Issue(p Payload, issued time.Time) (string, error) {
	var iv [aes.BlockSize]byte
	_, _ = rand.Read(iv[:]) // crypto/rand.Read does not fail
	payload, err := encodePayload(p)
	if err != nil {
		return "", err
	}
	return r.current()[0].seal(payload, issued, iv), nil
}

// Parse opens a token with any of the keys. The caller checks the expiry. The
// error is ErrInvalid.
func (r *Repository) Parse(text string) (p Payload, issued time.Time, err error) {
	raw, err := decodeEnvelope(text)
	if err != nil {
		return Payload{}, time.Time{}, err
	}
	for _, k := range r.current() {
		if payload, ok := k.open(raw); ok {
			p, err = decodePayload(payload)
			return p, issueTime(raw), err
		}
	}
	return Payload{}, time.Time{}, ErrInvalid
}
