package glance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

const (
	metadefContainer objstore.ContainerName = "metadefs"
	// metadefsMax bounds the namespaces.
	metadefsMax = 10_000
	// metadefPartsMax bounds the parts of one kind in a namespace.
	metadefPartsMax = 4096
)

// metadefRecords is the kind of namespaces' records.
var metadefRecords = recordbook.Kind[metadef]{
	Container: metadefContainer,
	Name:      func(d *metadef) string { return d.Namespace },
	Check:     (*metadef).checkRecord,
}

// checkRecord refuses a record of another version.
func (d *metadef) checkRecord() error {
	if d.Version != recordVersion {
		return fmt.Errorf("version %d", d.Version)
	}
	return nil
}

// metadefBook holds all namespaces. Changes of all namespaces follow one
// another: changes are few, and a renaming concerns two names.
type metadefBook struct {
	records *recordbook.Book[metadef]
	change  sync.Mutex // held while a namespace changes
}

func openMetadefs(ctx context.Context, store objstore.Store, logger *slog.Logger) (*metadefBook, error) {
	b := &metadefBook{records: recordbook.New(store, metadefRecords, logger)}
	return b, b.records.Load(ctx, func(*metadef) error { return nil })
}

// find returns the snapshot of a namespace, or nil.
func (b *metadefBook) find(name string) *metadef { return b.records.Get(name) }

// visible returns the snapshots that the caller may see, in no order.
func (b *metadefBook) visible(who caller) []*metadef {
	return b.records.List(func(d *metadef) bool { return d.visibleTo(who) })
}

// add keeps a new namespace.
func (b *metadefBook) add(ctx context.Context, d *metadef) error {
	b.change.Lock()
	defer b.change.Unlock()
	if b.find(d.Namespace) != nil {
		return wire.Errorf(409, "A metadata definition namespace with name %s already exists.", d.Namespace)
	}
	if b.records.Len() >= metadefsMax {
		return wire.Errorf(413, "There are %d metadata definition namespaces already.", metadefsMax)
	}
	return b.put(ctx, d)
}

// update lets change alter a copy of a namespace, which may get another name.
func (b *metadefBook) update(ctx context.Context, name string, nowMicros int64, change func(*metadef) error) (*metadef, error) {
	b.change.Lock()
	defer b.change.Unlock()
	before := b.find(name)
	if before == nil {
		return nil, noNamespace(name)
	}
	after := before.clone()
	if err := change(after); err != nil {
		return nil, err
	}
	after.UpdatedMicros = nowMicros
	if after.Namespace != name && b.find(after.Namespace) != nil {
		return nil, wire.Errorf(409, "A metadata definition namespace with name %s already exists.", after.Namespace)
	}
	if err := b.put(ctx, after); err != nil {
		return nil, err
	}
	if after.Namespace != name {
		return after, b.records.Drop(ctx, name)
	}
	return after, nil
}

// remove deletes a namespace that is not protected.
func (b *metadefBook) remove(ctx context.Context, name string) error {
	b.change.Lock()
	defer b.change.Unlock()
	d := b.find(name)
	if d == nil {
		return noNamespace(name)
	}
	if d.Protected {
		return wire.Errorf(403, "Metadata definition namespace %s is protected and cannot be deleted.", name)
	}
	return b.records.Drop(ctx, name)
}

func noNamespace(name string) error {
	return wire.Errorf(404, "Metadata definition namespace=%s was not found.", wire.Cut(name))
}

func (b *metadefBook) put(ctx context.Context, d *metadef) error {
	d.Version = recordVersion
	err := b.records.Put(ctx, d)
	if errors.Is(err, recordbook.ErrTooLong) {
		return wire.Errorf(413, "The namespace's definitions are longer than %d bytes.", recordbook.MaxRecordBytes)
	}
	return err
}

// setPart adds a part, or replaces the one of the name old.
func (d *metadef) setPart(kind, old string, p metadefPart) error {
	parts := d.parts(kind)
	i := findPart(*parts, p.Name)
	if old == "" {
		if i >= 0 {
			return wire.Errorf(409, "A metadata definition %s with name=%s already exists in namespace=%s.", kindWord(kind), p.Name, d.Namespace)
		}
		if len(*parts) >= metadefPartsMax {
			return wire.Errorf(413, "The namespace has %d %s already.", metadefPartsMax, kind)
		}
		*parts = append(*parts, p)
		return nil
	}
	at := findPart(*parts, old)
	if at < 0 {
		return d.noPart(kind, old)
	}
	if i >= 0 && i != at {
		return wire.Errorf(409, "A metadata definition %s with name=%s already exists in namespace=%s.", kindWord(kind), p.Name, d.Namespace)
	}
	p.CreatedMicros = (*parts)[at].CreatedMicros
	(*parts)[at] = p
	return nil
}

func (d *metadef) deletePart(kind, name string) error {
	parts := d.parts(kind)
	i := findPart(*parts, name)
	if i < 0 {
		return d.noPart(kind, name)
	}
	*parts = slices.Delete(*parts, i, i+1)
	return nil
}

func (d *metadef) noPart(kind, name string) error {
	if kind == kindResourceType {
		return wire.Errorf(404, "The metadata definition resource-type association of resource-type=%s to namespace=%s was not found.", wire.Cut(name), d.Namespace)
	}
	return wire.Errorf(404, "The metadata definition %s with name=%s was not found in namespace=%s.", kindWord(kind), wire.Cut(name), d.Namespace)
}

// kindWord is what Glance's messages call a kind of part.
func kindWord(kind string) string {
	switch kind {
	case kindProperty:
		return "property"
	case kindObject:
		return "object"
	case kindTag:
		return "tag"
	}
	return "resource-type association"
}
