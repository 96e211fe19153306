package glance

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"

	"needletail/objstore"
	"needletail/proxy/glance/wire"
)

const (
	metadefContainer objstore.ContainerName = "metadefs"
	// metadefsMax bounds the namespaces.
	metadefsMax = 10_000
	// metadefPartsMax bounds the parts of one kind in a namespace.
	metadefPartsMax = 4096
)

// metadefBook holds all namespaces, in the Store and in memory. Changes follow
// one another: there are few.
type metadefBook struct {
	catalog *catalog

	change sync.Mutex // held while a namespace changes

	mu     sync.RWMutex // protects the map; never held during I/O
	byName map[string]*metadef
}

func metadefRecordID(name string) objstore.ObjectID {
	return objstore.ObjectID{Account: recordAccount, Container: metadefContainer, Object: objstore.ObjectName(name)}
}

func openMetadefs(ctx context.Context, c *catalog, logger *slog.Logger) (*metadefBook, error) {
	b := &metadefBook{catalog: c, byName: map[string]*metadef{}}
	err := eachRecord(ctx, c.store, metadefContainer, func(name string) error {
		body, err := readRecordBody(ctx, c.store, metadefRecordID(name))
		if err != nil {
			return err
		}
		d := new(metadef)
		if err := json.Unmarshal(body, d); err != nil || d.Version != recordVersion || d.Namespace != name {
			logger.Error("metadata definitions cannot be read", "namespace", name, "err", err)
			return nil
		}
		b.byName[name] = d
		return nil
	})
	return b, err
}

// find gives the snapshot of a namespace, or nil.
func (b *metadefBook) find(name string) *metadef {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byName[name]
}

// visible gives the snapshots of what a caller may see, in no order.
func (b *metadefBook) visible(who caller) []*metadef {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var list []*metadef
	for _, d := range b.byName {
		if d.visibleTo(who) {
			list = append(list, d)
		}
	}
	return list
}

// add keeps a new namespace.
func (b *metadefBook) add(ctx context.Context, d *metadef) error {
	b.change.Lock()
	defer b.change.Unlock()
	if b.find(d.Namespace) != nil {
		return wire.Errorf(409, "A metadata definition namespace with name %s already exists.", d.Namespace)
	}
	if b.count() >= metadefsMax {
		return wire.Errorf(413, "There are %d metadata definition namespaces already.", metadefsMax)
	}
	return b.put(ctx, d)
}

func (b *metadefBook) count() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.byName)
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
		return after, b.drop(ctx, name)
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
	return b.drop(ctx, name)
}

func noNamespace(name string) error {
	return wire.Errorf(404, "Metadata definition namespace=%s was not found.", wire.Cut(name))
}

func (b *metadefBook) put(ctx context.Context, d *metadef) error {
	d.Version = recordVersion
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if len(body) > maxRecordBytes {
		return wire.Errorf(413, "The namespace's definitions are longer than %d bytes.", maxRecordBytes)
	}
	id := metadefRecordID(d.Namespace)
	err = b.catalog.putCreating(ctx, id.ContainerID(), func() error {
		_, err := b.catalog.store.PutObject(ctx, id, bytes.NewReader(body), objstore.PutOptions{
			SizeBytes: int64(len(body)), ContentType: "application/json",
		})
		return err
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.byName[d.Namespace] = d
	b.mu.Unlock()
	return nil
}

func (b *metadefBook) drop(ctx context.Context, name string) error {
	if err := b.catalog.dropObject(ctx, metadefRecordID(name)); err != nil {
		return err
	}
	b.mu.Lock()
	delete(b.byName, name)
	b.mu.Unlock()
	return nil
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
