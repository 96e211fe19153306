package glance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync"

	"needletail/objstore"
	"needletail/proxy/glance/wire"
)

const (
	recordAccount   objstore.AccountName   = ".glance"
	recordContainer objstore.ContainerName = "images"
	// maxRecordBytes bounds one record that is read, and its JSON when it is
	// written.
	maxRecordBytes = 1 << 20
	// maxDescriptionBytes bounds the properties and tags of one image: one value
	// at its longest, and as much again. Images that had more before there was
	// this bound keep it, and may have less.
	maxDescriptionBytes = 2 * maxPropertyBytes
	// maxCatalogBytes bounds the memory of all records, and maxProjectBytes of
	// those of one project, so that one does not take the room of all: some
	// sixteen thousand images with a kilobyte of properties.
	maxCatalogBytes = 128 << 20
	maxProjectBytes = 32 << 20
	// recordBytes is what a record takes beside its texts, and memberBytes what a
	// member takes.
	recordBytes = 1 << 10
	memberBytes = 256
	lockStripes = 64
)

var (
	errNoImage     = errors.New("no such image")
	errImageExists = errors.New("the image exists")
	errUnchanged   = errors.New("nothing to change")
)

// catalog holds all records, in the Store and in memory. Changes of one image
// follow one another; readers see whole snapshots.
type catalog struct {
	store  objstore.Store
	data   objstore.ContainerID // where the images' bytes are
	logger *slog.Logger

	seed  maphash.Seed
	locks [lockStripes]sync.Mutex // by image id: held while an image changes

	mu     sync.RWMutex // protects what follows; never held during I/O
	images map[string]*image
	bytes  map[string]int64 // what the records of each project take
	total  int64            // what all records take
}

func recordID(id string) objstore.ObjectID {
	return objstore.ObjectID{Account: recordAccount, Container: recordContainer, Object: objstore.ObjectName(id)}
}

func (c *catalog) dataID(id string) objstore.ObjectID {
	return c.data.Object(objstore.ObjectName(id))
}

func (c *catalog) lock(id string) *sync.Mutex {
	return &c.locks[maphash.String(c.seed, id)%lockStripes]
}

// find gives the snapshot of an image that is not deleted.
func (c *catalog) find(id string) (*image, bool) {
	m, ok := c.get(id)
	if !ok || m.Status == statusDeleted {
		return nil, false
	}
	return m, true
}

func (c *catalog) get(id string) (*image, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	m, ok := c.images[id]
	return m, ok
}

// each gives the snapshots of all images that are not deleted, in no order.
func (c *catalog) each() []*image {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]*image, 0, len(c.images))
	for _, m := range c.images {
		if m.Status != statusDeleted {
			all = append(all, m)
		}
	}
	return all
}

func (c *catalog) show(m *image) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(c.images[m.ID], -1)
	c.images[m.ID] = m
	c.count(m, 1)
}

// hide forgets a record.
func (c *catalog) hide(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(c.images[id], -1)
	delete(c.images, id)
}

// count adds a record, which may be nil, to the sums or takes it away.
func (c *catalog) count(m *image, sign int64) {
	if m == nil {
		return
	}
	n, owner := sign*m.heldBytes(), m.owner()
	c.total += n
	if c.bytes[owner] += n; c.bytes[owner] == 0 {
		delete(c.bytes, owner)
	}
}

// room refuses a change that takes a record from before, which may be nil, to
// after, if it grows by that over a bound.
func (c *catalog) room(before, after *image) error {
	description, grown := after.descriptionBytes(), after.heldBytes()
	allowed := int64(maxDescriptionBytes)
	if before != nil {
		allowed, grown = max(allowed, before.descriptionBytes()), grown-before.heldBytes()
	}
	if description > allowed {
		return wire.Errorf(413, "The image's properties and tags are longer than %d bytes.", maxDescriptionBytes)
	}
	if grown <= 0 {
		return nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch owner := after.owner(); {
	case c.bytes[owner]+grown > maxProjectBytes:
		return wire.Errorf(413, "The records of the project's images are longer than %d bytes.", maxProjectBytes)
	case c.total+grown > maxCatalogBytes:
		return wire.Errorf(413, "The records of all images are longer than %d bytes.", maxCatalogBytes)
	}
	return nil
}

// add stores a new record, or errImageExists.
func (c *catalog) add(ctx context.Context, m *image) error {
	l := c.lock(m.ID)
	l.Lock()
	defer l.Unlock()
	if _, ok := c.get(m.ID); ok {
		return errImageExists
	}
	if err := c.room(nil, m); err != nil {
		return err
	}
	err := c.write(ctx, m, true)
	if errors.Is(err, objstore.KindPrecondition) {
		return errImageExists
	}
	if err == nil {
		c.show(m)
	}
	return err
}

// update lets change alter a copy of the record and stores it. An error of
// change leaves all as it is; errUnchanged is none. It gives the snapshots
// before and after, or errNoImage.
func (c *catalog) update(ctx context.Context, id string, change func(*image) error) (before, after *image, err error) {
	l := c.lock(id)
	l.Lock()
	defer l.Unlock()
	before, ok := c.find(id)
	if !ok {
		return nil, nil, errNoImage
	}
	after = before.clone()
	if err := change(after); err != nil {
		if errors.Is(err, errUnchanged) {
			return before, before, nil
		}
		return nil, nil, err
	}
	if err := c.room(before, after); err != nil {
		return nil, nil, err
	}
	if err := c.write(ctx, after, false); err != nil {
		return nil, nil, err
	}
	c.show(after)
	return before, after, nil
}

// write makes the record durable.
func (c *catalog) write(ctx context.Context, m *image, create bool) error {
	m.Version = recordVersion
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(body) > maxRecordBytes {
		return wire.Errorf(413, "The image's properties are longer than %d bytes.", maxRecordBytes)
	}
	return c.putCreating(ctx, recordID(m.ID).ContainerID(), func() error {
		_, err := c.store.PutObject(ctx, recordID(m.ID), bytes.NewReader(body), objstore.PutOptions{
			SizeBytes: int64(len(body)), ContentType: "application/json", IfNoneMatch: create,
		})
		return err
	})
}

// putCreating runs put, and once more after creating the container if that is
// missing: a Store says so before it reads any of the body.
func (c *catalog) putCreating(ctx context.Context, id objstore.ContainerID, put func() error) error {
	err := put()
	if !errors.Is(err, objstore.KindContainerNotFound) {
		return err
	}
	if _, err := c.store.PutContainer(ctx, id, objstore.PutContainerOptions{}); err != nil {
		return err
	}
	return put()
}
