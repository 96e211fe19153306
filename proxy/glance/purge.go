package glance

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

// remove deletes an image that allowed lets go. The record is marked first, so
// that a crash in between leaves a mark that the next New acts on, and never
// data without a record. While an upload runs the mark is all: the upload finds
// it at its end and removes what it stored.
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

// removeUnmarked deletes an image where the disk has no room for the mark: the
// data goes first. A crash in between leaves an image without data, which may be
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

// purge removes the data and then the record of an image that is marked.
func (c *catalog) purge(ctx context.Context, id string) error {
	defer c.records.Lock(id)()
	m := c.records.Get(id)
	if m == nil || m.Status != statusDeleted {
		return nil
	}
	return c.drop(ctx, m, m.Untouched)
}

// drop removes the data, unless the image never had any, and then the record.
// The image's lock is held.
func (c *catalog) drop(ctx context.Context, m *image, untouched bool) error {
	if !untouched {
		if err := c.dropData(ctx, m.ID); err != nil {
			return err
		}
	}
	return c.records.Drop(ctx, m.ID)
}

// requeue ends an upload that failed: what it stored goes, and the image is
// queued again, or gone if it was deleted meanwhile. It reports that last.
// stored means that the data was whole and making it the image's failed.
func (c *catalog) requeue(ctx context.Context, id string, stored bool) (deleted bool) {
	err := c.takeBack(ctx, id, stored)
	if errors.Is(err, errNoImage) {
		deleted, err = true, c.purge(ctx, id)
	}
	if err != nil {
		// On disk the image is as it was before, or active with its data, or marked: New
		// can read each of them. Here it may be uploaded again.
		c.logger.Error("a failed upload is left until the next upload or start", "image", id, "err", err)
		c.showQueued(id)
	}
	return deleted
}

// takeBack removes the data and then makes the record queued.
func (c *catalog) takeBack(ctx context.Context, id string, stored bool) error {
	if stored {
		// The write that failed may have reached the disk all the same, and an
		// active record must not lose its data.
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

func (c *catalog) showQueued(id string) {
	defer c.records.Lock(id)()
	if m, ok := c.find(id); ok && m.receives() {
		queued := m.clone()
		queued.dropData()
		queued.leftover = true
		c.records.Show(queued)
	}
}

func (c *catalog) dropData(ctx context.Context, id string) error {
	if err := c.dropSegments(ctx, id); err != nil {
		return err
	}
	return recordbook.DeleteIfPresent(ctx, c.store, c.dataID(id))
}
