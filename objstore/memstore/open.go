// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"bytes"
	"context"
	"errors"
	"io"

	"needletail/objstore"
)

// opened is a version of an object, held by its pointer.
type opened struct {
	s    *Store
	id   objstore.ObjectID
	info objstore.ObjectInfo
	body []byte
}

// OpenObject opens the present version.
func (s *Store) OpenObject(_ context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	obj, err := s.find("open object", id, o)
	if err != nil {
		return nil, err
	}
	return &opened{s: s, id: id, info: clone(obj.info), body: obj.body}, nil
}

func (o *opened) Info() *objstore.ObjectInfo { return &o.info }

func (o *opened) Range(offset, length int64) io.Reader {
	if !o.s.promises.StableObjects && o.replaced() {
		return failed{call{"read object", o.id.String()}.fail(objstore.KindUnavailable, errReplaced)}
	}
	return bytes.NewReader(o.body[offset : offset+length])
}

// failed is a reader that fails.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

var errReplaced = errors.New("another version was written meanwhile")

// replaced reports whether the store has another version by now.
func (o *opened) replaced() bool {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	now := o.s.stored(o.id)
	return now == nil || now.info.Created != o.info.Created
}

func (o *opened) Close() error { return nil }
