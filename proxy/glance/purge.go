// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

// remove deletes an image, if allowed returns no error. The record is marked as
// deleted first: a crash in between leaves a mark for the next New, and never
// data without a record. While an upload runs, remove only marks: the upload
// finds the mark at its end and removes the data.
func (c *catalog) remove(ctx context.Context, id string, allowed func(*image) error) error {
	before, _, err := c.update(ctx, id, func(m *image) error {
		if err := allowed(m); err != nil {
			return err
		}
		m.Untouched = m.Status == statusQueued && !m.leftover
		m.Status = statusDeleted
		return nil
	})
	if errors.Is(err, objstore.KindNoSpace) {
		return c.removeUnmarked(ctx, id, allowed)
	}
	if err != nil || before.receives() {
		return err
	}
	return c.purge(ctx, id)
}

// removeUnmarked deletes an image on a disk without room for the mark. The data
// goes first: a crash in between leaves an image without data, which may be
// deleted again.
func (c *catalog) removeUnmarked(ctx context.Context, id string, allowed func(*image) error) error {
	defer c.records.Lock(id)()
	m, ok := c.find(id)
	if !ok {
		return errNoImage
	}
	if err := allowed(m.clone()); err != nil {
		return err
	}
	if m.receives() {
		return wire.Errorf(409, "Image %s cannot be deleted while its data arrives and the disk is full.", id)
	}
	return c.drop(ctx, m, m.Status == statusQueued && !m.leftover)
}

// purge removes the data and then the record of an image that is marked as
// deleted. An image without the mark stays.
func (c *catalog) purge(ctx context.Context, id string) error {
	defer c.records.Lock(id)()
	m := c.records.Get(id)
	if m == nil || m.Status != statusDeleted {
		return nil
	}
	return c.drop(ctx, m, m.Untouched)
}

// drop removes the data and then the record. Data at the place of an untouched
// image stays: the image never had data, and the data is foreign. The caller
// holds the image's lock.
func (c *catalog) drop(ctx context.Context, m *image, untouched bool) error {
	if !untouched {
		if err := c.dropData(ctx, m.ID); err != nil {
			return err
		}
	}
	return c.records.Drop(ctx, m.ID)
}

// requeue ends an upload that failed. The data is removed and the image is queued
// again. An image that was deleted meanwhile is purged, and deleted is true.
// stored means that the data was stored whole, and that the later write of the
// record failed.
func (c *catalog) requeue(ctx context.Context, id string, stored bool) (deleted bool) {
	err := c.takeBack(ctx, id, stored)
	if errors.Is(err, errNoImage) {
		deleted, err = true, c.purge(ctx, id)
	}
	if err != nil {
		// On disk the image is as it was before, or active with its data, or marked as
		// deleted: New can read all three. In memory the image is queued, so that the
		// data can be uploaded again.
		c.logger.Error("a failed upload is left until the next upload or start", "image", id, "err", err)
		c.showQueued(id)
	}
	return deleted
}

// takeBack removes the data and then queues the image.
func (c *catalog) takeBack(ctx context.Context, id string, stored bool) error {
	if stored {
		// The write that failed may have reached the disk all the same. A record on
		// disk in state "active" must not lose its data, and so the record is written
		// as it was before the data goes.
		if _, _, err := c.update(ctx, id, func(*image) error { return nil }); err != nil {
			return err
		}
	}
	if err := c.dropData(ctx, id); err != nil {
		return err
	}
	_, _, err := c.update(ctx, id, func(m *image) error {
		m.dropData()
		return nil
	})
	return err
}

// showQueued queues an image in memory alone. leftover remembers the data.
func (c *catalog) showQueued(id string) {
	defer c.records.Lock(id)()
	if m, ok := c.find(id); ok && m.receives() {
		queued := m.clone()
		queued.dropData()
		queued.leftover = true
		c.records.Show(queued)
	}
}

// dropData deletes the data of an image, in segments or as a single object.
// Absent data is no error.
func (c *catalog) dropData(ctx context.Context, id string) error {
	if err := c.dropSegments(ctx, id); err != nil {
		return err
	}
	return recordbook.DeleteIfPresent(ctx, c.store, c.dataID(id))
}
