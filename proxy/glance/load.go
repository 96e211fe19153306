package glance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"

	"needletail/objstore"
)

// recordPage is how many records one listing of the start-up asks for.
const recordPage = 1000

// openCatalog reads all records and ends what a crash cut short.
func openCatalog(ctx context.Context, store objstore.Store, data objstore.ContainerID, logger *slog.Logger) (*catalog, error) {
	c := &catalog{store: store, data: data, logger: logger, seed: maphash.MakeSeed(), images: map[string]*image{}, bytes: map[string]int64{}}
	err := eachRecord(ctx, store, recordContainer, func(id string) error { return c.loadRecord(ctx, id) })
	return c, err
}

// eachRecord visits the names of all records in a container, which may be
// missing.
func eachRecord(ctx context.Context, store objstore.Store, in objstore.ContainerName, visit func(id string) error) error {
	for marker := ""; ; {
		page, err := recordNames(ctx, store, in, marker)
		if err != nil {
			return fmt.Errorf("glance: listing the records of %s: %w", in, err)
		}
		for _, id := range page {
			if err := visit(id); err != nil {
				return fmt.Errorf("glance: record %s of %s: %w", id, in, err)
			}
		}
		if len(page) < recordPage {
			return nil
		}
		marker = page[len(page)-1]
	}
}

func recordNames(ctx context.Context, store objstore.Store, in objstore.ContainerName, marker string) ([]string, error) {
	var names []string
	id := objstore.ContainerID{Account: recordAccount, Container: in}
	err := store.ListObjects(ctx, id, objstore.ListOptions{Limit: recordPage, Marker: marker},
		func(e *objstore.ObjectEntry) error {
			names = append(names, e.Name)
			return nil
		})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) {
		return nil, nil
	}
	return names, err
}

// loadRecord takes one record into memory. A record that cannot be understood
// is logged and left alone: one damaged image must not keep the others away.
func (c *catalog) loadRecord(ctx context.Context, id string) error {
	m, err := c.readRecord(ctx, id)
	switch {
	case errors.Is(err, errBadRecord) || errors.Is(err, objstore.KindCorrupt) || errors.Is(err, objstore.KindNotFound):
		c.logger.Error("image record cannot be read", "image", id, "err", err)
		return nil
	case err != nil:
		return err
	}
	c.show(m)
	switch {
	case m.Status == statusDeleted:
		return c.purge(ctx, id)
	case m.receives():
		if err := c.dropData(ctx, id); err != nil {
			return err
		}
		_, _, err = c.update(ctx, id, func(m *image) error {
			m.dropData()
			return nil
		})
	}
	return err
}

var errBadRecord = errors.New("not an image record")

func (c *catalog) readRecord(ctx context.Context, id string) (*image, error) {
	body, err := readRecordBody(ctx, c.store, recordID(id))
	if err != nil {
		return nil, err
	}
	return decodeRecord(id, body)
}

func readRecordBody(ctx context.Context, store objstore.Store, id objstore.ObjectID) ([]byte, error) {
	o, err := store.OpenObject(ctx, id, objstore.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer o.Close()
	size := o.Info().SizeBytes
	if size > maxRecordBytes {
		return nil, fmt.Errorf("%w: %d bytes", errBadRecord, size)
	}
	return io.ReadAll(o.Range(0, size))
}

func decodeRecord(id string, body []byte) (*image, error) {
	m := new(image)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRecord, err)
	}
	if m.Version != recordVersion {
		return nil, fmt.Errorf("%w: version %d", errBadRecord, m.Version)
	}
	if m.ID != id || !isUUID(id) {
		return nil, fmt.Errorf("%w: it names image %q", errBadRecord, m.ID)
	}
	return m, nil
}
