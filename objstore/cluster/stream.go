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
	finder *finder // finds another node when the body breaks
	src    *source
	pos    int64 // in the object
	left   int64 // bytes of the body to come
}

// newStream finds the place of a body in the object.
func newStream(f *finder, src *source) (*stream, error) {
	st := &stream{finder: f, src: src}
	switch src.Status {
	case statusOK:
		var err error
		st.left, err = wholeSize(src.Status, src.Header)
		return st, err
	case statusPartial:
		var err error
		st.pos, st.left, _, err = contentRange(src.Header)
		return st, err
	}
	return st, nil // 416 has no bytes
}

// read reads bytes of the body. A body that ends early is an error.
func (st *stream) read(p []byte) (int, error) {
	n, err := st.src.Body.Read(p[:min(int64(len(p)), st.left)])
	st.pos += int64(n)
	st.left -= int64(n)
	switch {
	case st.left == 0:
		return n, nil
	case errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	}
	return n, err
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
		n, err := st.read(p)
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
