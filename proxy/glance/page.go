package glance

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// maxPageBytes is where a page of a listing ends that is not at its limit yet: a
// page may be shorter than its limit, and names the next one. One entry more may
// make it longer.
const maxPageBytes = 4 << 20

// pageHeldFactor is how often the bytes of a page are in memory while it grows.
const pageHeldFactor = 2

// page is a listing's page in the making, in memory that the request holds.
type page struct {
	r    *swift.Request
	body []byte
	rows int
}

// newPage begins a page whose rows stand under a key.
func newPage(r *swift.Request, key string) *page {
	return &page{r: r, body: append(pyjson.AppendString([]byte{'{'}, key), ": ["...)}
}

// add adds a row. The page is full from maxPageBytes on.
func (p *page) add(row pyjson.Object) (full bool, err error) {
	before := len(p.body)
	if p.rows > 0 {
		p.body = append(p.body, ", "...)
	}
	p.body = pyjson.Append(p.body, row)
	p.rows++
	err = p.r.Hold(pageHeldFactor * int64(len(p.body)-before))
	return len(p.body) >= maxPageBytes, err
}

// addAll adds rows until the page is full or there are none left, and gives how
// many it took.
func addAll[T any](p *page, rows []T, view func(T) pyjson.Object) (taken int, err error) {
	for i, row := range rows {
		full, err := p.add(view(row))
		if err != nil {
			return 0, err
		}
		if full {
			return i + 1, nil
		}
	}
	return len(rows), nil
}

// end is the answer, with what follows the rows.
func (p *page) end(rest pyjson.Object) *swift.Response {
	p.body = append(p.body, ']')
	if len(rest) == 0 {
		return swift.NewBytes(200, "application/json", append(p.body, '}'))
	}
	p.body = append(p.body, ", "...)
	return swift.NewBytes(200, "application/json", append(p.body, pyjson.Marshal(rest)[1:]...))
}
