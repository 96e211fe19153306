// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

const (
	container objstore.ContainerName = "metadefs"
	// namespacesMax bounds the number of namespaces.
	namespacesMax = 10_000
)

// records is the kind of namespaces' records.
var records = recordbook.Kind[namespace]{
	Container: container,
	Name:      func(d *namespace) string { return d.Namespace },
	Check:     (*namespace).checkRecord,
}

// book holds all namespaces. Changes of all namespaces follow one another:
// changes are few, and a renaming concerns two names.
type book struct {
	records *recordbook.Book[namespace]
	change  sync.Mutex // held while a namespace changes
}

// openBook returns a book with all namespaces in the Store.
func openBook(ctx context.Context, store objstore.Store, logger *slog.Logger) (*book, error) {
	b := &book{records: recordbook.New(store, records, logger)}
	return b, b.records.Load(ctx, func(*namespace) error { return nil })
}

// visible returns the snapshots that the caller may see, in no order.
func (b *book) visible(c *Call) []*namespace {
	return b.records.List(func(d *namespace) bool { return d.visibleTo(c) })
}

// add keeps a new namespace.
func (b *book) add(ctx context.Context, d *namespace) error {
	b.change.Lock()
	defer b.change.Unlock()
	if b.records.Get(d.Namespace) != nil {
		return nameTaken(d.Namespace)
	}
	if b.records.Len() >= namespacesMax {
		return wire.Errorf(413, "There are %d metadata definition namespaces already.", namespacesMax)
	}
	return b.put(ctx, d)
}

// update lets change alter a copy of a namespace, stores the copy and returns
// the copy. change may give the namespace another name: the record of the new
// name is written before the record of the old name is deleted, so that a crash
// in between leaves both and loses nothing.
func (b *book) update(ctx context.Context, name string, nowMicros int64, change func(*namespace) error) (*namespace, error) {
	b.change.Lock()
	defer b.change.Unlock()
	before := b.records.Get(name)
	if before == nil {
		return nil, noNamespace(name)
	}
	after := before.clone()
	if err := change(after); err != nil {
		return nil, err
	}
	after.UpdatedMicros = nowMicros
	renamed := after.Namespace != name
	if renamed && b.records.Get(after.Namespace) != nil {
		return nil, nameTaken(after.Namespace)
	}
	if err := b.put(ctx, after); err != nil {
		return nil, err
	}
	if renamed {
		return after, b.records.Drop(ctx, name)
	}
	return after, nil
}

// remove deletes a namespace that is not protected.
func (b *book) remove(ctx context.Context, name string) error {
	b.change.Lock()
	defer b.change.Unlock()
	d := b.records.Get(name)
	if d == nil {
		return noNamespace(name)
	}
	if d.Protected {
		return wire.Errorf(403, "Metadata definition namespace %s is protected and cannot be deleted.", name)
	}
	return b.records.Drop(ctx, name)
}

// put stores a record; the error of a long record is an answer.
func (b *book) put(ctx context.Context, d *namespace) error {
	d.Version = recordVersion
	err := b.records.Put(ctx, d)
	if errors.Is(err, recordbook.ErrTooLong) {
		return wire.Errorf(413, "The namespace's definitions are longer than %d bytes.", recordbook.MaxRecordBytes)
	}
	return err
}

func nameTaken(name string) error {
	return wire.Errorf(409, "A metadata definition namespace with name %s already exists.", name)
}

func noNamespace(name string) error {
	return wire.Errorf(404, "Metadata definition namespace=%s was not found.", wire.Cut(name))
}
