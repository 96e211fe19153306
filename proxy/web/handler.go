package web

// Handler answers a request. An error is rendered in one place, by
// ErrorResponse; a handler that returns an error returns no response.
type Handler interface {
	Serve(*Request) (*Response, error)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(*Request) (*Response, error)

// Serve calls f.
func (f HandlerFunc) Serve(r *Request) (*Response, error) { return f(r) }
