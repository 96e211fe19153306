// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"bytes"
	"context"
	"io"

	"needletail/objstore"
)

// opened is a version of an object, held by its pointer.
type opened struct {
	info objstore.ObjectInfo
	body []byte
}

// OpenObject opens the present version.
func (s *Store) OpenObject(_ context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	obj, err := s.find("open object", id, o)
	if err != nil {
		return nil, err
	}
	return &opened{info: clone(obj.info), body: obj.body}, nil
}

func (o *opened) Info() *objstore.ObjectInfo { return &o.info }

func (o *opened) Range(offset, length int64) io.Reader {
	return bytes.NewReader(o.body[offset : offset+length])
}

func (o *opened) Close() error { return nil }
