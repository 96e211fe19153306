// SPDX-License-Identifier: Apache-2.0

package recordbook

import (
	"context"
	"errors"

	"needletail/objstore"
)

// CreatingContainer runs put. If the container is missing, CreatingContainer
// creates the container and runs put once more: put may stream a body, because
// a Store reports a missing container before the first byte of a body is read.
func CreatingContainer(ctx context.Context, store objstore.Store, id objstore.ContainerID, put func() error) error {
	err := put()
	if !errors.Is(err, objstore.KindContainerNotFound) {
		return err
	}
	if _, err := store.PutContainer(ctx, id, objstore.PutContainerOptions{}); err != nil {
		return err
	}
	return put()
}

// DeleteIfPresent deletes an object. A missing object, or a missing container,
// is no error.
func DeleteIfPresent(ctx context.Context, store objstore.Store, id objstore.ObjectID) error {
	_, err := store.DeleteObject(ctx, id, objstore.DeleteOptions{})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) {
		return nil
	}
	return err
}
