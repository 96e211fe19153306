// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
)

// Kind says how an exchange failed. A Kind is an error, so errors.Is(err,
// wire.KindTimeout) matches any *Error of the kind.
type Kind uint8

const (
	// KindConnect: no connection to the node, also after ConnectTimeout.
	KindConnect Kind = iota + 1
	// KindTimeout: the node did not take or give a byte in time.
	KindTimeout
	// KindBroken: the connection ended inside the exchange.
	KindBroken
	// KindProtocol: the node's bytes are not HTTP, or break a limit.
	KindProtocol
	// KindAnswered: the node gave its final answer before it had the whole
	// body. Finish returns the answer.
	KindAnswered
	// KindCanceled: the context ended; the cause is the context's.
	KindCanceled
	// KindRequest: the request cannot be sent as given. Nothing was sent of the
	// part that is wrong.
	KindRequest
)

var kindText = [...]string{
	KindConnect:  "cannot connect",
	KindTimeout:  "timeout",
	KindBroken:   "connection broken",
	KindProtocol: "protocol error",
	KindAnswered: "answered before the end of the body",
	KindCanceled: "canceled",
	KindRequest:  "request not possible",
}

// Error is the kind's text.
func (k Kind) Error() string {
	if int(k) < len(kindText) && kindText[k] != "" {
		return kindText[k]
	}
	return "unknown kind of error"
}

// Error is the failure of an exchange.
type Error struct {
	Op     string // "GET", or "PUT: write" and the like
	Addr   string // "ip:port" of the node
	Device string
	Kind   Kind
	Err    error // the cause, or nil
}

// Error is "op ip:port/device: kind: cause".
func (e *Error) Error() string {
	s := e.Op + " " + e.Addr
	if e.Device != "" {
		s += "/" + e.Device
	}
	s += ": " + e.Kind.Error()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches a Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// KindOf is the kind of the first *Error in err's chain, else 0.
func KindOf(err error) Kind {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

// protocolError is a breach of the protocol in an answer.
type protocolError string

func (e protocolError) Error() string { return string(e) }

// classify finds the kind of an error of the socket or of a parser.
func classify(err error) Kind {
	var breach protocolError
	var timeout net.Error
	switch {
	case errors.As(err, &breach):
		return KindProtocol
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return KindTimeout
	case errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout
	}
	return KindBroken
}

// unexpected makes an end of the connection inside a message an error that no
// caller takes for the message's end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
