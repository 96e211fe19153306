// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"needletail/objstore/cluster/wire"
	"needletail/objstore/pipe"
)

// document is the body of a GET: a part for each range that the request has and
// the entity can satisfy (swift/common/request_helpers.py:
// http_response_to_document_iters). An entity is what the server keeps: an object
// or a fragment archive.
type document struct {
	*wire.Response
	parts *wire.Parts // nil: the body is the only part
	whole int64       // bytes of the entity
	pos   int64       // in the entity, of what is read next
	left  int64       // bytes of the current part to come
}

// openDocument finds the first part of a body. A document of 416 has none.
func openDocument(res *wire.Response) (*document, error) {
	d := &document{Response: res}
	var err error
	switch res.Status {
	case statusPartial:
		if _, single := res.Header.Lookup("Content-Range"); !single {
			if d.parts, err = res.Parts(); err != nil {
				return nil, err
			}
			return d, d.next()
		}
		d.pos, d.left, d.whole, err = contentRange(res.Header)
	case statusRange:
		_, _, d.whole, err = contentRange(res.Header)
	default:
		d.whole, err = contentLength(res.Header)
		d.left = d.whole
	}
	return d, err
}

// next goes on to the next part. After the last part next returns io.EOF.
func (d *document) next() error {
	if d.parts == nil {
		return io.EOF
	}
	p, err := d.parts.Next()
	if err != nil {
		return err
	}
	if p.Range.Size < 0 || d.whole > 0 && p.Range.Size != d.whole {
		return fmt.Errorf("%w: Content-Range %q of a part", errBadRange, p.Header.Get("Content-Range"))
	}
	if d.whole == 0 {
		// The answer's own type is "multipart/byteranges".
		d.Header.Set("Content-Type", p.Header.Get("Content-Type"))
	}
	d.pos, d.left, d.whole = p.Range.First, p.Range.Length(), p.Range.Size
	return nil
}

// Read reads bytes of the current part, which has some left. A part that ends
// early is an error.
func (d *document) Read(p []byte) (int, error) {
	from := io.Reader(d.Body)
	if d.parts != nil {
		from = d.parts
	}
	return d.took(from.Read(p[:min(int64(len(p)), d.left)]))
}

// fills reports whether what comes next of the part can be moved into a pipe.
func (d *document) fills() bool { return d.parts == nil && d.Fills() }

// fill moves bytes of the current part, which has some left, into a pipe: at
// most most.
func (d *document) fill(p *pipe.Pipe, most int64) (int, error) {
	return d.took(d.Fill(p, min(most, d.left)))
}

// took counts bytes that were read of the current part.
func (d *document) took(n int, err error) (int, error) {
	d.pos += int64(n)
	d.left -= int64(n)
	switch {
	case d.left == 0:
		return n, nil
	case errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// close ends the answer.
func (d *document) close() {
	if d.parts != nil {
		_ = d.parts.Close()
	}
	_ = d.Body.Close()
}

// contentLength is the length of an entity in the answer to a HEAD, or to a GET
// of the whole.
func contentLength(h wire.Header) (int64, error) {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("Content-Length %q of an object", h.Get("Content-Length"))
	}
	return n, nil
}

// contentRange reads "bytes FIRST-LAST/WHOLE" or "bytes */WHOLE".
func contentRange(h wire.Header) (first, length, whole int64, err error) {
	text := h.Get("Content-Range")
	if size, ok := strings.CutPrefix(text, "bytes */"); ok {
		if n := parseSize(size); n != nil {
			return 0, 0, *n, nil
		}
	}
	r, ok := wire.ParseContentRange(text)
	if !ok || r.Size < 0 {
		return 0, 0, 0, fmt.Errorf("Content-Range %q of an object", text)
	}
	return r.First, r.Length(), r.Size, nil
}
