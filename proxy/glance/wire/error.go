// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// Error is an error with its answer.
type Error struct {
	Status int
	// Message reaches the client. "" stands for WebOb's own explanation of the
	// status.
	Message string
	// Header has further lines of the answer, such as Retry-After.
	Header web.Header
	// Err is the cause, for the log alone; nil if there is no other error.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%d %s: %v", e.Status, e.Message, e.Err)
	}
	return fmt.Sprintf("%d %s", e.Status, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a status and a message.
func Errorf(status int, format string, args ...any) error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// Busy returns the refusal of a request for want of a place, which comes free
// soon: 503 with Retry-After.
func Busy(message string) error {
	return &Error{Status: 503, Message: message, Header: web.Header{{Name: "Retry-After", Value: "1"}}}
}

// webobPages has the title and the default explanation of each status that the
// API answers with, from webob/exc.py.
var webobPages = map[int]struct{ title, explanation string }{
	300: {"Multiple Choices", ""},
	400: {"Bad Request", "The server could not comply with the request since it is either malformed or otherwise incorrect."},
	401: {"Unauthorized", "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."},
	403: {"Forbidden", "Access was denied to this resource."},
	404: {"Not Found", "The resource could not be found."},
	405: {"Method Not Allowed", "The method is not allowed for this resource."},
	409: {"Conflict", "There was a conflict when trying to complete your request."},
	410: {"Gone", "This resource is no longer available.  No forwarding address is given."},
	413: {"Request Entity Too Large", "The body of your request was too large for this server."},
	415: {"Unsupported Media Type", "The request media type is not supported by this server."},
	416: {"Requested Range Not Satisfiable", "The Range requested is not available."},
	431: {"Request Header Fields Too Large", "The request's header fields are too large."},
	500: {"Internal Server Error", "The server has either erred or is incapable of performing the requested operation."},
	503: {"Service Unavailable", "The server is currently unavailable. Please try again at a later time."},
}

// ErrorPage returns the answer to a request that failed. As in WebOb, the
// request's Accept header chooses HTML, JSON or plain text (webob/exc.py
// WSGIHTTPException.generate_response).
func ErrorPage(r *web.Request, e *Error) *web.Response {
	page := webobPages[e.Status]
	status := fmt.Sprintf("%d %s", e.Status, page.title)
	message := e.Message
	if message == "" {
		message = page.explanation
	}
	var res *web.Response
	switch offer(r.Header.Get("Accept")) {
	case "application/json":
		res = web.NewBytes(e.Status, "application/json", pyjson.Marshal(pyjson.Object{
			{Key: "message", Value: message + "<br /><br />\n\n\n"},
			{Key: "code", Value: status},
			{Key: "title", Value: page.title},
		}))
	case "text/html":
		res = web.NewBytes(e.Status, "text/html; charset=UTF-8", []byte("<html>\n <head>\n  <title>"+status+
			"</title>\n </head>\n <body>\n  <h1>"+status+"</h1>\n  "+htmlEscape.Replace(message)+
			"<br /><br />\n\n\n\n </body>\n</html>"))
	default:
		res = web.NewBytes(e.Status, "text/plain; charset=UTF-8", []byte(status+"\n\n"+message+"\n\n   "))
	}
	res.Reason = page.title
	res.Header = append(res.Header, e.Header...)
	return res
}

// htmlEscape escapes as Python's html.escape does.
var htmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")

// offer returns HTML or JSON, the first of the two in an Accept header, and "" for
// a header without HTML and JSON. Weights are not compared: no client of Glance
// sends weights.
func offer(accept string) string {
	for item := range strings.SplitSeq(accept, ",") {
		mediaType, _, _ := strings.Cut(item, ";")
		switch strings.ToLower(strings.TrimSpace(mediaType)) {
		case "*/*", "text/*", "text/html":
			return "text/html"
		case "application/json", "application/*":
			return "application/json"
		}
	}
	return ""
}
