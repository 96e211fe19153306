// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	"needletail/objstore/pipe"
)

// putState is how far the dialogue of a Put has come.
type putState uint8

const (
	putHead   putState = iota // the head is sent: Continue
	putBody                   // the node said 100: Write, then Footer or Finish
	putFooter                 // the footer of two phases is sent: Continue
	putCommit                 // the node said 100 again: Commit
	putEnd                    // all is sent: Finish
	putOver                   // Finish has returned, or the exchange has failed
)

// Put is the exchange of an upload. The order of the calls is
//
//	Continue, Write…, Finish                            a plain body
//	Continue, Write…, Footer, Finish                    with metadata after it
//	Continue, Write…, Footer, Continue, Commit, Finish  in two phases
//
// A final answer from Continue ends the dialogue. A Put is for one goroutine at
// a time, but for Abort. After an error of KindAnswered, Finish and Continue
// return the node's answer; after any other error all calls return the error.
// Every Put ends with a final answer, an error or Abort.
type Put struct {
	x        *exchange
	req      *Request
	client   *Client
	boundary string // of the MIME documents; "" for a plain body
	chunked  bool
	left     int64 // bytes of a plain body with a stated length that are still to come

	state   putState
	started bool   // the first document is begun
	held    []byte // a small piece of a document, which goes out with what follows
	early   *head  // a final answer that came before the end of the body
	err     error  // of all later calls
	prefix  []byte

	// mu guards x for Abort; the goroutine of the Put alone changes x.
	mu      sync.Mutex
	aborted bool
}

var (
	errPutOrder   = errors.New("the calls of a Put are out of order")
	errPutLength  = errors.New("the body has another length than stated")
	errPutPipe    = errors.New("the body cannot come out of a pipe")
	errAborted    = errors.New("the upload was given up")
	errNoFooter   = protocolError("the node takes no metadata after the body")
	errNoTwoPhase = protocolError("the node knows no upload in two phases")
)

// Put sends the head of an upload. ctx holds until the end of the dialogue.
func (c *Client) Put(ctx context.Context, req *Request) (*Put, error) {
	p := &Put{req: req, client: c, left: req.Length, chunked: req.Length <= 0}
	if req.Footer || req.Commit {
		p.boundary, p.chunked = newBoundary(), true
	}
	if err := p.open(ctx, false); err != nil {
		return nil, err
	}
	return p, nil
}

// open sends the head on a connection out of the pool or, if the pool's turns
// out to be closed, on a fresh connection.
func (p *Put) open(ctx context.Context, fresh bool) error {
	head, err := p.client.appendHead(p.req, p)
	if err != nil {
		return err
	}
	defer headBuffers.Put(head)
	for {
		x, err := p.client.begin(ctx, p.req, fresh)
		if err != nil {
			return err
		}
		p.adopt(x)
		if err = x.send(*head, nil); err == nil {
			return nil
		}
		err = x.fail("head", err)
		if fresh || !x.stale(err) {
			return err
		}
		fresh = true
	}
}

// appendFields appends the fields of the framing and of the dialogue
// (swift/proxy/controllers/obj.py: MIMEPutter.connect).
func (p *Put) appendFields(b []byte) []byte {
	b = appendField(b, "Expect", "100-continue")
	if p.chunked {
		b = appendField(b, "Transfer-Encoding", "chunked")
	} else {
		b = appendField(b, "Content-Length", strconv.FormatInt(p.left, 10))
	}
	if p.boundary == "" {
		return b
	}
	if _, stated := p.req.Header.Lookup(objLengthField); !stated && p.req.Length > 0 {
		b = appendField(b, objLengthField, strconv.FormatInt(p.req.Length, 10))
	}
	b = appendField(b, boundaryField, p.boundary)
	b = appendField(b, "X-Backend-Obj-Metadata-Footer", "yes")
	if p.req.Commit {
		b = appendField(b, "X-Backend-Obj-Multiphase-Commit", "yes")
	}
	return b
}

// Continue waits for the node to ask for what comes next, and returns the
// fields of its 100, or a final answer. The end of ctx closes the connection.
func (p *Put) Continue(ctx context.Context) (Header, *Response, error) {
	if p.err != nil {
		return nil, nil, p.err
	}
	if p.early != nil {
		r, err := p.answer(p.early, false)
		return nil, r, err
	}
	first := p.state == putHead
	if !first && p.state != putFooter {
		return nil, nil, p.misuse("continue", errPutOrder)
	}
	h, err := p.await(ctx, true)
	if first && err != nil && p.x.stale(err) {
		if err = p.open(p.x.ctx, true); err == nil {
			h, err = p.await(ctx, true)
		}
	}
	if err != nil {
		return nil, nil, p.failed(err)
	}
	if !h.interim() {
		r, err := p.answer(&h, false)
		return nil, r, err
	}
	if err := p.supports(h.header); err != nil {
		return nil, nil, p.failed(p.x.fail("continue", err))
	}
	p.state++ // putHead to putBody, putFooter to putCommit
	return h.header, nil, nil
}

// await reads a head: a final answer or, if interim says so, a 100.
func (p *Put) await(ctx context.Context, interim bool) (head, error) {
	x := p.x
	x.wait = ctx
	unwatch := context.AfterFunc(ctx, x.conn.close)
	h, err := x.next(interim)
	if !unwatch() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = x.fail("answer", err)
	}
	x.wait = nil
	return h, err
}

// supports checks that a 100 confirms all that the request asks for.
func (p *Put) supports(h Header) error {
	switch {
	case p.boundary == "":
		return nil
	case !confirmed(h.Get("X-Obj-Metadata-Footer")):
		return errNoFooter
	case p.req.Commit && !confirmed(h.Get("X-Obj-Multiphase-Commit")):
		return errNoTwoPhase
	}
	return nil
}

// answer ends the dialogue with a final answer. keep says whether all was sent.
func (p *Put) answer(h *head, keep bool) (*Response, error) {
	r, err := p.x.response(h, keep)
	if err != nil {
		return nil, p.failed(p.x.fail("answer", err))
	}
	p.state, p.err = putOver, p.error("after the answer", KindRequest, errPutOrder)
	return r, nil
}

// failed keeps the error for all later calls.
func (p *Put) failed(err error) error {
	p.state, p.err = putOver, err
	return err
}

func (p *Put) error(step string, kind Kind, err error) *Error {
	return &Error{Op: p.x.op(step), Addr: p.req.Addr, Device: p.req.Device, Kind: kind, Err: err}
}

// misuse closes the connection after a call that cannot be right.
func (p *Put) misuse(step string, err error) error {
	p.x.end(false)
	return p.failed(p.error(step, KindRequest, err))
}

// Write sends bytes of the body, within NodeTimeout; a small piece that a footer
// follows is sent with the footer. An error of KindAnswered
// means that the node has given its final answer already: Finish returns the
// answer. Write keeps nothing of b.
func (p *Put) Write(b []byte) error {
	return p.write(len(b), func() error { return p.send(b) })
}

// WritePipe is Write for the bytes of a pipe. The body is a plain body with a
// stated length, and the connection is a socket.
func (p *Put) WritePipe(from *pipe.Pipe) error {
	return p.write(from.Held(), func() error {
		if p.chunked || p.x.conn.raw == nil {
			return p.misuse("write", errPutPipe)
		}
		if p.left -= int64(from.Held()); p.left < 0 {
			return p.misuse("write", errPutLength)
		}
		return p.x.conn.drain(from)
	})
}

// WritePipeNow sends what the node takes of a pipe without a wait, and reports
// whether that is all. The rest, and an error, are for WritePipe.
func (p *Put) WritePipeNow(from *pipe.Pipe) bool {
	ready := p.err == nil && p.early == nil && p.state == putBody && !p.x.ended()
	if !ready || p.chunked || p.left < int64(from.Held()) || p.x.conn.raw == nil || p.x.conn.look() {
		return false
	}
	p.left -= int64(p.x.conn.drainNow(from))
	return from.Held() == 0
}

// write calls send for n bytes of the body if the dialogue is there for them.
func (p *Put) write(n int, send func() error) error {
	switch {
	case p.err != nil:
		return p.err
	case p.early != nil:
		return p.error("write", KindAnswered, nil)
	case p.x.ended():
		return p.failed(p.x.fail("write", net.ErrClosed))
	case p.state != putBody:
		return p.misuse("write", errPutOrder)
	case n == 0:
		return nil
	case p.x.conn.look():
		return p.interrupted("write", nil)
	}
	if err := send(); err != nil {
		return p.interrupted("write", err)
	}
	return nil
}

// heldBytesMax bounds the bytes of a document that wait for the footer: the fragments
// of small objects, and what is left of a large object.
const heldBytesMax = 16 << 10

// send sends a piece of the body in the framing of the request. Small pieces of a
// document, which a footer follows, are held back.
func (p *Put) send(b []byte) error {
	if !p.chunked {
		if p.left -= int64(len(b)); p.left < 0 {
			return p.misuse("write", errPutLength)
		}
		return p.x.conn.write(b)
	}
	frame := p.prefix[:0]
	if p.boundary != "" && !p.started {
		frame = appendBodyDocument(frame, p.boundary)
	}
	p.started = true
	frame = append(strconv.AppendInt(frame, int64(len(b)), 16), "\r\n"...)
	p.prefix = frame
	if p.boundary != "" && len(p.held)+len(frame)+len(b) <= heldBytesMax {
		p.held = append(append(append(p.held, frame...), b...), crlf...)
		return nil
	}
	held := p.held
	p.held = nil
	return p.x.conn.write(held, frame, b, crlf)
}

// interrupted finds out why the body does not go on: with a final answer, or
// with the broken connection of cause.
func (p *Put) interrupted(step string, cause error) error {
	if p.err != nil {
		return p.err
	}
	if cause == nil || p.x.conn.look() {
		h, err := p.x.next(false)
		switch {
		case err == nil:
			p.early = &h
			return p.error(step, KindAnswered, fmt.Errorf("status %d", h.status))
		case cause == nil:
			cause = err
		}
	}
	return p.failed(p.x.fail(step, cause))
}

// Footer ends the bytes of the object and sends the metadata document, which
// has the fields as JSON (swift/proxy/controllers/obj.py: MIMEPutter).
func (p *Put) Footer(fields Header) error {
	switch {
	case p.err != nil:
		return p.err
	case p.early != nil:
		return p.error("footer", KindAnswered, nil)
	case p.x.ended():
		return p.failed(p.x.fail("footer", net.ErrClosed))
	case p.state != putBody || p.boundary == "":
		return p.misuse("footer", errPutOrder)
	}
	var frame []byte
	if !p.started {
		frame = appendBodyDocument(frame, p.boundary)
	}
	frame = appendFooterDocument(frame, p.boundary, fields, p.req.Commit)
	p.state = putEnd
	if p.req.Commit {
		p.state = putFooter
	}
	return p.sendLast("footer", frame)
}

// Commit sends the second body, which makes the object visible.
func (p *Put) Commit() error {
	switch {
	case p.err != nil:
		return p.err
	case p.x.ended():
		return p.failed(p.x.fail("commit", net.ErrClosed))
	case p.state != putCommit:
		return p.misuse("commit", errPutOrder)
	}
	p.state = putEnd
	return p.sendLast("commit", appendCommitDocument(nil, p.boundary))
}

// sendLast sends chunks that end a chunked body.
func (p *Put) sendLast(step string, chunks []byte) error {
	held := p.held
	p.held = nil
	if err := p.x.conn.write(held, chunks, lastChunk); err != nil {
		return p.interrupted(step, err)
	}
	return nil
}

// Finish ends a plain body, and waits for the final answer. The end of ctx
// closes the connection.
func (p *Put) Finish(ctx context.Context) (*Response, error) {
	if p.err != nil {
		return nil, p.err
	}
	if p.early == nil && p.x.ended() {
		return nil, p.failed(p.x.fail("finish", net.ErrClosed))
	}
	if p.state == putBody && p.boundary == "" && p.early == nil {
		if err := p.endPlain(); err != nil && p.early == nil {
			return nil, err
		}
	}
	if p.early != nil {
		return p.answer(p.early, false)
	}
	if p.state != putEnd {
		return nil, p.misuse("finish", errPutOrder)
	}
	h, err := p.await(ctx, false)
	if err != nil {
		return nil, p.failed(err)
	}
	return p.answer(&h, true)
}

// endPlain ends a plain body.
func (p *Put) endPlain() error {
	if !p.chunked && p.left > 0 {
		return p.misuse("finish", errPutLength)
	}
	p.state = putEnd
	if p.chunked {
		return p.sendLast("finish", nil)
	}
	return nil
}

// Abort gives the upload up and closes the connection, from any goroutine. Calls
// that run or come later fail with KindCanceled. After the end of the dialogue
// Abort does nothing.
func (p *Put) Abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.aborted = true
	p.x.abort()
}

// adopt makes x the exchange, unless the upload was given up meanwhile.
func (p *Put) adopt(x *exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.x = x
	if p.aborted {
		x.abort()
	}
}
