// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"errors"
	"strconv"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

const (
	msgUnauthorized = "The request you have made requires authentication."
	msgMalformed    = " The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error."
)

// apiError is an answer in Keystone's form (keystone/exception.py).
type apiError struct {
	status  int
	message string
	authURI string   // the uri of a 401
	allow   string   // the methods of a 405, for Allow
	methods []string // the allowed methods, in a 401 for a bad method
	// retryAfterSeconds is the Retry-After of a 429.
	retryAfterSeconds int
	cause             error
}

func (e *apiError) Error() string {
	s := strconv.Itoa(e.status) + " " + e.message
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

func (e *apiError) Unwrap() error { return e.cause }

func newError(status int, message string) *apiError {
	return &apiError{status: status, message: message}
}

func badRequest(message string) error { return newError(400, message) }

// missing is Keystone's ValidationError.
func missing(attribute, target string) error {
	return badRequest("Expecting to find " + attribute + " in " + target + "." + msgMalformed)
}

func forbidden(message string) error { return newError(403, message) }

// unauthorized returns the 401 of a missing or insufficient login.
func (c *call) unauthorized() *apiError {
	e := newError(401, msgUnauthorized)
	e.authURI = c.base + "/v3"
	return e
}

// titles are the titles of Keystone's error bodies.
var titles = map[int]string{
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 409: "Conflict", 413: "Request Entity Too Large",
	429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable", 507: "Insufficient Storage",
}

// retryAfterSeconds is the pause that a 503 asks of the client.
const retryAfterSeconds = "5"

// errorResponse renders an error. errorResponse returns nil for an error of the
// request's body or of the context: the front answers such errors.
func (c *call) errorResponse(err error) *web.Response {
	var e *apiError
	var ie *identity.Error
	var partial *identity.PartialLogin
	switch {
	case errors.As(err, &partial):
		return receiptResponse(partial)
	case errors.As(err, &e):
	case errors.As(err, &ie):
		e = c.fromIdentity(ie)
	default:
		return nil
	}
	res := web.NewBytes(e.status, jsonType, e.body())
	if e.status == 401 {
		res.Header.Add("WWW-Authenticate", `Keystone uri="`+e.authURI+`"`)
	}
	if e.allow != "" {
		res.Header.Add("Allow", e.allow)
	}
	if e.retryAfterSeconds > 0 {
		res.Header.Add("Retry-After", strconv.Itoa(e.retryAfterSeconds))
	}
	if e.status == 503 {
		res.Header.Add("Retry-After", retryAfterSeconds)
	}
	return res
}

// body returns the error as flask.jsonify writes it: compact, keys sorted, with
// a newline.
func (e *apiError) body() []byte {
	b := append([]byte(`{"error":{"code":`), strconv.Itoa(e.status)...)
	if e.methods != nil {
		b = append(b, `,"identity":{"methods":[`...)
		for i, m := range e.methods {
			if i > 0 {
				b = append(b, ',')
			}
			b = pyjson.AppendString(b, m)
		}
		b = append(b, `]}`...)
	}
	b = pyjson.AppendString(append(b, `,"message":`...), e.message)
	b = pyjson.AppendString(append(b, `,"title":`...), titles[e.status])
	return append(b, "}}\n"...)
}

// fromIdentity turns an error of the store into an answer. Details of an
// internal error stay out of the answer.
func (c *call) fromIdentity(ie *identity.Error) *apiError {
	e := &apiError{cause: ie, message: ie.Detail}
	switch ie.Kind {
	case identity.KindInvalid:
		e.status = 400
	case identity.KindUnauthorized:
		e = c.unauthorized()
		e.cause = ie
		if ie.Tell {
			e.message = ie.Detail
		}
	case identity.KindForbidden:
		e.status = 403
	case identity.KindNotFound:
		e.status = 404
		if e.message == "" {
			e.message = "Could not find " + ie.Entity + ": " + ie.Name + "."
		}
	case identity.KindConflict:
		e.status = 409
		e.message = "Conflict occurred attempting to store " + ie.Entity + " - " + ie.Detail
	case identity.KindBusy:
		e.status = 503
	case identity.KindThrottled:
		e.status, e.retryAfterSeconds = 429, web.WholeSeconds(ie.RetryAfter)
	case identity.KindNoSpace:
		e.status, e.message = 507, "The disk of the identity store is full; nothing that makes it grow is stored."
	case identity.KindUnavailable:
		e.status, e.message = 503, "The identity store takes no changes at present."
	default:
		e.status, e.message = 500, "An unexpected error prevented the server from fulfilling your request."
	}
	return e
}
