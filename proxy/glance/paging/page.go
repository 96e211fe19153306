// SPDX-License-Identifier: Apache-2.0

package paging

import (
	"io"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// MaxPageBytes bounds a page: a page that has grown to MaxPageBytes ends before
// its limit of rows, and names the next page. The last row may make the page
// longer by the length of a row.
const MaxPageBytes = 4 << 20

// page is a page of a listing on its way to the client. The page is encoded in
// pieces of web.PieceBytes, in memory that the request holds: a page of a single
// piece is sent with its length, and a longer page is encoded as the client
// takes it.
type page[T any] struct {
	r    *web.Request
	rows []T
	view func(T) pyjson.Object
	rest func(n int) pyjson.Object // the members after n rows

	taken int    // rows that have been encoded
	total int    // bytes of the rows that have been encoded
	buf   []byte // the piece
	sent  int    // bytes of the piece that have been sent
	held  int    // bytes of memory that the request holds for the piece
	done  bool   // the piece is the last
}

// Respond returns the answer to a listing: a JSON object with the rows under
// key, as many as a page holds, and after the rows the members that rest
// returns. rest learns how many rows the page has.
func Respond[T any](r *web.Request, key string, rows []T, view func(T) pyjson.Object, rest func(n int) pyjson.Object) (*web.Response, error) {
	p := &page[T]{r: r, rows: rows, view: view, rest: rest}
	p.buf = append(pyjson.AppendString([]byte{'{'}, key), ": ["...)
	if err := p.fill(); err != nil {
		return nil, err
	}
	if p.done {
		return web.NewBytes(200, "application/json", p.buf), nil
	}
	return &web.Response{
		Status: 200, Header: web.Header{{Name: "Content-Type", Value: "application/json"}}, Body: p, ContentLength: -1,
	}, nil
}

// fill encodes rows until the piece is full or the page is over.
func (p *page[T]) fill() error {
	for before := len(p.buf); len(p.buf) < web.PieceBytes; before = len(p.buf) {
		if p.taken == len(p.rows) || p.total >= MaxPageBytes {
			p.end()
			break
		}
		if p.taken > 0 {
			p.buf = append(p.buf, ", "...)
		}
		p.buf = pyjson.Append(p.buf, p.view(p.rows[p.taken]))
		p.taken++
		p.total += len(p.buf) - before
	}
	if more := cap(p.buf) - p.held; more > 0 {
		if err := p.r.Hold(int64(more)); err != nil {
			return err
		}
		p.held += more
	}
	return nil
}

// end encodes the members after the rows.
func (p *page[T]) end() {
	p.done = true
	p.buf = append(p.buf, ']')
	rest := p.rest(p.taken)
	if len(rest) == 0 {
		p.buf = append(p.buf, '}')
		return
	}
	p.buf = append(append(p.buf, ", "...), pyjson.Marshal(rest)[1:]...)
}

// Read copies the next bytes of the page to b.
func (p *page[T]) Read(b []byte) (int, error) {
	for p.sent == len(p.buf) {
		if p.done {
			return 0, io.EOF
		}
		p.buf, p.sent = p.buf[:0], 0
		if err := p.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.buf[p.sent:])
	p.sent += n
	return n, nil
}

// Close does nothing: a page has nothing open.
func (p *page[T]) Close() error { return nil }
