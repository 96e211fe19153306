// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore"
	"needletail/objstore/twin"
)

// View reads the index: the newest state, or the state of a Snapshot.
type View struct{ source twin.Source }

// value appends the value of key to dst.
func (v View) value(key, dst []byte) (value []byte, found bool, err error) {
	return twin.Value(v.source, key, dst)
}

// row looks a row up and parses the row without a copy.
func row[R any](v View, key []byte, parse func([]byte) (R, error)) (r R, found bool, err error) {
	b, closer, err := v.source.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	r, err = parse(b)
	if err != nil {
		err = fmt.Errorf("row %q: %w", key, err)
	}
	return r, err == nil, errors.Join(err, closer.Close())
}

// has reports whether a key exists.
func (v View) has(key []byte) (bool, error) {
	_, closer, err := v.source.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, closer.Close()
}

// keyBytes is the room for most keys; longer keys are allocated.
const keyBytes = 256

// Account looks an account up.
func (v View) Account(a objstore.AccountName) (AccountRow, bool, error) {
	return row(v, appendAccountKey(make([]byte, 0, keyBytes), prefixAccount, a), ParseAccountRow)
}

// Container looks a container up.
func (v View) Container(c objstore.ContainerID) (ContainerRow, bool, error) {
	return row(v, appendContainerKey(make([]byte, 0, keyBytes), prefixContainer, c), ParseContainerRow)
}

// Object looks an object up.
func (v View) Object(o objstore.ObjectID) (ObjectRow, bool, error) {
	return row(v, appendObjectKey(make([]byte, 0, keyBytes), o), ParseObjectRow)
}

// Inline appends the inline body with the given id to dst.
func (v View) Inline(id FileID, dst []byte) (body []byte, found bool, err error) {
	return v.value(appendIDKey(make([]byte, 0, keyBytes), prefixInline, id), dst)
}

// FileOwner returns the object with the data file, if a row names the file.
func (v View) FileOwner(id FileID) (objstore.ObjectID, bool, error) {
	return row(v, appendIDKey(make([]byte, 0, keyBytes), prefixFile, id), parseName)
}

// Scrub returns the progress of the scrubber. The zero value is a new pass.
func (v View) Scrub() (ScrubRow, error) {
	r, _, err := row(v, []byte(keyScrub), ParseScrubRow)
	return r, err
}

// ContainerCounts returns a container's counters, or zero without counters.
func (v View) ContainerCounts(c objstore.ContainerID) (Counter, error) {
	counts, _, err := row(v, appendContainerKey(make([]byte, 0, keyBytes), prefixContainerCounter, c), parseCounts)
	return counts, err
}

// AccountCounts calls visit with an account's counters for each policy ever used, by
// policy index.
func (v View) AccountCounts(a objstore.AccountName, visit func(objstore.PolicyIndex, Counter) error) error {
	prefix := append(appendAccountKey(nil, prefixAccountCounter, a), 0)
	return v.scan(prefix, func(k, value []byte) error {
		if len(k) != len(prefix)+2 {
			return fmt.Errorf("%w: account counter key %q", ErrCorrupt, k)
		}
		c, err := parseCounts(value)
		if err != nil {
			return err
		}
		p := k[len(prefix):]
		return visit(objstore.PolicyIndex(p[0])<<8|objstore.PolicyIndex(p[1]), c)
	})
}

// HasObjects reports whether the container has an object row.
func (v View) HasObjects(c objstore.ContainerID) (bool, error) {
	return v.any(appendObjectsKey(nil, c))
}

// HasContainers reports whether the account has a container row.
func (v View) HasContainers(a objstore.AccountName) (bool, error) {
	return v.any(appendContainersKey(nil, prefixContainer, a))
}

var errStop = errors.New("stop")

func (v View) any(prefix []byte) (bool, error) {
	err := v.scan(prefix, func(_, _ []byte) error { return errStop })
	if err == errStop {
		return true, nil
	}
	return false, err
}

// scan calls visit for each key with the given prefix, in order. The slices are valid
// during the call only.
func (v View) scan(prefix []byte, visit func(key, value []byte) error) error {
	return twin.ScanPrefix(v.source, prefix, visit)
}

// scanRange is scan for the keys from lower on and below upper.
func (v View) scanRange(lower, upper []byte, visit func(key, value []byte) error) error {
	return twin.Scan(v.source, lower, upper, visit)
}
