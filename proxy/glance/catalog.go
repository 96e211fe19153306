// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

const (
	recordContainer objstore.ContainerName = "images"
	// maxDescriptionBytes bounds the properties and tags of an image: a value of
	// the greatest length, and as much again. An image from before the bound keeps
	// a longer description, and may get a shorter one.
	maxDescriptionBytes = 2 * maxPropertyBytes
	// maxCatalogBytes bounds the memory of all records: some sixteen thousand
	// images with a kilobyte of properties. maxProjectBytes bounds the memory of a
	// project's records, so that a project does not take the room of all.
	maxCatalogBytes = 128 << 20
	maxProjectBytes = 32 << 20
	// recordBytes is the memory that a record takes beside its texts and members.
	// memberBytes is the memory that a member takes.
	recordBytes = 1 << 10
	memberBytes = 256
)

var (
	errNoImage     = errors.New("no such image")
	errImageExists = errors.New("the image exists")
	errUnchanged   = errors.New("nothing to change")
)

// imageRecords is the kind of images' records. A record counts for the image's
// project, and for the project "" if the image has no owner.
var imageRecords = recordbook.Kind[image]{
	Container: recordContainer,
	Name:      func(m *image) string { return m.ID },
	Check:     (*image).checkRecord,
	Weigh:     func(m *image) (string, int64) { return m.owner(), m.heldBytes() },
}

// checkRecord refuses a record of another version, or of an image that the API
// cannot name.
func (m *image) checkRecord() error {
	if m.Version != recordVersion {
		return fmt.Errorf("version %d", m.Version)
	}
	if !wire.IsUUID(m.ID) {
		return fmt.Errorf("the record names image %q", m.ID)
	}
	return nil
}

// catalog holds all images: their records, in memory too, and their data, in the
// Store alone. Changes of an image follow one another; readers see whole
// snapshots. The snapshot of a request may be old when the request changes the
// image: each change judges the newest snapshot, under the image's lock.
type catalog struct {
	store   objstore.Store
	data    objstore.ContainerID // the images' data
	logger  *slog.Logger
	records *recordbook.Book[image]
}

// openCatalog reads all records, and ends the uploads and deletions that a crash
// cut short.
func openCatalog(ctx context.Context, store objstore.Store, data objstore.ContainerID, logger *slog.Logger) (*catalog, error) {
	c := &catalog{store: store, data: data, logger: logger, records: recordbook.New(store, imageRecords, logger)}
	return c, c.records.Load(ctx, func(m *image) error { return c.recover(ctx, m) })
}

// recover ends the work on an image that a crash cut short: a deletion goes on,
// and data that was on its way is dropped.
func (c *catalog) recover(ctx context.Context, m *image) error {
	switch {
	case m.Status == statusDeleted:
		return c.purge(ctx, m.ID)
	case m.receives():
		if err := c.dropData(ctx, m.ID); err != nil {
			return err
		}
		_, _, err := c.update(ctx, m.ID, func(m *image) error {
			m.dropData()
			return nil
		})
		return err
	}
	return nil
}

// dataID returns where the Store keeps the data of an image.
func (c *catalog) dataID(id string) objstore.ObjectID {
	return c.data.Object(objstore.ObjectName(id))
}

// find returns the snapshot of an image that is not deleted.
func (c *catalog) find(id string) (*image, bool) {
	m := c.records.Get(id)
	if m == nil || m.Status == statusDeleted {
		return nil, false
	}
	return m, true
}

// each returns the snapshots of all images that are not deleted, in no order.
func (c *catalog) each() []*image {
	return c.records.List(func(m *image) bool { return m.Status != statusDeleted })
}

// room refuses a change of a record from before (nil: a new record) to after, if
// the record grows and then exceeds a bound.
func (c *catalog) room(before, after *image) error {
	description, grown := after.descriptionBytes(), after.heldBytes()
	allowed := int64(maxDescriptionBytes)
	if before != nil {
		allowed, grown = max(allowed, before.descriptionBytes()), grown-before.heldBytes()
	}
	if description > allowed {
		return wire.Errorf(413, "The image's properties and tags are longer than %d bytes.", maxDescriptionBytes)
	}
	owned, total := c.records.Sums(after.owner())
	return roomFor(grown, owned, total)
}

// roomFor refuses grown more bytes of records, beside those of the project and
// of all.
func roomFor(grown, owned, total int64) error {
	switch {
	case grown <= 0:
		return nil
	case owned+grown > maxProjectBytes:
		return wire.Errorf(413, "The records of the project's images are longer than %d bytes.", maxProjectBytes)
	case total+grown > maxCatalogBytes:
		return wire.Errorf(413, "The records of all images are longer than %d bytes.", maxCatalogBytes)
	}
	return nil
}

// add stores a new record. The error is errImageExists if the id is taken.
func (c *catalog) add(ctx context.Context, m *image) error {
	defer c.records.Lock(m.ID)()
	if c.records.Get(m.ID) != nil {
		return errImageExists
	}
	if err := c.room(nil, m); err != nil {
		return err
	}
	m.Version = recordVersion
	err := c.records.Create(ctx, m)
	if errors.Is(err, objstore.KindPrecondition) {
		return errImageExists
	}
	return tooLong(err)
}

// update lets change alter a copy of the record, stores the copy, and returns the
// snapshots before and after. If change fails, the record stays as it is. The
// error errUnchanged of change is no error of update: both snapshots are then the
// same. The error is errNoImage if the image is absent.
func (c *catalog) update(ctx context.Context, id string, change func(*image) error) (before, after *image, err error) {
	defer c.records.Lock(id)()
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
	after.Version = recordVersion
	if err := c.records.Put(ctx, after); err != nil {
		return nil, nil, tooLong(err)
	}
	return before, after, nil
}

// tooLong maps the book's refusal of a long record to an answer.
func tooLong(err error) error {
	if errors.Is(err, recordbook.ErrTooLong) {
		return wire.Errorf(413, "The image's properties are longer than %d bytes.", recordbook.MaxRecordBytes)
	}
	return err
}
