// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	"needletail/objstore"
)

var (
	errClosedObject = errors.New("the object is closed")
	errOtherVersion = errors.New("the object was overwritten while it was read")
	errBadRange     = errors.New("the answer has another range than asked for")
)

// object is an open object: what its first GET said, and the stream of a GET
// that is not yet read to its end.
type object struct {
	store *Store
	call
	request
	ctx    context.Context
	opts   objstore.OpenOptions
	answer objectAnswer

	mu     sync.Mutex
	stream *stream // nil: none is open
	closed bool
}

// OpenObject opens the version that a GET finds. The GET carries the ranges of
// the hint, and its body serves the first reader.
func (s *Store) OpenObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	c := onObject("open object", id)
	if err := s.beginObject(c, id); err != nil {
		return nil, err
	}
	defer s.end()
	ob, err := s.openPlaced(ctx, c, id, o)
	if err != nil {
		return nil, err
	}
	return ob, nil
}

func (s *Store) openPlaced(ctx context.Context, c call, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	t, err := s.placeRead(ctx, c, id)
	switch {
	case err != nil:
		return nil, err
	case t.code != nil:
		ob, err := s.openErasure(ctx, c, t, o)
		if err != nil {
			return nil, err
		}
		return ob.cipher.opened(ob)
	}
	ob, err := s.openObject(ctx, c, t, o)
	if err != nil {
		return nil, err
	}
	return ob.answer.cipher.opened(ob)
}

func (s *Store) openObject(ctx context.Context, c call, t *target, o objstore.OpenOptions) (*object, error) {
	ob := &object{store: s, call: c, request: request{target: t, method: "GET"}, ctx: ctx, opts: o}
	h := openHeader(s.header(ctx), &o, t.policy)
	if o.Ranges != "" {
		h.Set("Range", o.Ranges)
		if o.WholeIf != "" {
			h.Set("X-Backend-Ignore-Range-If-Metadata-Present", o.WholeIf)
		}
	}
	f := s.newFinder(&ob.request, h)
	var useless error // the last answer without a readable range
	for {
		src, bad := f.find(ctx)
		switch {
		case src == nil && useless != nil:
			return nil, c.fail(objstore.KindUnavailable, useless)
		case src == nil:
			return nil, s.refusal(ctx, c, &ob.request, bad)
		}
		d, err := openDocument(src.Response)
		if err != nil {
			s.bodyFailed(&ob.request, src, err)
			src.close()
			f.search.Resume("") // no byte was used: any version will do
			useless = err
			continue
		}
		ob.stream = &stream{document: d, finder: f, src: src}
		if ob.answer, err = s.readHead(c, &ob.request, src.node, src.Response, d.whole); err != nil {
			ob.drop()
			return nil, err
		}
		return ob, nil
	}
}

// Info is the object as the first GET found it.
func (o *object) Info() *objstore.ObjectInfo { return &o.answer.info }

// Close ends the stream.
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	o.drop()
	return nil
}

// drop closes the stream, if there is one.
func (o *object) drop() {
	if o.stream != nil {
		o.stream.document.close()
		o.stream.src.close()
		o.stream = nil
	}
}

// Range returns a reader. No server is asked before the first Read.
func (o *object) Range(offset, length int64) io.Reader {
	return &reader{o: o, pos: offset, end: offset + length}
}

// take makes the stream stand at pos, with a further GET where needed. end is
// where the reader ends.
func (o *object) take(pos, end int64) (*stream, error) {
	if o.closed {
		return nil, o.fail(objstore.KindUnavailable, errClosedObject)
	}
	if o.stream != nil && o.stream.reach(pos) {
		return o.stream, nil
	}
	o.drop()
	h := openHeader(o.store.header(o.ctx), &o.opts, o.policy)
	h.Set("Range", byteRange(pos, end))
	f := o.store.newFinder(&o.request, h)
	f.search.Resume(o.answer.etag)
	src, bad := f.find(o.ctx)
	if src == nil {
		return nil, o.lost(bad)
	}
	if !src.reply.Time.IsZero() && src.reply.Time != o.answer.data {
		src.close()
		return nil, o.fail(objstore.KindUnavailable, errOtherVersion)
	}
	return o.adopt(f, src, pos)
}

// lost is the error of a read that found no node with the open version.
func (o *object) lost(bad *answer) error {
	err := o.store.refusal(o.ctx, o.call, &o.request, bad)
	if errors.Is(err, objstore.KindNotFound) || bad.status == statusRange { // a shorter version
		return o.fail(objstore.KindUnavailable, errors.Join(errOtherVersion, err))
	}
	return err
}

// adopt makes the body of a source the stream.
func (o *object) adopt(f *finder, src *source, pos int64) (*stream, error) {
	d, err := openDocument(src.Response)
	if err == nil && d.pos != pos {
		err = errBadRange
	}
	if err != nil {
		o.store.bodyFailed(&o.request, src, err)
		src.close()
		return nil, o.fail(objstore.KindUnavailable, err)
	}
	o.stream = &stream{document: d, finder: f, src: src}
	return o.stream, nil
}

// resume goes on at another node after the stream broke
// (swift/proxy/controllers/base.py: fast_forward). The node must have the same
// ETag; its time may be another.
func (o *object) resume(pos, end int64, cause error) error {
	f := o.stream.finder
	o.store.bodyFailed(&o.request, o.stream.src, cause)
	o.drop()
	if o.ctx.Err() != nil {
		return o.fail(objstore.KindUnavailable, context.Cause(o.ctx))
	}
	f.header = openHeader(o.store.header(o.ctx), &o.opts, o.policy)
	f.header.Set("Range", byteRange(pos, end))
	f.search.Resume(o.answer.etag)
	src, _ := f.find(o.ctx)
	if src == nil {
		return o.fail(objstore.KindUnavailable, cause)
	}
	_, err := o.adopt(f, src, pos)
	return err
}

// byteRange is a Range header for the bytes from pos up to end.
func byteRange(pos, end int64) string {
	return "bytes=" + strconv.FormatInt(pos, 10) + "-" + strconv.FormatInt(end-1, 10)
}
