// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"io"
	"sync"

	"needletail/objstore"
	"needletail/objstore/pipe"
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
	return r.advance(func(st *stream) (int, error) { return st.Read(p[:min(int64(len(p)), r.end-r.pos)]) })
}

// advance reads on, with the range not at its end, and keeps an error.
func (r *reader) advance(read func(*stream) (int, error)) (n int, err error) {
	r.o.mu.Lock()
	defer r.o.mu.Unlock()
	n, r.err = r.read(read)
	r.pos += int64(n)
	return n, r.err
}

// read reads from the stream, and goes on at another node when the stream
// breaks. Each node is asked once, so the loop ends.
func (r *reader) read(read func(*stream) (int, error)) (int, error) {
	if err := r.o.store.begin(r.o.call); err != nil {
		return 0, err
	}
	defer r.o.store.end()
	for {
		st, err := r.o.take(r.pos, r.end)
		if err != nil {
			return 0, err
		}
		n, err := read(st)
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

// WriteTo copies the range without an allocation. A large range goes through a
// pipe if both sides are sockets.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	if to, ok := w.(pipe.Writer); ok && r.end-r.pos >= pipedBytesMin && to.TakesPipes() {
		if p := r.o.store.pipes.Take(); p != nil {
			defer p.Give()
			return r.writePiped(to, p)
		}
	}
	return copyThrough(w, r)
}

// pipedBytesMin is the length of the shortest range for which a pipe is worth
// its calls.
const pipedBytesMin = 128 << 10

// writePiped is WriteTo through a pipe. Bytes that a socket's buffer holds
// already are copied.
func (r *reader) writePiped(w pipe.Writer, p *pipe.Pipe) (written int64, err error) {
	buf := copyBuffers.Get().(*[chunkBytes]byte)
	defer copyBuffers.Put(buf)
	piece := func(st *stream) (int, error) {
		most := r.end - r.pos
		if st.fills() {
			return st.fill(p, most)
		}
		return st.Read(buf[:min(chunkBytes, most)])
	}
	for r.err == nil && r.pos < r.end {
		n, _ := r.advance(piece) // r.err has the error
		if p.Held() > 0 {
			n, err = w.WritePipe(p)
		} else {
			n, err = w.Write(buf[:n])
		}
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, r.err
}

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
