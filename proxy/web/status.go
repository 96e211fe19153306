// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"needletail/objstore"
)

// StatusError is an error with its answer.
type StatusError struct {
	Status int
	// Body, if not empty, replaces Swift's HTML page. An empty ContentType is
	// then "text/html; charset=UTF-8".
	Body        string
	ContentType string
	Header      Header // further lines
	Err         error  // the cause, for the log
}

// Error returns the status and the cause.
func (e *StatusError) Error() string {
	s := strconv.Itoa(e.Status) + " " + StatusText(e.Status)
	if e.Body != "" {
		s += ": " + e.Body
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *StatusError) Unwrap() error { return e.Err }

// Status returns an error that is answered with Swift's own page of the status.
func Status(status int) error { return &StatusError{Status: status} }

// Statusf returns an error that is answered with the given text, as text/html.
func Statusf(status int, format string, args ...any) error {
	return &StatusError{Status: status, Body: fmt.Sprintf(format, args...)}
}

// Textf is Statusf with text/plain.
func Textf(status int, format string, args ...any) error {
	return &StatusError{Status: status, Body: fmt.Sprintf(format, args...), ContentType: "text/plain"}
}

// WithHeader returns err with further lines in its answer.
func WithHeader(err error, lines ...HeaderField) error {
	se := statusError(err)
	more := *se
	more.Header = append(se.Header.Clone(), lines...)
	if err != error(se) {
		more.Err = err
	}
	return &more
}

// WholeSeconds returns a time as Retry-After has the time: in seconds, rounded
// up, and at least 1.
func WholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// TooMany returns an error that is answered with 429 and Retry-After.
func TooMany(wait time.Duration, cause error) error {
	return &StatusError{Status: 429, Err: cause,
		Header: Header{{Name: "Retry-After", Value: strconv.Itoa(WholeSeconds(wait))}}}
}

// Busy returns an error that is answered with 503 and Retry-After: the want of a
// resource that passes soon.
func Busy(cause error) error {
	return &StatusError{Status: 503, Err: cause, Header: Header{{Name: "Retry-After", Value: "1"}}}
}

// statusPage has the reason phrase of a status and the explanation on its page.
type statusPage struct{ title, text string }

// swob.py RESPONSE_REASONS, with the texts of Swift 2.38.
var statusPages = map[int]statusPage{
	200: {"OK", ""},
	201: {"Created", ""},
	202: {"Accepted", "The request is accepted for processing."},
	204: {"No Content", ""},
	206: {"Partial Content", ""},
	300: {"Multiple Choices", ""},
	301: {"Moved Permanently", "The resource has moved permanently."},
	302: {"Found", "The resource has moved temporarily."},
	303: {"See Other", "The response to the request can be found under a different URI."},
	304: {"Not Modified", ""},
	307: {"Temporary Redirect", "The resource has moved temporarily."},
	400: {"Bad Request", "The server could not comply with the request since it is either malformed or otherwise incorrect."},
	401: {"Unauthorized", "This server could not verify that you are authorized to access the document you requested."},
	402: {"Payment Required", "Access was denied for financial reasons."},
	403: {"Forbidden", "Access was denied to this resource."},
	404: {"Not Found", "The resource could not be found."},
	405: {"Method Not Allowed", "The method is not allowed for this resource."},
	406: {"Not Acceptable", "The resource is not available in a format acceptable to your browser."},
	408: {"Request Timeout", "The server has waited too long for the request to be sent by the client."},
	409: {"Conflict", "There was a conflict when trying to complete your request."},
	410: {"Gone", "This resource is no longer available."},
	411: {"Length Required", "Content-Length header required."},
	412: {"Precondition Failed", "A precondition for this request was not met."},
	413: {"Request Entity Too Large", "The body of your request was too large for this server."},
	414: {"Request URI Too Long", "The request URI was too long for this server."},
	415: {"Unsupported Media Type", "The request media type is not supported by this server."},
	416: {"Requested Range Not Satisfiable", "The Range requested is not available."},
	417: {"Expectation Failed", "Expectation failed."},
	422: {"Unprocessable Entity", "Unable to process the contained instructions"},
	429: {"Too Many Requests", "Too many requests were sent. Please try again later."}, // RFC 6585, 4: swob has no 429
	431: {"Request Header Fields Too Large", "The headers of your request were too large for this server."},
	497: {"Blacklisted", "Your account has been blacklisted"},
	498: {"Rate Limited", "Slow down"},
	499: {"Client Disconnect", "The client was disconnected during request."},
	500: {"Internal Error", "The server has either erred or is incapable of performing the requested operation."},
	501: {"Not Implemented", "The requested method is not implemented by this server."},
	502: {"Bad Gateway", "Bad gateway."},
	503: {"Service Unavailable", "The server is currently unavailable. Please try again at a later time."},
	504: {"Gateway Timeout", "A timeout has occurred speaking to a backend server."},
	507: {"Insufficient Storage", "There was not enough space to save the resource."},
}

// StatusText returns Swift's reason phrase of the status.
func StatusText(status int) string {
	if p, ok := statusPages[status]; ok {
		return p.title
	}
	return "Unknown"
}

// HTMLType is the Content-Type of Swift's pages.
const HTMLType = "text/html; charset=UTF-8"

// StatusPage returns swob's answer for a bare status, as text/html: Swift's
// HTML page if the status has a text, else an empty body.
func StatusPage(status int) *Response {
	p := statusPages[status]
	if p.text == "" {
		return NewBytes(status, HTMLType, nil)
	}
	return NewBytes(status, HTMLType, []byte("<html><h1>"+p.title+"</h1><p>"+p.text+"</p></html>"))
}

// ErrorResponse renders an error: a *StatusError as the error says, an
// *objstore.Error by its kind and text, and any further error as 500.
func ErrorResponse(err error) *Response {
	se := statusError(err)
	res := StatusPage(se.Status)
	if se.Body != "" {
		contentType := se.ContentType
		if contentType == "" {
			contentType = HTMLType
		}
		res = NewBytes(se.Status, contentType, []byte(se.Body))
	}
	for _, f := range se.Header {
		res.Header.Del(f.Name)
	}
	res.Header = append(res.Header, se.Header...)
	return res
}

// PlainText returns the answer to an error as text: the error's own body, or
// else a line with Swift's reason phrase of the status and a line with its
// explanation.
func PlainText(err error) string {
	se := statusError(err)
	if se.Body != "" {
		return se.Body
	}
	p := statusPages[se.Status]
	return p.title + "\n" + p.text
}

// statusError returns the answer that an error stands for.
func statusError(err error) *StatusError {
	var se *StatusError
	if errors.As(err, &se) {
		return se
	}
	se = &StatusError{Status: kindStatus(err)}
	if stored := (*objstore.Error)(nil); errors.As(err, &stored) && stored.Text != "" {
		se.Body, se.ContentType = stored.Text, "text/plain"
	}
	if errors.Is(err, objstore.ErrBusy) {
		se.Header = Header{{"Retry-After", "1"}}
	}
	return se
}

// kindStatus returns the status for an error without an answer: 499 once the
// client has left, else by the kind of an *objstore.Error, else 500.
func kindStatus(err error) int {
	if errors.Is(err, context.Canceled) {
		return 499 // the client has gone
	}
	var e *objstore.Error
	if !errors.As(err, &e) {
		return 500
	}
	switch e.Kind {
	case objstore.KindNotFound, objstore.KindContainerNotFound:
		return 404
	case objstore.KindNotEmpty, objstore.KindConflict:
		return 409
	case objstore.KindPrecondition:
		return 412
	case objstore.KindETagMismatch:
		return 422
	case objstore.KindTooLarge:
		return 413
	case objstore.KindShortBody, objstore.KindBody:
		return 499
	case objstore.KindNoSpace:
		return 507
	case objstore.KindInvalid:
		return 400
	case objstore.KindUnavailable, objstore.KindClosed:
		return 503
	}
	return 500
}
