package web

import (
	"bytes"
	"io"
)

// Response is an answer. Body may be nil (empty). ContentLength is the number
// of bytes that Body gives, or -1 if that is not known (the front then sends
// it chunked). For a HEAD request the front sends ContentLength and no body.
// httpfront sends Content-Length, Date and the connection headers; everything
// else comes from Header, under the names and in the order given there.
type Response struct {
	Status        int
	Reason        string // the reason phrase; "" for Swift's own of that status
	Header        Header
	Body          io.ReadCloser // may implement io.WriterTo
	ContentLength int64
}

// Close closes the body, if there is one.
func (r *Response) Close() error {
	if r == nil || r.Body == nil {
		return nil
	}
	return r.Body.Close()
}

// NewResponse is an answer without a body.
func NewResponse(status int, fields ...HeaderField) *Response {
	return &Response{Status: status, Header: fields}
}

// NewBytes is an answer with a body in memory.
func NewBytes(status int, contentType string, body []byte) *Response {
	return &Response{
		Status:        status,
		Header:        Header{{"Content-Type", contentType}},
		Body:          bytesBody{bytes.NewReader(body)},
		ContentLength: int64(len(body)),
	}
}

type bytesBody struct{ *bytes.Reader }

func (bytesBody) Close() error { return nil }

var _ io.WriterTo = bytesBody{}

// PieceBytes is how much of a page is encoded at a time. A page that fits is
// sent with its length; of a longer page the rest is made as the client takes
// it, and the answer is chunked. So a client that asks for pages and does not
// read them holds one piece for each.
const PieceBytes = 64 << 10
