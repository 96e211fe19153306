package swift

import (
	"errors"
	"io"
)

// ListingPieceBytes is how much of a listing is encoded at a time. A page that
// fits is sent with its length; of a longer page the rest is listed as the
// client takes it, and the answer is chunked. So a client that asks for pages
// and does not read them holds one piece for each.
const ListingPieceBytes = 64 << 10

// ErrPieceFull ends the listing of a piece before its page is over.
var ErrPieceFull = errors.New("the piece of the listing is full")

// listingHoldBytes is what the rest of a page takes of the account of memory:
// the buffer of a piece, which may have doubled for its last entry.
const listingHoldBytes = 2 * ListingPieceBytes

// ListingResponse is the answer to GET with a page: 204 if it has no bytes.
// list adds the entries that follow those it added before, in the same order.
// It stops with ErrPieceFull once Full says so, and gives nil at the end of the
// page.
func ListingResponse(r *Request, l *Listing, list func() error) (*Response, error) {
	b := &listingBody{l: l, list: list}
	if err := b.fill(); err != nil {
		return nil, err
	}
	contentType := l.format.ContentType()
	if b.done {
		res := NewBytes(200, contentType, l.buf)
		if len(l.buf) == 0 {
			res.Status = 204
		}
		return res, nil
	}
	if err := r.Hold(listingHoldBytes); err != nil {
		return nil, err
	}
	return &Response{Status: 200, Header: Header{{"Content-Type", contentType}}, Body: b, ContentLength: -1}, nil
}

// listingBody is a page on its way, piece by piece.
type listingBody struct {
	l    *Listing
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
