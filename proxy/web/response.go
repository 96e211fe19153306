// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"io"
)

// Response is an answer. A nil Body is empty. ContentLength is the number of
// bytes in Body, or -1 if the number is unknown: the front then sends the body
// chunked. For a HEAD request the front sends ContentLength and no body.
// httpfront sends Content-Length, Date and the connection headers; all further
// lines come from Header, in the order and with the names of Header.
type Response struct {
	Status        int
	Reason        string // the reason phrase; "" for Swift's own
	Header        Header
	Body          io.ReadCloser // may implement io.WriterTo
	ContentLength int64
}

// Close closes the body, if the response has a body.
func (r *Response) Close() error {
	if r == nil || r.Body == nil {
		return nil
	}
	return r.Body.Close()
}

// NewResponse returns an answer without a body.
func NewResponse(status int, fields ...HeaderField) *Response {
	return &Response{Status: status, Header: fields}
}

// NewBytes returns an answer with a body in memory.
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

// PieceBytes is how much of a page is encoded at a time. A page of a single
// piece is sent with its length. The rest of a longer page is encoded while the
// client reads, and the answer is chunked. A client that asks for pages and
// does not read them holds a piece for each page.
const PieceBytes = 64 << 10
