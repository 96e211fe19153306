// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
	"needletail/ring"
)

// Statuses of the protocol.
const (
	statusOK           = 200
	statusCreated      = 201
	statusAccepted     = 202
	statusNoContent    = 204
	statusPartial      = 206
	statusBadRequest   = 400
	statusForbidden    = 403
	statusNotFound     = 404
	statusTimeout      = 408
	statusConflict     = 409
	statusGone         = 410
	statusPrecondition = 412
	statusRange        = 416
	statusMismatch     = 422
	statusClosed       = 499
	statusInternal     = 500
	statusUnavailable  = 503
	statusNoSpace      = 507
)

// request is a client's request to all or some nodes of a target.
type request struct {
	*target
	method string
	query  string
	body   []byte
}

// answer is the final answer of a node.
type answer struct {
	node   nodes.Node
	status int
	header wire.Header
	text   string // the first bytes of the body
}

// answerTextMax bounds the body that is kept of an answer: the reason of a
// refusal, for the error.
const answerTextMax = 1 << 10

// timestamped reports whether the answer says when its name was changed. A
// server that never knew the name has no time.
func (a *answer) timestamped() bool { return !isZeroTime(a.header.Get("X-Backend-Timestamp")) }

// isZeroTime reports whether a header says nothing about a time.
func isZeroTime(s string) bool { return strings.Trim(s, "0._") == "" }

// ask sends a request to a node. The answer's body is open. A failure, and an
// answer of 500 and above, is counted against the node.
func (s *Store) ask(ctx context.Context, r *request, n nodes.Node, h wire.Header, timeout time.Duration) (*wire.Response, error) {
	start := time.Now()
	res, err := s.wire.Do(ctx, &wire.Request{
		Method: r.method, Addr: n.Address(), Device: n.Device.Device, Path: r.path(n.Device.Device, r.query),
		Header: h, Body: r.body, NodeTimeout: timeout,
	})
	if err != nil {
		s.unanswered(r, n, start, err)
		return nil, err
	}
	s.answered(r, n, start, res.Status)
	return res, nil
}

// readAnswer reads the rest of an answer and closes the body.
func readAnswer(n nodes.Node, res *wire.Response) *answer {
	a := &answer{node: n, status: res.Status, header: res.Header}
	text, err := io.ReadAll(io.LimitReader(res.Body, answerTextMax))
	if err == nil {
		a.text = strings.TrimSpace(string(text))
	}
	_ = res.Body.Close()
	return a
}

// answerError is an answer of a node as the cause of an error.
type answerError struct {
	node   string
	method string
	status int
	text   string
}

func (e *answerError) Error() string {
	s := e.method + " " + e.node + ": status " + strconv.Itoa(e.status)
	if e.text != "" {
		s += ": " + strconv.Quote(e.text)
	}
	return s
}

// answered tells the metrics of an answer, and counts an answer of 500 and above
// against the node.
func (s *Store) answered(r *request, n nodes.Node, start time.Time, status int) {
	s.nodes.Answered(n.Device)
	s.metrics.Exchanged(Exchange{Server: r.server, Policy: r.policy, Addr: n.Address(), Device: n.Device.Device,
		Method: r.method, Status: status, Took: time.Since(start), Handoff: n.Handoff()})
	if status >= statusInternal {
		s.failed(r, n, &answerError{node: n.String(), method: r.method, status: status})
	}
}

// unanswered counts a failure, unless the Store itself ended the exchange.
func (s *Store) unanswered(r *request, n nodes.Node, start time.Time, err error) {
	if isOurs(err) {
		return
	}
	s.metrics.Exchanged(Exchange{Server: r.server, Policy: r.policy, Addr: n.Address(), Device: n.Device.Device,
		Method: r.method, Took: time.Since(start), Handoff: n.Handoff()})
	s.failed(r, n, err)
}

// isOurs reports whether an exchange failed because of the Store or its caller.
func isOurs(err error) bool {
	return errors.Is(err, wire.KindCanceled) || errors.Is(err, wire.KindRequest)
}

// isFull reports whether a node failed for want of room.
func isFull(err error) bool {
	var a *answerError
	return errors.As(err, &a) && a.status == statusNoSpace
}

// failed counts an error of a node. A node without room, or whose disk is not
// there, is limited at once (swift/common/error_limiter.py).
func (s *Store) failed(r *request, n nodes.Node, err error) {
	limited := true
	if isFull(err) {
		s.nodes.Limit(n.Device)
	} else {
		limited = s.nodes.Failed(n.Device)
	}
	s.log.Warn("a server of the cluster failed", "server", r.server.String(), "node", n.String(),
		"method", r.method, "handoff", n.Handoff(), "limited", limited, "err", err)
	if limited {
		s.metrics.Limited(r.server, n.Address(), n.Device.Device)
	}
}

// connected keeps how long a connect took, for sorting_method = timing.
func (s *Store) connected(addr string, took time.Duration) {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		s.nodes.Connected(&ring.Device{IP: host}, took)
	}
}
