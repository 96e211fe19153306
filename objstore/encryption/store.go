// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"context"
	"crypto/rand"
	"errors"
	"io"

	"needletail/objstore"
)

// Store encrypts the objects of another Store.
type Store struct {
	objstore.Store
	keys Keys
}

// New puts encryption around a store. Keys without a secret encrypt nothing,
// and make reading an encrypted object an error that says so.
func New(inner objstore.Store, keys Keys) *Store {
	return &Store{Store: inner, keys: keys}
}

func fail(op string, id objstore.ObjectID, k objstore.Kind, cause error) error {
	return &objstore.Error{Kind: k, Op: op, Name: id.String(), Err: cause}
}

// unreadable returns the error of an object that does not open. A secret
// missing from the configuration is the operator's to put right, and no damage.
func unreadable(op string, id objstore.ObjectID, cause error) error {
	if errors.Is(cause, ErrNoSecret) {
		return fail(op, id, objstore.KindInternal, cause)
	}
	return fail(op, id, objstore.KindCorrupt, cause)
}

// errETag ends a PUT whose plaintext has another MD5 than stated.
var errETag = errors.New("the body's MD5 is not the one that was stated")

// PutObject encrypts the body while reading it.
func (s *Store) PutObject(ctx context.Context, id objstore.ObjectID, body io.Reader, o objstore.PutOptions) (objstore.ObjectInfo, error) {
	const op = "put object"
	if !s.keys.write {
		return s.Store.PutObject(ctx, id, body, o)
	}
	var b secretBody
	rand.Read(b.key[:])
	rand.Read(b.iv[:])
	plain, err := newEncrypter(body, &b, o.SHA512)
	if err != nil {
		return objstore.ObjectInfo{}, fail(op, id, objstore.KindInternal, err)
	}
	var seen objstore.ObjectInfo // what was put, as the client sees it
	inner := o
	inner.ETag, inner.SHA512, inner.AnyETag = "", false, true
	inner.Finish = func(i *objstore.ObjectInfo) error {
		storedETag := i.ETag
		b.etag, b.sha512 = plain.sums()
		i.ETag, i.SHA512 = b.etag, b.sha512
		if o.ETag != "" && o.ETag != b.etag {
			return errETag
		}
		if o.Finish != nil {
			if err := o.Finish(i); err != nil {
				return err
			}
		}
		seen = *i
		i.ETag, i.SHA512 = storedETag, ""
		return s.hide(id, i, &b, storedETag)
	}
	info, err := s.Store.PutObject(ctx, id, plain, inner)
	if errors.Is(err, errETag) {
		return objstore.ObjectInfo{}, fail(op, id, objstore.KindETagMismatch, nil)
	}
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	seen.Created, seen.Modified, seen.Listing.SizeBytes = info.Created, info.Modified, info.Listing.SizeBytes
	return seen, nil
}

// HeadObject reports the plaintext.
func (s *Store) HeadObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.ObjectInfo, error) {
	info, err := s.Store.HeadObject(ctx, id, o)
	if err != nil {
		return info, err
	}
	if _, err := s.reveal(id, &info); err != nil {
		return objstore.ObjectInfo{}, unreadable("head object", id, err)
	}
	return info, nil
}

// PostObject encrypts the metadata, also the metadata of an object with a
// plaintext body. Metadata under another secret, or in plaintext, is replaced
// without being read.
func (s *Store) PostObject(ctx context.Context, id objstore.ObjectID, o objstore.PostOptions) (objstore.ObjectInfo, error) {
	const op = "post object"
	if s.keys.write {
		var err error
		if o.Metadata, err = s.hideMeta(id, o.Metadata); err != nil {
			return objstore.ObjectInfo{}, fail(op, id, objstore.KindInternal, err)
		}
	}
	info, err := s.Store.PostObject(ctx, id, o)
	if err != nil {
		return info, err
	}
	if _, err := s.reveal(id, &info); err != nil {
		return objstore.ObjectInfo{}, unreadable(op, id, err)
	}
	return info, nil
}

// DeleteObject removes an object, readable or not. An unreadable object is
// reported without metadata.
func (s *Store) DeleteObject(ctx context.Context, id objstore.ObjectID, o objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	info, err := s.Store.DeleteObject(ctx, id, o)
	if err != nil {
		return info, err
	}
	if _, err := s.reveal(id, &info); err != nil {
		info.Metadata, info.Listing = nil, objstore.ListingOverride{}
	}
	return info, nil
}

// OpenObject opens the plaintext.
func (s *Store) OpenObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	inner, err := s.Store.OpenObject(ctx, id, o)
	if err != nil {
		return nil, err
	}
	if !hidden(inner.Info()) {
		return inner, nil
	}
	info := *inner.Info()
	body, err := s.reveal(id, &info)
	if err != nil {
		return nil, errors.Join(unreadable("open object", id, err), inner.Close())
	}
	return &object{Object: inner, info: info, body: body}, nil
}

// object is an open object.
type object struct {
	objstore.Object
	info objstore.ObjectInfo
	body *secretBody // nil: not encrypted
}

func (o *object) Info() *objstore.ObjectInfo { return &o.info }

func (o *object) Range(offset, length int64) io.Reader {
	src := o.Object.Range(offset, length)
	if o.body == nil {
		return src
	}
	stream, err := newStream(o.body.key, o.body.iv, offset)
	if err != nil {
		return failing{err}
	}
	return &decrypter{src, stream}
}
