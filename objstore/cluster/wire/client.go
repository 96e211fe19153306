// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// Client sends requests to nodes. All methods are safe for concurrent use.
type Client struct {
	opts Options
	pool pool
}

// New returns a Client.
func New(o Options) *Client {
	c := &Client{opts: o.withDefaults()}
	c.pool = pool{perNode: c.opts.IdlePerNode, total: c.opts.IdleTotal, age: c.opts.IdleAge}
	return c
}

// Close closes the idle connections. Running exchanges go on, and close their
// connections at their end.
func (c *Client) Close() { c.pool.close() }

// Request is a request to a node.
type Request struct {
	Method string
	Addr   string // "ip:port"
	Device string // for errors alone
	Path   string // escaped, with the query; see Path
	// Header are the fields. The fields of the framing are not taken from here:
	// those that come along with a client's fields are dropped (ownFields).
	Header Header
	// Body is the body of Do.
	Body []byte
	// Length is the number of bytes of a Put, if it is known and not 0; else
	// the body is chunked.
	Length int64
	// Footer makes the body of a Put a MIME document with a footer; Commit also
	// asks for the two phases of an erasure-coded PUT.
	Footer, Commit bool
	// NodeTimeout replaces Options.NodeTimeout, if not 0.
	NodeTimeout time.Duration
}

func (r *Request) timeout(o *Options) time.Duration {
	if r.NodeTimeout > 0 {
		return r.NodeTimeout
	}
	return o.NodeTimeout
}

// Response is a final answer.
type Response struct {
	Status int
	Reason string
	Header Header
	// Body is never nil, and must be closed. Each read has NodeTimeout. Body
	// implements io.WriterTo.
	Body io.ReadCloser
	// Length is the length of Body, or -1 if the length is not known. The
	// answer to a HEAD has no Body, whatever its Content-Length says.
	Length int64
}

// Do sends a request and returns the final answer, whose body is read from the
// node as the caller reads. The end of ctx closes the connection at once, until
// Body is read to its end or closed.
func (c *Client) Do(ctx context.Context, req *Request) (*Response, error) {
	head, err := c.appendHead(req, nil)
	if err != nil {
		return nil, err
	}
	for fresh := false; ; fresh = true {
		x, err := c.begin(ctx, req, fresh)
		if err != nil {
			return nil, err
		}
		r, err := x.do(*head, req.Body)
		if err == nil || fresh || len(req.Body) > 0 || !x.stale(err) {
			headBuffers.Put(head)
			return r, err
		}
	}
}

// do sends the request and reads the head of the final answer.
func (x *exchange) do(head, body []byte) (*Response, error) {
	if err := x.send(head, body); err != nil {
		return nil, x.fail("send", err)
	}
	h, err := x.next(false)
	if err != nil {
		return nil, x.fail("answer", err)
	}
	r, err := x.response(&h, true)
	if err != nil {
		return nil, x.fail("answer", err)
	}
	return r, nil
}

// ownFields are the fields that the client writes itself.
var ownFields = [...]string{
	"Connection", "Content-Length", "Expect", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func ownField(name string) bool {
	for _, own := range ownFields {
		if strings.EqualFold(own, name) {
			return true
		}
	}
	return false
}

var (
	errRequestLine  = errors.New("the method, the address or the path cannot stand in a request")
	errRequestField = errors.New("a header field cannot stand in a request")
)

// validTarget reports whether a path or a method stays inside its line.
func validTarget(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != ""
}

// appendHead makes the head of a request in a buffer of headBuffers. p is nil
// for a request of Do.
func (c *Client) appendHead(req *Request, p *Put) (*[]byte, error) {
	refuse := func(err error) (*[]byte, error) {
		return nil, &Error{Op: req.Method, Addr: req.Addr, Device: req.Device, Kind: KindRequest, Err: err}
	}
	if !validTarget(req.Method) || !validTarget(req.Path) || !validTarget(req.Addr) {
		return refuse(errRequestLine)
	}
	buf := headBuffers.Get().(*[]byte)
	b := append((*buf)[:0], req.Method...)
	b = append(append(append(b, ' '), req.Path...), " HTTP/1.1\r\n"...)
	if _, ok := req.Header.Lookup("Host"); !ok {
		b = appendField(b, "Host", req.Addr)
	}
	for _, f := range req.Header {
		if ownField(f.Name) {
			continue
		}
		if !validName(f.Name) || !validValue(f.Value) {
			return refuse(errRequestField)
		}
		b = appendField(b, f.Name, f.Value)
	}
	if p != nil {
		b = p.appendFields(b)
	} else if len(req.Body) > 0 || req.Method == "PUT" || req.Method == "POST" {
		b = appendField(b, "Content-Length", strconv.Itoa(len(req.Body)))
	}
	if c.opts.IdlePerNode < 0 {
		b = appendField(b, "Connection", "close")
	}
	*buf = append(b, "\r\n"...)
	return buf, nil
}
