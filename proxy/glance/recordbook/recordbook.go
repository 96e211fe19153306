// SPDX-License-Identifier: Apache-2.0

package recordbook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync"

	"needletail/objstore"
)

// Account holds the records of all kinds, a container for each kind.
const Account objstore.AccountName = ".glance"

// MaxRecordBytes bounds the JSON of a record, read or written.
const MaxRecordBytes = 1 << 20

// lockStripes is how many locks the names of a book share.
const lockStripes = 64

// ErrTooLong says that a record is longer than MaxRecordBytes, and so was not
// written.
var ErrTooLong = errors.New("the record is too long")

// Kind is how a book treats records of the type T.
type Kind[T any] struct {
	Container objstore.ContainerName
	// Name returns the record's name, which is also the name of its object.
	Name func(*T) string
	// Check refuses a record that Load decoded, if the record is of another
	// version or has an impossible name.
	Check func(*T) error
	// Weigh returns the owner of a record and its weight in bytes. nil weighs
	// nothing.
	Weigh func(*T) (owner string, weightBytes int64)
	// DeleteAt returns when the Store deletes the record by itself, in seconds
	// since the Unix epoch; 0 is never. nil is never, for all records.
	DeleteAt func(*T) int64
}

// Book holds all records of a kind.
type Book[T any] struct {
	kind   Kind[T]
	store  objstore.Store
	logger *slog.Logger

	seed  maphash.Seed
	locks [lockStripes]sync.Mutex // by name: held while a record changes

	mu      sync.RWMutex // protects the fields below; never held during I/O
	records map[string]*T
	owned   map[string]int64 // the weight of the records of each owner
	total   int64            // the weight of all records
}

// New returns an empty book. Load fills the book with the records in the Store.
func New[T any](store objstore.Store, kind Kind[T], logger *slog.Logger) *Book[T] {
	return &Book[T]{
		kind: kind, store: store, logger: logger, seed: maphash.MakeSeed(),
		records: map[string]*T{}, owned: map[string]int64{},
	}
}

// ObjectID returns where the Store keeps a record.
func (k *Kind[T]) ObjectID(name string) objstore.ObjectID {
	return objstore.ObjectID{Account: Account, Container: k.Container, Object: objstore.ObjectName(name)}
}

// Lock locks a name, so that changes of a record follow one another, and returns
// what unlocks the name.
func (b *Book[T]) Lock(name string) (unlock func()) {
	l := &b.locks[maphash.String(b.seed, name)%lockStripes]
	l.Lock()
	return l.Unlock
}

// Get returns the snapshot of a record, or nil.
func (b *Book[T]) Get(name string) *T {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.records[name]
}

// List returns the snapshots that keep accepts, in no order.
func (b *Book[T]) List(keep func(*T) bool) []*T {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var list []*T
	for _, r := range b.records {
		if keep(r) {
			list = append(list, r)
		}
	}
	return list
}

// Len returns how many records the book has.
func (b *Book[T]) Len() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.records)
}

// Sums returns the weight of an owner's records and of all records, in bytes.
func (b *Book[T]) Sums(owner string) (owned, total int64) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.owned[owner], b.total
}

// Create writes a new record and shows the record. If the Store has a record of
// the name, the error is of objstore.KindPrecondition.
func (b *Book[T]) Create(ctx context.Context, r *T) error { return b.write(ctx, r, true) }

// Put writes a record and shows the record. A record of the same name is
// replaced.
func (b *Book[T]) Put(ctx context.Context, r *T) error { return b.write(ctx, r, false) }

// write makes a record durable and then shows the record. create refuses to
// replace a record in the Store.
func (b *Book[T]) write(ctx context.Context, r *T, create bool) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(body) > MaxRecordBytes {
		return ErrTooLong
	}
	opts := objstore.PutOptions{SizeBytes: int64(len(body)), ContentType: "application/json", IfNoneMatch: create}
	if b.kind.DeleteAt != nil {
		opts.DeleteAt = b.kind.DeleteAt(r)
	}
	id := b.kind.ObjectID(b.kind.Name(r))
	err = CreatingContainer(ctx, b.store, id.ContainerID(), func() error {
		_, err := b.store.PutObject(ctx, id, bytes.NewReader(body), opts)
		return err
	})
	if err == nil {
		b.Show(r)
	}
	return err
}

// Drop deletes a record and forgets the record. A record that is absent from the
// Store is forgotten all the same.
func (b *Book[T]) Drop(ctx context.Context, name string) error {
	if err := DeleteIfPresent(ctx, b.store, b.kind.ObjectID(name)); err != nil {
		return err
	}
	b.Forget(name)
	return nil
}

// Show takes a snapshot into memory; the Store is left as it is. Only a state
// that ends with the process is shown without being written.
func (b *Book[T]) Show(r *T) {
	name := b.kind.Name(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.weigh(b.records[name], -1)
	b.records[name] = r
	b.weigh(r, 1)
}

// Forget takes a record from memory; the Store is left as it is.
func (b *Book[T]) Forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.weigh(b.records[name], -1)
	delete(b.records, name)
}

// weigh adds the weight of a record to the sums (sign 1) or takes the weight
// away (sign -1). A nil record weighs nothing.
func (b *Book[T]) weigh(r *T, sign int64) {
	if r == nil || b.kind.Weigh == nil {
		return
	}
	owner, weightBytes := b.kind.Weigh(r)
	b.total += sign * weightBytes
	if b.owned[owner] += sign * weightBytes; b.owned[owner] == 0 {
		delete(b.owned, owner)
	}
}
