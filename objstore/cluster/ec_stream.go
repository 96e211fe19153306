// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
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

// span are segments of an object, the second not included.
type span struct{ first, end int64 }

// fragmentBuffers keeps the memory of fragments.
var fragmentBuffers = sync.Pool{New: func() any { return new([]byte) }}

// fragmentRead is a fragment of an archive, or the end of the archive's use.
type fragmentRead struct {
	buf *[]byte
	err error
}

// archiveReader reads the fragments of an archive in a goroutine of its own, a
// fragment ahead of the decoder.
type archiveReader struct {
	*archive
	first *fragmentRead // the fragment, if a single one is read and had arrived already
	out   chan fragmentRead
	done  chan struct{} // closed by stop
}

// startReader reads the fragments of the span out of an archive that stands at
// the beginning of the first, but for skip bytes. The goroutine ends with the
// archive, or when the object is closed.
func (st *ecStream) startReader(a *archive, s span, skip int64) *archiveReader {
	r := &archiveReader{archive: a, done: make(chan struct{})}
	if s.end-s.first == 1 && a.Buffered() >= skip+int64(st.code.fragmentBytes(s.first, st.version.size)) {
		f := st.readFragment(a, s.first, skip)
		a.close()
		r.first = &f
		return r
	}
	r.out = make(chan fragmentRead)
	go func() {
		defer a.close()
		for n := s.first; n < s.end; n++ {
			f := st.readFragment(a, n, skip)
			if skip = 0; !r.give(f) || f.err != nil {
				return
			}
		}
	}()
	return r
}

// readFragment skips bytes of an archive, and reads the fragment of a segment.
func (st *ecStream) readFragment(a *archive, segment, skip int64) fragmentRead {
	if _, err := io.CopyN(io.Discard, a.Body, skip); err != nil {
		return fragmentRead{err: shortArchive(err)}
	}
	buf := fragmentBuffers.Get().(*[]byte)
	length := st.code.fragmentBytes(segment, st.version.size)
	*buf = slices.Grow((*buf)[:0], length)[:length]
	_, err := io.ReadFull(a.Body, *buf)
	return fragmentRead{buf, shortArchive(err)}
}

// take returns the next fragment.
func (r *archiveReader) take() fragmentRead {
	if r.first != nil {
		return *r.first
	}
	return <-r.out
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
	span    span // the segments still to come

	buf    []byte    // of the current segment
	ready  []byte    // what is left of the current segment
	pos    int64     // in the object, of ready
	end    int64     // in the object
	digest hash.Hash // of the whole object; nil if the stream has a part
	// broken is the error of all later reads.
	broken error
}

var (
	errFewArchives = errors.New("too few servers have fragments of the object")
	errBadMD5      = errors.New("the object's MD5 is not its ETag: a fragment is damaged")
	errWrongIndex  = errors.New("a fragment has another index than its archive")
	errWrongLength = errors.New("a segment has another length than its object needs")
)

// newECStream reads the archives of a version. An archive that does not fit is
// replaced.
func newECStream(ctx context.Context, c call, g *gathering, b *bucket, v version) (*ecStream, error) {
	st := &ecStream{gathering: g, call: c, ctx: ctx, version: v}
	archives, spare := g.sources(b)
	st.spare = spare
	var misfits []*archive
	placed := false
	for _, a := range archives {
		s, skip, err := st.place(a)
		if err == nil && placed && s != st.span {
			err = errBadRange
		}
		if err != nil {
			st.bodyFailed(a, err)
			a.close()
			misfits = append(misfits, a)
			continue
		}
		st.span, placed = s, true
		st.readers = append(st.readers, st.startReader(a, s, skip))
	}
	if !placed {
		return nil, st.fail(objstore.KindUnavailable, errBadRange)
	}
	for range misfits {
		r, err := st.another(st.span.first, errBadRange)
		if err != nil {
			st.close()
			return nil, err
		}
		st.readers = append(st.readers, r)
	}
	st.pos = st.span.first * g.code.SegmentBytes
	st.end = min(st.span.end*g.code.SegmentBytes, v.size)
	if st.pos == 0 && st.end == v.size {
		st.digest = md5.New()
	}
	return st, nil
}

// place finds which segments an archive's answer has. The answer to a suffix may
// begin inside a fragment: skip is what comes before the first whole fragment.
func (st *ecStream) place(a *archive) (s span, skip int64, err error) {
	var first, length, whole int64
	if a.Status == statusPartial {
		first, length, whole, err = contentRange(a.Header)
	} else {
		whole, err = wholeSize(a.Status, a.Header)
		length = whole
	}
	code := st.code
	switch {
	case err != nil:
		return s, 0, err
	case whole != code.ArchiveBytes(st.version.size):
		return s, 0, fmt.Errorf("%w: %d bytes, want %d", errECArchive, whole, code.ArchiveBytes(st.version.size))
	}
	skip = code.Skip(first)
	s.first = (first + skip) / code.FragmentBytes
	if s.end = (first + length) / code.FragmentBytes; first+length == whole {
		s.end = code.segments(st.version.size)
	}
	if s.end < s.first {
		return s, 0, errBadRange
	}
	return s, skip, nil
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
	h := st.header.Clone()
	h.Set("X-Backend-Fragment-Preferences", "["+string(appendPreference(nil, st.version.at, have))+"]")
	h.Set("Range", byteRange(st.code.FragmentOffset(segment), st.code.FragmentOffset(st.span.end)))
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
		s, skip, err := st.place(a)
		switch {
		case err != nil:
			st.bodyFailed(a, err)
		case a.reply.at == st.version.at && a.reply.etag == st.version.etag && !slices.Contains(have, a.reply.index) &&
			s == span{segment, st.span.end}:
			return st.startReader(a, s, skip), nil
		}
		a.close()
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

// decode makes the next segment ready.
func (st *ecStream) decode() error {
	if st.span.first >= st.span.end {
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
		segment, err := st.code.codec.Decode(pieces, st.buf[:0])
		if err == nil {
			return st.accept(segment)
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
	if f.buf != nil {
		fragmentBuffers.Put(f.buf)
		f.buf = nil
	}
}

// fetch takes the fragment of the next segment from a reader, or from another
// archive where the reader's breaks.
func (st *ecStream) fetch(f *fragmentRead, i int) error {
	for {
		r := st.readers[i]
		*f = r.take()
		err := f.err
		if err == nil {
			var h fragment.Header
			if h, err = fragment.ParseHeader(*f.buf); err == nil && int64(h.Index) != int64(r.reply.index) {
				err = errWrongIndex
			}
		}
		if err == nil {
			return nil
		}
		f.release()
		if err := st.replace(i, err); err != nil {
			return err
		}
	}
}

// replace puts another archive in the place of a reader that failed.
func (st *ecStream) replace(i int, cause error) error {
	r := st.readers[i]
	r.stop()
	st.readers = slices.Delete(st.readers, i, i+1)
	if st.ctx.Err() == nil {
		st.bodyFailed(r.archive, cause)
	}
	other, err := st.another(st.span.first, cause)
	if err != nil {
		return err
	}
	st.readers = slices.Insert(st.readers, i, other)
	return nil
}

// accept makes a segment ready. The last segment of a whole object is ready only
// if the object's MD5 is right.
func (st *ecStream) accept(segment []byte) error {
	if len(segment) != st.code.segmentBytes(st.span.first, st.version.size) {
		return st.fail(objstore.KindCorrupt, errWrongLength)
	}
	st.span.first++
	st.buf, st.ready = segment, segment
	if st.digest == nil {
		return nil
	}
	st.digest.Write(segment)
	if st.span.first == st.span.end {
		if sum := hex.EncodeToString(st.digest.Sum(nil)); sum != st.version.etag {
			return st.fail(objstore.KindCorrupt, fmt.Errorf("%w: %s and %s", errBadMD5, sum, st.version.etag))
		}
	}
	return nil
}

// close ends all readers.
func (st *ecStream) close() {
	for _, r := range st.readers {
		r.stop()
	}
	st.readers = nil
}
