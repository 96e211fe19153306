// SPDX-License-Identifier: Apache-2.0

package listing

import (
	"errors"
	"io"

	"needletail/proxy/web"
)

// ErrPieceFull ends a piece of a listing before the end of the page.
var ErrPieceFull = errors.New("the piece of the listing is full")

// Response returns the answer to GET with a page: 204 if the page has no bytes.
// list adds entries to the page, and each call continues after the last entry
// of the call before. list returns ErrPieceFull once Full reports true, and nil
// at the end of the page.
func Response(r *web.Request, l *Page, list func() error) (*web.Response, error) {
	b := &listingBody{l: l, list: list}
	if err := b.fill(); err != nil {
		return nil, err
	}
	contentType := l.format.ContentType()
	if b.done {
		res := web.NewBytes(200, contentType, l.buf)
		if len(l.buf) == 0 {
			res.Status = 204
		}
		return res, nil
	}
	// The buffer of a piece may have doubled for its last entry.
	if err := r.Hold(2 * int64(l.pieceBytes)); err != nil {
		return nil, err
	}
	return &web.Response{Status: 200, Header: web.Header{{Name: "Content-Type", Value: contentType}}, Body: b, ContentLength: -1}, nil
}

// listingBody is the body of an answer with a long page, encoded piece by
// piece.
type listingBody struct {
	l    *Page
	list func() error
	sent int  // bytes of the piece
	done bool // the piece is the last
	err  error
}

// fill adds the entries of a piece to the encoder's buffer.
func (b *listingBody) fill() error {
	err := b.list()
	if err == nil {
		b.done = true
		b.l.end()
	} else if errors.Is(err, ErrPieceFull) {
		err = nil
	}
	return err
}

// next fills the next piece if all bytes of the last are sent. It returns
// io.EOF after the last piece.
func (b *listingBody) next() error {
	for b.err == nil && b.sent == len(b.l.buf) {
		if b.done {
			b.err = io.EOF
			break
		}
		b.l.buf, b.sent = b.l.buf[:0], 0
		b.err = b.fill()
	}
	return b.err
}

// Read returns the next bytes.
func (b *listingBody) Read(p []byte) (int, error) {
	if err := b.next(); err != nil {
		return 0, err
	}
	n := copy(p, b.l.buf[b.sent:])
	b.sent += n
	return n, nil
}

// WriteTo writes a piece at a time.
func (b *listingBody) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if err := b.next(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(b.l.buf[b.sent:])
		b.sent += n
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}

// Close does nothing: between two pieces nothing is open.
func (b *listingBody) Close() error { return nil }
