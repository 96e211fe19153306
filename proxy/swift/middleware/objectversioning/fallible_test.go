// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"needletail/objstore"
)

// fallible is a store that stops, as a crash would, before a chosen write.
type fallible struct {
	objstore.Store
	// left is how many writes still work; 0 for all.
	left   atomic.Int64
	failed bool
}

var errCrashed = errors.New("the machine is down")

func (f *fallible) crashAfter(writes int64) { f.failed = false; f.left.Store(writes + 1) }

func (f *fallible) recover() (crashed bool) {
	f.left.Store(0)
	return f.failed
}

func (f *fallible) write() error {
	if f.left.Load() == 0 {
		return nil
	}
	if f.left.Load() > 1 {
		f.left.Add(-1)
		return nil
	}
	f.failed = true
	return &objstore.Error{Kind: objstore.KindUnavailable, Op: "write", Err: errCrashed}
}

func (f *fallible) PutObject(ctx context.Context, o objstore.ObjectID, body io.Reader, opts objstore.PutOptions) (objstore.ObjectInfo, error) {
	if err := f.write(); err != nil {
		return objstore.ObjectInfo{}, err
	}
	return f.Store.PutObject(ctx, o, body, opts)
}

func (f *fallible) PostObject(ctx context.Context, o objstore.ObjectID, opts objstore.PostOptions) (objstore.ObjectInfo, error) {
	if err := f.write(); err != nil {
		return objstore.ObjectInfo{}, err
	}
	return f.Store.PostObject(ctx, o, opts)
}

func (f *fallible) DeleteObject(ctx context.Context, o objstore.ObjectID, opts objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	if err := f.write(); err != nil {
		return objstore.ObjectInfo{}, err
	}
	return f.Store.DeleteObject(ctx, o, opts)
}

func (f *fallible) PutContainer(ctx context.Context, c objstore.ContainerID, o objstore.PutContainerOptions) (bool, error) {
	if err := f.write(); err != nil {
		return false, err
	}
	return f.Store.PutContainer(ctx, c, o)
}

func (f *fallible) DeleteContainer(ctx context.Context, c objstore.ContainerID) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.Store.DeleteContainer(ctx, c)
}

func (f *fallible) PostContainer(ctx context.Context, c objstore.ContainerID, u objstore.MetadataUpdate) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.Store.PostContainer(ctx, c, u)
}
