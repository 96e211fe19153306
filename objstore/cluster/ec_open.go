// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"io"
	"sync"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
)

// ecObject is an open object of an erasure-coded policy: what its first GET
// said, and the stream of a GET that is not yet read to its end.
type ecObject struct {
	store *Store
	call
	request
	ctx     context.Context
	opts    objstore.OpenOptions
	info    objstore.ObjectInfo
	cipher  bodyCipher
	version version

	mu     sync.Mutex
	stream *ecStream // nil: none is open
	give   func()    // gives the memory back; nil: the object holds none
	closed bool
}

// openErasure opens the version that k servers give together. Newest makes no
// difference, as in Swift: a read ends with the first durable version that has k
// fragments (swift/proxy/controllers/obj.py: ECFragGetter).
func (s *Store) openErasure(ctx context.Context, c call, t *target, o objstore.OpenOptions) (*ecObject, error) {
	ob := &ecObject{store: s, call: c, request: request{target: t, method: "GET"}, ctx: ctx, opts: o}
	h := openHeader(s.header(ctx), &o, t.policy)
	var ranges []archiveRange
	if o.Ranges != "" {
		var ok bool
		if ranges, ok = t.code.archiveRanges(o.Ranges); !ok {
			return ob, ob.head(ctx)
		}
		h.Set("Range", rangeText(ranges))
		if o.WholeIf != "" {
			h.Set("X-Backend-Ignore-Range-If-Metadata-Present", o.WholeIf)
		}
	}
	g := s.newGathering(&ob.request, h)
	best, bad := g.gather(ctx)
	if best == nil && bad.status == statusRange {
		return ob, ob.beyond(ctx, bad)
	}
	if best == nil {
		return nil, s.refusal(ctx, c, &ob.request, bad)
	}
	first := g.archives[best.got[g.chosen(best)[0]]]
	a, err := s.readHead(c, &ob.request, first.node, first.Response, 0)
	if err != nil {
		g.close()
		return nil, err
	}
	ob.adopt(a, best.time)
	if a.info.SizeBytes == 0 {
		g.close()
		return ob, nil
	}
	if ob.stream, err = ob.newStream(g, best, ranges); err != nil {
		_ = ob.Close()
		return nil, err
	}
	// Of several parts the first tells the object's type.
	first = ob.stream.readers[0].archive
	if a, err = s.readHead(c, &ob.request, first.node, first.Response, 0); err != nil {
		_ = ob.Close()
		return nil, err
	}
	ob.info = a.info
	return ob, nil
}

// adopt takes info and version from the first answer.
func (o *ecObject) adopt(a objectAnswer, at internaltime.Time) {
	o.info, o.cipher, o.version = a.info, a.cipher, version{at: at, etag: a.etag, size: a.info.SizeBytes}
}

// head takes info and version from a HEAD: any server knows both.
func (o *ecObject) head(ctx context.Context) error {
	a, err := o.store.headObject(ctx, o.call, o.target, &o.opts)
	if err == nil {
		o.adopt(a, a.data)
	}
	return err
}

// beyond takes info and version from a 416, so that both are of the version that
// the range is not in. An answer without them makes a HEAD necessary.
func (o *ecObject) beyond(ctx context.Context, bad *answer) error {
	a, err := o.store.readAnswered(&o.request, bad.header, 0)
	if err != nil || a.cipher.err != nil {
		return o.head(ctx)
	}
	o.adopt(a, a.data)
	return nil
}

// close closes all archives of a gathering that is not read.
func (g *gathering) close() {
	for _, a := range g.archives {
		a.close()
	}
}

// Info is the object as the first GET found it.
func (o *ecObject) Info() *objstore.ObjectInfo { return &o.info }

// Close ends the stream.
func (o *ecObject) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	o.drop()
	if o.give != nil {
		o.give()
	}
	return nil
}

// newStream reads a version with the memory that the object holds from the first
// stream on until Close.
func (o *ecObject) newStream(g *gathering, b *bucket, ranges []archiveRange) (*ecStream, error) {
	if o.give == nil {
		var err error
		if o.give, err = o.store.holdCoded(o.ctx, o.call, o.code.readBytes(o.version.size)); err != nil {
			g.close()
			return nil, err
		}
	}
	return newECStream(o.ctx, o.call, g, b, o.version, ranges)
}

func (o *ecObject) drop() {
	if o.stream != nil {
		o.stream.close()
		o.stream = nil
	}
}

// Range returns a reader. No server is asked before the first Read.
func (o *ecObject) Range(offset, length int64) io.Reader {
	return &ecReader{o: o, pos: offset, end: offset + length}
}

// take makes the stream stand at pos, with a further GET where needed. end is
// where the reader ends.
func (o *ecObject) take(pos, end int64) (*ecStream, error) {
	if o.closed {
		return nil, o.fail(objstore.KindUnavailable, errClosedObject)
	}
	if st := o.stream; st != nil && st.reach(pos) {
		return st, st.skip(pos)
	}
	o.drop()
	h := openHeader(o.store.header(o.ctx), &o.opts, o.policy)
	var ranges []archiveRange
	if pos > 0 || end < o.version.size {
		first, last := o.code.Range(pos, end-1)
		ranges = []archiveRange{{first: first, last: last}}
		h.Set("Range", rangeText(ranges))
	}
	g := o.store.newGathering(&o.request, h)
	best, bad := g.gather(o.ctx)
	if best == nil {
		return nil, o.lost(bad)
	}
	if best.time != o.version.at || best.etag != o.version.etag {
		g.close()
		return nil, o.fail(objstore.KindUnavailable, errOtherVersion)
	}
	st, err := o.newStream(g, best, ranges)
	if err != nil {
		return nil, err
	}
	if o.stream = st; st.pos > pos || st.end < end {
		return nil, o.fail(objstore.KindUnavailable, errBadRange)
	}
	return st, st.skip(pos)
}

// lost is the error of a read that found too few servers with the open version.
func (o *ecObject) lost(bad *answer) error {
	err := o.store.refusal(o.ctx, o.call, &o.request, bad)
	if errors.Is(err, objstore.KindNotFound) || bad.status == statusRange { // a shorter version
		return o.fail(objstore.KindUnavailable, errors.Join(errOtherVersion, err))
	}
	return err
}

// ecReader reads a range of an open object.
type ecReader struct {
	o        *ecObject
	pos, end int64
	err      error // of all later reads
}

// next returns up to n bytes, valid until the next call; io.EOF at the end.
func (r *ecReader) next(n int64) (b []byte, err error) {
	switch {
	case r.err != nil:
		return nil, r.err
	case r.pos >= r.end:
		return nil, io.EOF
	}
	if err := r.o.store.begin(r.o.call); err != nil {
		return nil, err
	}
	defer r.o.store.end()
	r.o.mu.Lock()
	defer r.o.mu.Unlock()
	st, err := r.o.take(r.pos, r.end)
	if err == nil {
		b, err = st.next(min(n, r.end-r.pos))
	}
	r.err = err
	r.pos += int64(len(b))
	return b, err
}

// Read gives bytes of the version that was opened.
func (r *ecReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.next(int64(len(p)))
	return copy(p, b), err
}

// WriteTo hands segments on without a copy.
func (r *ecReader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		b, err := r.next(chunkBytes)
		if errors.Is(err, io.EOF) && r.err == nil {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(b)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

var _ objstore.Object = (*ecObject)(nil)
