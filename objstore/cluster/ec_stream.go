// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"needletail/objstore"
	"needletail/objstore/cluster/fragment"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/nodes"
)

// version is what the archives of an object have in common.
type version struct {
	at   internaltime.Time
	etag string
	size int64
}

// fragmentRead is a fragment of an archive, or the end of the archive's use.
type fragmentRead struct {
	buf *[]byte
	err error
	of  *sync.Pool // of the buffer; nil: the buffer belongs to the read alone
}

// newBuffer returns the memory of a fragment of an object.
func (c *coding) newBuffer(objectBytes int64) fragmentRead {
	if c.small(objectBytes) {
		return fragmentRead{buf: new([]byte)}
	}
	f := fragmentRead{of: &c.buffers}
	var ok bool
	if f.buf, ok = c.buffers.Get().(*[]byte); !ok {
		f.buf = new([]byte)
	}
	return f
}

// archiveReader reads the fragments of an archive in a goroutine of its own, a
// fragment ahead of the decoder.
type archiveReader struct {
	*archive
	first *fragmentRead // the fragment, if a single one is read and had arrived already
	out   chan fragmentRead
	done  chan struct{} // closed by stop
}

// startReader reads the fragments of parts out of a document that is at the first
// part. A single fragment that came along with the head is read at once. Otherwise
// a goroutine reads, until the end of the parts or until the object is closed.
func (st *ecStream) startReader(a *archive, d *document, parts []archivePart) *archiveReader {
	r := &archiveReader{archive: a, done: make(chan struct{})}
	parts = slices.Clone(parts)
	code, size := st.code, st.version.size
	if p := parts[0]; len(parts) == 1 && d.parts == nil && p.span.end-p.span.first == 1 {
		skip := code.FragmentOffset(p.span.first) - p.first
		if a.Buffered() >= skip+int64(code.fragmentBytes(p.span.first, size)) {
			f := code.readFragment(d, skip, p.span.first, size)
			d.close()
			a.close()
			r.first = &f
			return r
		}
	}
	r.out = make(chan fragmentRead)
	go func() {
		defer a.close()
		defer d.close()
		for i, p := range parts {
			if i > 0 {
				if err := code.nextPart(d, p); err != nil {
					r.give(fragmentRead{err: err})
					return
				}
			}
			skip := code.FragmentOffset(p.span.first) - p.first
			for n := p.span.first; n < p.span.end; n++ {
				f := code.readFragment(d, skip, n, size)
				if skip = 0; !r.give(f) || f.err != nil {
					return
				}
			}
		}
	}()
	return r
}

// readFragment skips bytes of an archive, and reads the fragment of a segment.
func (c *coding) readFragment(d *document, skip, segment, objectBytes int64) fragmentRead {
	if _, err := io.CopyN(io.Discard, d, skip); err != nil {
		return fragmentRead{err: shortArchive(err)}
	}
	f := c.newBuffer(objectBytes)
	length := c.fragmentBytes(segment, objectBytes)
	*f.buf = slices.Grow((*f.buf)[:0], length)[:length]
	_, err := io.ReadFull(d, *f.buf)
	f.err = shortArchive(err)
	return f
}

// take waits for the next fragment.
func (r *archiveReader) take() fragmentRead {
	if r.first != nil {
		return *r.first
	}
	return <-r.out
}

// nextPart goes on to a part that is to be next.
func (c *coding) nextPart(d *document, want archivePart) error {
	if err := d.next(); err != nil {
		return shortArchive(err)
	}
	return want.check(d)
}

// check compares a part with the part that comes.
func (p archivePart) check(d *document) error {
	if d.pos != p.first || d.left != p.length {
		return fmt.Errorf("%w: %d bytes at %d of an archive, want %d at %d", errBadRange, d.left, d.pos, p.length, p.first)
	}
	return nil
}

// shortArchive makes the end of an archive inside a fragment an error that no
// reader takes for the end of the object.
func shortArchive(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// give hands a fragment to the decoder; false: the decoder has stopped.
func (r *archiveReader) give(f fragmentRead) bool {
	select {
	case r.out <- f:
		return true
	case <-r.done:
		return false
	}
}

// stop ends the goroutine and its connection.
func (r *archiveReader) stop() {
	close(r.done)
	r.cancel()
}

// ecStream decodes an object, or whole segments of the object, out of k
// archives.
type ecStream struct {
	*gathering // finds other nodes when an archive breaks
	call
	ctx     context.Context
	version version
	spare   []nodes.Node
	readers []*archiveReader
	parts   []archivePart // the current part has the segments still to come

	bufs   [2][]byte     // of the segment before, and of the current segment
	ready  []byte        // the end of the current segment, to be read next
	pos    int64         // in the object, of ready
	end    int64         // in the object, of the current part
	digest *objectDigest // of the whole object; nil if the part has less
	// broken is the error of all later reads.
	broken error
}

var (
	errFewArchives = errors.New("too few servers have fragments of the object")
	errBadMD5      = errors.New("the object's MD5 is not its ETag: a fragment is damaged")
	errWrongIndex  = errors.New("a fragment has another index than its archive")
	errWrongLength = errors.New("a segment has another length than its object needs")
)

// newECStream reads the archives of a version. ranges are those that were asked
// for, or nil. An archive that does not fit is replaced.
func newECStream(ctx context.Context, c call, g *gathering, b *bucket, v version, ranges []archiveRange) (*ecStream, error) {
	st := &ecStream{gathering: g, call: c, ctx: ctx, version: v}
	archives, spare := g.sources(b)
	st.spare = spare
	if slices.ContainsFunc(archives, func(a *archive) bool { return a.Status == statusPartial }) {
		st.parts = g.code.parts(ranges, v.size)
	} else {
		st.parts = []archivePart{g.code.wholePart(v.size)}
	}
	if len(st.parts) == 0 {
		g.close()
		return nil, st.fail(objstore.KindUnavailable, errBadRange)
	}
	st.begin()
	var misfits []error
	for _, a := range archives {
		r, err := st.read(a, st.parts)
		if err != nil {
			misfits = append(misfits, err)
			continue
		}
		st.readers = append(st.readers, r)
	}
	for _, cause := range misfits {
		r, err := st.another(st.parts[0].span.first, cause)
		if err != nil {
			st.close()
			return nil, err
		}
		st.readers = append(st.readers, r)
	}
	return st, nil
}

// begin stands at the beginning of the first part.
func (st *ecStream) begin() {
	s := st.parts[0].span
	st.endDigest()
	st.bufs[1], st.ready = st.bufs[1][:0], nil
	st.pos = s.first * st.code.SegmentBytes
	st.end = min(s.end*st.code.SegmentBytes, st.version.size)
	if st.pos == 0 && st.end == st.version.size {
		st.digest = newObjectDigest(st.version.size)
	}
}

// read reads the parts out of an archive. An archive without them is closed, and
// its node has failed.
func (st *ecStream) read(a *archive, parts []archivePart) (*archiveReader, error) {
	d, err := openDocument(a.Response)
	if err == nil {
		err = parts[0].check(d)
	}
	if whole := st.code.ArchiveBytes(st.version.size); err == nil && d.whole != whole {
		err = fmt.Errorf("%w: %d bytes, want %d", errECArchive, d.whole, whole)
	}
	if err != nil {
		st.bodyFailed(a, err)
		a.close()
		return nil, err
	}
	return st.startReader(a, d, parts), nil
}

// bodyFailed counts a failure of an archive against its node.
func (st *ecStream) bodyFailed(a *archive, err error) {
	st.store.bodyFailed(st.request, &source{node: a.node}, err)
}

// another reads a further archive of the version, from a segment on. The archive
// has a fragment that no reader has. Each node is asked once, so the loop ends.
func (st *ecStream) another(segment int64, cause error) (*archiveReader, error) {
	var have []int
	for _, r := range st.readers {
		have = append(have, r.reply.index)
	}
	ranges := st.code.rest(st.parts, segment)
	h := st.header.Clone()
	h.Set("X-Backend-Fragment-Preferences", "["+string(appendPreference(nil, st.version.at, have))+"]")
	h.Set("Range", rangeText(ranges))
	h.Del("X-Backend-Ignore-Range-If-Metadata-Present")
	for st.ctx.Err() == nil {
		n, ok := st.nextNode()
		if !ok {
			break
		}
		own, cancel := context.WithCancel(st.ctx)
		out := st.store.askArchive(own, st.request, n, h)
		if out.archive == nil {
			cancel()
			continue
		}
		a := out.archive
		a.cancel, a.reply = cancel, out.reply
		if a.reply.at != st.version.at || a.reply.etag != st.version.etag || slices.Contains(have, a.reply.index) {
			a.close()
			continue
		}
		if r, err := st.read(a, st.code.parts(ranges, st.version.size)); err == nil {
			return r, nil
		}
	}
	if st.ctx.Err() != nil {
		return nil, st.fail(objstore.KindUnavailable, context.Cause(st.ctx))
	}
	return nil, st.fail(objstore.KindUnavailable, errors.Join(errFewArchives, cause))
}

func (st *ecStream) nextNode() (nodes.Node, bool) {
	if len(st.spare) > 0 {
		n := st.spare[0]
		st.spare = st.spare[1:]
		return n, true
	}
	return st.it.Next()
}

// next returns up to n bytes of the object. The bytes are valid until the next
// call.
func (st *ecStream) next(n int64) ([]byte, error) {
	if len(st.ready) == 0 && st.broken == nil {
		st.broken = st.decode()
	}
	if st.broken != nil {
		return nil, st.broken
	}
	b := st.ready[:min(n, int64(len(st.ready)))]
	st.ready = st.ready[len(b):]
	st.pos += int64(len(b))
	return b, nil
}

// skip moves on to an offset in the object.
func (st *ecStream) skip(pos int64) error {
	for st.pos < pos {
		if _, err := st.next(pos - st.pos); err != nil {
			return err
		}
	}
	return nil
}

// reachSegments is how far ahead a stream goes on in place of a new GET: the answer
// to a suffix begins up to so many segments before the suffix.
const reachSegments = 2

// reach reports whether the stream can go on at an offset in the object: in the
// segment that is decoded, soon behind, or soon in the next part.
func (st *ecStream) reach(pos int64) bool {
	soon := reachSegments * st.code.SegmentBytes
	s := st.parts[0].span
	if pos == st.pos && (len(st.ready) > 0 || s.first < s.end) {
		return true
	}
	var next *archivePart
	ahead := int64(-1) // of the beginning of the next part
	if s.first == s.end && len(st.parts) > 1 {
		next = &st.parts[1]
		ahead = pos - next.span.first*st.code.SegmentBytes
	}
	// A range that begins in the segment at hand is the next part's, if that part
	// begins there too.
	if ahead >= 0 && (ahead < st.code.SegmentBytes || next.suffix && ahead < soon) {
		return st.follow(pos)
	}
	segment := st.bufs[1]
	decoded := st.pos - int64(len(segment)-len(st.ready))
	if decoded <= pos && pos < decoded+int64(len(segment)) {
		st.pos, st.ready = pos, segment[pos-decoded:]
		return true
	}
	if ahead >= 0 && ahead < soon {
		return st.follow(pos)
	}
	return st.pos <= pos && pos < st.end && pos-st.pos < soon
}

// follow goes on to the next part, and reports whether pos is in the part.
func (st *ecStream) follow(pos int64) bool {
	st.parts = st.parts[1:]
	st.begin()
	return pos < st.end
}

// decode makes the next segment ready.
func (st *ecStream) decode() error {
	if s := st.parts[0].span; s.first >= s.end {
		return st.fail(objstore.KindUnavailable, errBadRange)
	}
	fragments := make([]fragmentRead, len(st.readers))
	defer func() {
		for _, f := range fragments {
			f.release()
		}
	}()
	for i := range st.readers {
		if err := st.fetch(&fragments[i], i); err != nil {
			return err
		}
	}
	pieces := make([][]byte, len(fragments))
	for {
		for i := range fragments {
			pieces[i] = *fragments[i].buf
		}
		segment, err := st.code.codec.Decode(pieces, st.bufs[0][:0])
		if err == nil {
			return st.accept(segment, pieces)
		}
		refused := (*fragment.RefusedError)(nil)
		if !errors.As(err, &refused) {
			return st.fail(objstore.KindCorrupt, err)
		}
		fragments[refused.Position].release()
		if err := st.replace(refused.Position, err); err != nil {
			return err
		}
		if err := st.fetch(&fragments[refused.Position], refused.Position); err != nil {
			return err
		}
	}
}

func (f *fragmentRead) release() {
	if f.of != nil && f.buf != nil {
		f.of.Put(f.buf)
	}
	f.buf = nil
}

// fetch takes the fragment of the next segment from a reader, or from another
// archive where the reader's breaks.
func (st *ecStream) fetch(f *fragmentRead, i int) error {
	for {
		*f = st.readers[i].next()
		if f.err == nil {
			return nil
		}
		f.release()
		if err := st.replace(i, f.err); err != nil {
			return err
		}
	}
}

// next takes the next fragment. A fragment of another index is an error.
func (r *archiveReader) next() fragmentRead {
	f := r.take()
	if f.err != nil {
		return f
	}
	h, err := fragment.ParseHeader(*f.buf)
	if err == nil && int64(h.Index) != int64(r.reply.index) {
		err = errWrongIndex
	}
	f.err = err
	return f
}

// replace puts another archive in the place of a reader that failed.
func (st *ecStream) replace(i int, cause error) error {
	r := st.readers[i]
	r.stop()
	st.readers = slices.Delete(st.readers, i, i+1)
	if st.ctx.Err() == nil {
		st.bodyFailed(r.archive, cause)
	}
	other, err := st.another(st.parts[0].span.first, cause)
	if err != nil {
		return err
	}
	st.readers = slices.Insert(st.readers, i, other)
	return nil
}

// accept makes a segment of the fragments ready. The last segment of a whole object
// is ready only if the object's MD5 is right.
func (st *ecStream) accept(segment []byte, fragments [][]byte) error {
	s := &st.parts[0].span
	if len(segment) != st.code.segmentBytes(s.first, st.version.size) {
		return st.fail(objstore.KindCorrupt, errWrongLength)
	}
	switch {
	case st.digest == nil:
	case s.first+1 < s.end:
		st.digest.add(segment, nil) // while the next segment is decoded
	default:
		var err error
		if segment, err = st.verified(segment, fragments); err != nil {
			return err
		}
	}
	s.first++
	st.bufs, st.ready = [2][]byte{st.bufs[1], segment}, segment
	return nil
}

// close ends all readers.
func (st *ecStream) close() {
	for _, r := range st.readers {
		r.stop()
	}
	st.readers = nil
	st.endDigest()
}

// endDigest waits for the digest of a segment that is under way.
func (st *ecStream) endDigest() {
	if st.digest != nil {
		st.digest.Release()
		st.digest = nil
	}
}
