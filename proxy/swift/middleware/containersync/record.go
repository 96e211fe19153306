// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"context"
	"errors"
	"strings"
	"time"

	"needletail/objstore"
)

// Where marks are: objects without content whose names begin with the
// container's "account/container".
//
//	synced     ACCOUNT/CONTAINER         the container is synced; metadata positionField
//	deletions  ACCOUNT/CONTAINER/OBJECT  deleted, at the mark's own timestamp
//
// The account of the marks is hidden (objstore.AccountName.Hidden): no client
// can name it.
const (
	markAccount   = objstore.AccountName("\xFFcontainer_sync")
	positionField = "X-Object-Meta-Position"
)

var (
	syncedMarks   = objstore.ContainerID{Account: markAccount, Container: "synced"}
	deletionMarks = objstore.ContainerID{Account: markAccount, Container: "deletions"}
)

// containerMark is the name of a container's mark.
func containerMark(c objstore.ContainerID) objstore.ObjectID {
	return syncedMarks.Object(objstore.ObjectName(strings.TrimPrefix(c.String(), "/")))
}

// deletionMark is the name of a deletion's mark.
func deletionMark(o objstore.ObjectID) objstore.ObjectID {
	return deletionMarks.Object(objstore.ObjectName(strings.TrimPrefix(o.String(), "/")))
}

// Record returns a store that marks everything a Worker has to know. All writes
// for clients must go through it. A store with Swift's layout is returned as it
// is: the cluster's own daemon sends the changes, and knows no marks.
func Record(s objstore.Store) objstore.Store {
	if s.Guarantees().SwiftLayout {
		return s
	}
	return &recorder{s}
}

type recorder struct{ objstore.Store }

// putMark writes a mark. A newer mark is as good.
func putMark(ctx context.Context, s objstore.Store, mark objstore.ObjectID, o objstore.PutOptions) error {
	_, err := s.PutObject(ctx, mark, strings.NewReader(""), o)
	if errors.Is(err, objstore.KindContainerNotFound) {
		if _, err = s.PutContainer(ctx, mark.ContainerID(), objstore.PutContainerOptions{}); err != nil {
			return err
		}
		_, err = s.PutObject(ctx, mark, strings.NewReader(""), o)
	}
	if errors.Is(err, objstore.KindConflict) {
		return nil
	}
	return err
}

func (s *recorder) remember(ctx context.Context, c objstore.ContainerID, u objstore.MetadataUpdate) error {
	if u.Set.Get(toHeader) == "" {
		return nil
	}
	return putMark(ctx, s.Store, containerMark(c), objstore.PutOptions{})
}

// PutContainer marks a container before the container is synced.
func (s *recorder) PutContainer(ctx context.Context, c objstore.ContainerID, o objstore.PutContainerOptions) (bool, error) {
	if err := s.remember(ctx, c, o.MetadataUpdate); err != nil {
		return false, err
	}
	return s.Store.PutContainer(ctx, c, o)
}

// PostContainer marks a container before the container is synced.
func (s *recorder) PostContainer(ctx context.Context, c objstore.ContainerID, u objstore.MetadataUpdate) error {
	if err := s.remember(ctx, c, u); err != nil {
		return err
	}
	return s.Store.PostContainer(ctx, c, u)
}

// DeleteObject marks a deletion in a synced container before the deletion. The
// mark stays if the deletion fails: it may belong to another deletion.
func (s *recorder) DeleteObject(ctx context.Context, id objstore.ObjectID, o objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	c, err := s.HeadContainer(ctx, id.ContainerID(), objstore.InfoOptions{})
	if err != nil || c.Metadata.Get(toHeader) == "" {
		return s.Store.DeleteObject(ctx, id, o)
	}
	old, err := s.HeadObject(ctx, id, objstore.OpenOptions{})
	if err != nil {
		return s.Store.DeleteObject(ctx, id, o)
	}
	at := o.Timestamp
	if at == 0 {
		at = objstore.TimestampOf(time.Now())
	}
	at = max(at, old.Modified+1) // the store's clock may be ahead
	mark := deletionMark(id)
	if err := putMark(ctx, s.Store, mark, objstore.PutOptions{Timestamp: at}); err != nil {
		return objstore.ObjectInfo{}, err
	}
	info, err := s.Store.DeleteObject(ctx, id, o)
	if err == nil && info.Modified >= at { // it was written between the two
		err = putMark(ctx, s.Store, mark, objstore.PutOptions{Timestamp: info.Modified + 1})
	}
	return info, err
}

// dropMark removes a mark, unless the mark is newer than at.
func dropMark(ctx context.Context, s objstore.ObjectStore, mark objstore.ObjectID, at objstore.Timestamp) error {
	_, err := s.DeleteObject(ctx, mark, objstore.DeleteOptions{Timestamp: at + 1})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindConflict) {
		return nil
	}
	return err
}
