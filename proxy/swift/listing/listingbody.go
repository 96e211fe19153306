package listing

import (
	"errors"
	"io"

	"needletail/proxy/web"
)

// ErrPieceFull ends the listing of a piece before its page is over.
var ErrPieceFull = errors.New("the piece of the listing is full")

// listingHoldBytes is what the rest of a page takes of the account of memory:
// the buffer of a piece, which may have doubled for its last entry.
const listingHoldBytes = 2 * web.PieceBytes

// Response is the answer to GET with a page: 204 if it has no bytes.
// list adds the entries that follow those it added before, in the same order.
// It stops with ErrPieceFull once Full says so, and gives nil at the end of the
// page.
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
	if err := r.Hold(listingHoldBytes); err != nil {
		return nil, err
	}
	return &web.Response{Status: 200, Header: web.Header{{Name: "Content-Type", Value: contentType}}, Body: b, ContentLength: -1}, nil
}

// listingBody is a page on its way, piece by piece.
type listingBody struct {
	l    *Page
	list func() error
	sent int  // bytes of the piece
	done bool // the piece is the last
	err  error
}

// fill adds the entries of a piece to what the encoder has.
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

// next makes the piece have bytes to send; io.EOF after the last.
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

// Read gives the next bytes.
func (b *listingBody) Read(p []byte) (int, error) {
	if err := b.next(); err != nil {
		return 0, err
	}
	n := copy(p, b.l.buf[b.sent:])
	b.sent += n
	return n, nil
}

// WriteTo sends a piece at a time.
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
