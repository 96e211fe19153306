package glance

import (
	"errors"
	"fmt"
	"strings"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// failure is an error with its answer. The message reaches the client.
type failure struct {
	status  int
	message string // "" for WebOb's own explanation
	header  web.Header
	err     error // the cause
}

func (f *failure) Error() string {
	if f.err != nil {
		return fmt.Sprintf("%d %s: %v", f.status, f.message, f.err)
	}
	return fmt.Sprintf("%d %s", f.status, f.message)
}

func (f *failure) Unwrap() error { return f.err }

func failf(status int, format string, args ...any) error {
	return &failure{status: status, message: fmt.Sprintf(format, args...)}
}

// webobPages are titles and default explanations of webob/exc.py.
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

// asFailure says how an error is answered. It is nil for what goes to the front
// as it is: a body that the client did not send to its end.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, errNoImage) {
		return &failure{status: 404, err: err}
	}
	var e *objstore.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Kind {
	case objstore.KindBody, objstore.KindShortBody:
		return nil
	case objstore.KindTooLarge, objstore.KindNoSpace:
		return &failure{status: 413, message: "Image storage media is full or the image is too large.", err: err}
	case objstore.KindUnavailable, objstore.KindClosed:
		return &failure{status: 503, err: err}
	}
	return &failure{status: 500, err: err}
}

// errorPage renders a failure as WebOb does: by the Accept header, as HTML,
// JSON or plain text (webob/exc.py WSGIHTTPException.generate_response).
func errorPage(r *web.Request, f *failure) *web.Response {
	page := webobPages[f.status]
	status := fmt.Sprintf("%d %s", f.status, page.title)
	message := f.message
	if message == "" {
		message = page.explanation
	}
	var res *web.Response
	switch offer(r.Header.Get("Accept")) {
	case "application/json":
		res = web.NewBytes(f.status, "application/json", pyjson.Marshal(pyjson.Object{
			{Key: "message", Value: message + "<br /><br />\n\n\n"},
			{Key: "code", Value: status},
			{Key: "title", Value: page.title},
		}))
	case "text/html":
		res = web.NewBytes(f.status, "text/html; charset=UTF-8", []byte("<html>\n <head>\n  <title>"+status+
			"</title>\n </head>\n <body>\n  <h1>"+status+"</h1>\n  "+htmlEscape.Replace(message)+
			"<br /><br />\n\n\n\n </body>\n</html>"))
	default:
		res = web.NewBytes(f.status, "text/plain; charset=UTF-8", []byte(status+"\n\n"+message+"\n\n   "))
	}
	res.Reason = page.title
	res.Header = append(res.Header, f.header...)
	return res
}

// htmlEscape is Python's html.escape.
var htmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")

// offer picks the first of HTML and JSON that the header names; "" for neither.
// Weights are not compared: no client of Glance sends them.
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
