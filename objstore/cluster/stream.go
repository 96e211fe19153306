// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"io"
	"sync"

	"needletail/objstore"
)

// stream is the body of a GET that is being read.
type stream struct {
	*document
	finder *finder // finds another node when the body breaks
	src    *source
}

// reach reports whether the stream stands at pos, or at the end of the part
// before a part that begins there.
func (st *stream) reach(pos int64) bool {
	if st.left == 0 {
		switch err := st.next(); {
		case errors.Is(err, io.EOF):
			return false
		case err != nil:
			st.finder.store.bodyFailed(st.finder.request, st.src, err)
			return false
		}
	}
	return st.pos == pos
}

// reader reads a range of an open object, over as many nodes as needed.
type reader struct {
	o        *object
	pos, end int64
	err      error // of all later reads
}

// Read gives bytes of the version that was opened.
func (r *reader) Read(p []byte) (int, error) {
	switch {
	case r.err != nil:
		return 0, r.err
	case r.pos >= r.end:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	r.o.mu.Lock()
	defer r.o.mu.Unlock()
	n := 0
	n, r.err = r.read(p[:min(int64(len(p)), r.end-r.pos)])
	r.pos += int64(n)
	if n > 0 && r.err == nil {
		return n, nil
	}
	return n, r.err
}

// read reads from the stream, and goes on at another node when the stream
// breaks. Each node is asked once, so the loop ends.
func (r *reader) read(p []byte) (int, error) {
	if err := r.o.store.begin(r.o.call); err != nil {
		return 0, err
	}
	defer r.o.store.end()
	for {
		st, err := r.o.take(r.pos, r.end)
		if err != nil {
			return 0, err
		}
		n, err := st.Read(p)
		if err == nil && n > 0 {
			return n, nil
		}
		if err == nil {
			continue
		}
		if err := r.o.resume(r.pos+int64(n), r.end, err); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// copyBuffers are the buffers of WriteTo.
var copyBuffers = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// WriteTo copies the range without an allocation.
func (r *reader) WriteTo(w io.Writer) (int64, error) { return copyThrough(w, r) }

func copyThrough(w io.Writer, r io.Reader) (int64, error) {
	buf := copyBuffers.Get().(*[chunkBytes]byte)
	defer copyBuffers.Put(buf)
	var written int64
	for {
		n, err := r.Read(buf[:])
		if n > 0 {
			m, werr := w.Write(buf[:n])
			written += int64(m)
			if werr != nil {
				return written, werr
			}
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

var _ objstore.Object = (*object)(nil)
