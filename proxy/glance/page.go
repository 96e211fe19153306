package glance

import (
	"io"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

const (
	// maxPageBytes is where a page of a listing ends that is not at its limit
	// yet: a page may be shorter than its limit, and names the next one. One row
	// more may make it longer.
	maxPageBytes = 4 << 20
	// pieceBytes is how much of a page is encoded at a time. A page that fits is
	// sent with its length; the rest of a longer one is encoded as the client
	// takes it.
	pieceBytes = web.PieceBytes
)

// page is a listing's page on its way, piece by piece, in memory that the request
// holds.
type page[T any] struct {
	r    *web.Request
	rows []T
	view func(T) pyjson.Object
	rest func(n int) pyjson.Object // what follows n rows

	taken int    // rows that have been encoded
	total int    // bytes that have been encoded
	buf   []byte // the piece
	sent  int    // bytes of it
	held  int    // bytes that are held
	done  bool   // the piece is the last
}

// pageOf answers with the rows under a key, as many as a page holds, and with
// what rest says behind them.
func pageOf[T any](r *web.Request, key string, rows []T, view func(T) pyjson.Object, rest func(n int) pyjson.Object) (*web.Response, error) {
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
	for before := len(p.buf); len(p.buf) < pieceBytes; before = len(p.buf) {
		if p.taken == len(p.rows) || p.total >= maxPageBytes {
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

// Read gives the next bytes.
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

// Close does nothing: nothing is open.
func (p *page[T]) Close() error { return nil }
