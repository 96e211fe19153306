// SPDX-License-Identifier: Apache-2.0

package recordbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"needletail/objstore"
)

// pageRecords is how many records Load lists at a time.
const pageRecords = 1000

// errUnreadable says that an object is not a record of its kind.
var errUnreadable = errors.New("not a record")

// Load shows all records that are in the Store. after runs for each record once
// the record is shown, in the order of names; an error of after ends Load.
func (b *Book[T]) Load(ctx context.Context, after func(*T) error) error {
	for marker := ""; ; {
		page, err := b.names(ctx, marker)
		if err != nil {
			return fmt.Errorf("glance: listing the records of %s: %w", b.kind.Container, err)
		}
		for _, name := range page {
			if err := b.load(ctx, name, after); err != nil {
				return fmt.Errorf("glance: record %s of %s: %w", name, b.kind.Container, err)
			}
		}
		if len(page) < pageRecords {
			return nil
		}
		marker = page[len(page)-1]
	}
}

// names lists a page of records after the marker. A missing container has no
// records.
func (b *Book[T]) names(ctx context.Context, marker string) ([]string, error) {
	var names []string
	id := objstore.ContainerID{Account: Account, Container: b.kind.Container}
	err := b.store.ListObjects(ctx, id, objstore.ListOptions{Limit: pageRecords, Marker: marker},
		func(e *objstore.ObjectEntry) error {
			names = append(names, e.Name)
			return nil
		})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) {
		return nil, nil
	}
	return names, err
}

// load shows a record, and runs after. An unreadable record is logged.
func (b *Book[T]) load(ctx context.Context, name string, after func(*T) error) error {
	r, err := b.read(ctx, name)
	switch {
	case errors.Is(err, objstore.KindNotFound) && b.kind.DeleteAt != nil:
		return nil // the record has expired since the listing
	case errors.Is(err, errUnreadable) || errors.Is(err, objstore.KindCorrupt) || errors.Is(err, objstore.KindNotFound):
		b.logger.Error("a record cannot be read", "container", b.kind.Container, "record", name, "err", err)
		return nil
	case err != nil:
		return err
	}
	b.Show(r)
	return after(r)
}

func (b *Book[T]) read(ctx context.Context, name string) (*T, error) {
	o, err := b.store.OpenObject(ctx, b.kind.ObjectID(name), objstore.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer o.Close()
	sizeBytes := o.Info().SizeBytes
	if sizeBytes > MaxRecordBytes {
		return nil, fmt.Errorf("%w: %d bytes", errUnreadable, sizeBytes)
	}
	body, err := io.ReadAll(o.Range(0, sizeBytes))
	if err != nil {
		return nil, err
	}
	return b.kind.Decode(name, body)
}

// Decode returns the record in the body of an object. The record must have the
// object's name.
func (k *Kind[T]) Decode(name string, body []byte) (*T, error) {
	r := new(T)
	if err := json.Unmarshal(body, r); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if err := k.Check(r); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if own := k.Name(r); own != name {
		return nil, fmt.Errorf("%w: the record names %q", errUnreadable, own)
	}
	return r, nil
}
