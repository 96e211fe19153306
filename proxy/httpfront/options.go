package httpfront

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"needletail/proxy/web"
)

// Defaults of Options. The two line limits are Swift's max_header_size and
// eventlet's URL_LENGTH_LIMIT; the total has room for the 190 metadata headers
// that Swift's own tests send and expect to be refused by name.
const (
	DefaultHeaderTimeout       = 20 * time.Second
	DefaultBodyIdleTimeout     = 60 * time.Second
	DefaultWriteIdleTimeout    = 60 * time.Second
	DefaultIdleTimeout         = 75 * time.Second
	DefaultMaxHeaderBytes      = 128 << 10
	DefaultMaxHeaderLineBytes  = 8192
	DefaultMaxRequestLineBytes = 8192
	DefaultMaxConnections      = 8192
)

// maxHeaderLines bounds the work that one head can cause.
const maxHeaderLines = 1000

// Options says what a Server does. Zero values stand for the defaults above;
// Handler is required.
type Options struct {
	// Handler gets every well-formed request, whatever its path.
	Handler web.Handler
	// OnDone is called once for each request, also for one that was refused
	// before the handler, on the goroutine of its connection.
	OnDone func(Done)

	// HeaderTimeout is from the first byte of a head to its last (408), and
	// from accept to the first byte.
	HeaderTimeout time.Duration
	// BodyIdleTimeout is how long a body may stall; it starts anew with every
	// byte that arrives (408).
	BodyIdleTimeout time.Duration
	// WriteIdleTimeout is how long a client may take for the next
	// writePieceBytes of a response.
	WriteIdleTimeout time.Duration
	// IdleTimeout is how long a connection is kept between two requests.
	IdleTimeout time.Duration

	MaxHeaderBytes      int // all header lines and the blank one, with their ends; 400 above
	MaxHeaderLineBytes  int // one header line without its end; 400 above
	MaxRequestLineBytes int // without its end; 414 above
	MaxConnections      int // 503 and close above
	// MaxConnectionsPerIP counts an IPv6 client by its /64; 0 is no limit.
	MaxConnectionsPerIP int

	// Memory is the account of what requests hold whole, and Heads that of heads
	// longer than minBufferBytes: 503 above. Nil is without a bound.
	Memory, Heads *web.Memory

	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	orDuration := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	orInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	orDuration(&o.HeaderTimeout, DefaultHeaderTimeout)
	orDuration(&o.BodyIdleTimeout, DefaultBodyIdleTimeout)
	orDuration(&o.WriteIdleTimeout, DefaultWriteIdleTimeout)
	orDuration(&o.IdleTimeout, DefaultIdleTimeout)
	orInt(&o.MaxHeaderBytes, DefaultMaxHeaderBytes)
	orInt(&o.MaxHeaderLineBytes, DefaultMaxHeaderLineBytes)
	orInt(&o.MaxRequestLineBytes, DefaultMaxRequestLineBytes)
	orInt(&o.MaxConnections, DefaultMaxConnections)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.OnDone == nil {
		o.OnDone = func(Done) {}
	}
	return o
}

// Done is what became of one request, for the access log and the metrics. It
// holds no query and no header value but the user agent, because those may
// hold tokens and signatures; Log.Line, which an option adds, has them cut.
type Done struct {
	Method, RawPath, Proto string // may be empty for a malformed request
	Status                 int    // as sent, or as it would have been
	BytesIn, BytesOut      int64  // bytes of the bodies
	Start                  time.Time
	Duration               time.Duration
	TransID                string
	RemoteAddr             string // without the port
	UserAgent              string
	Log                    web.LogInfo
	Err                    error // the cause of an error status, or of a body cut short
}

// Failure is what failed of a request, for the log: the cause of a status of 500
// or more, or of an answer that ended early although its client was there. It is
// nil for what was answered as it should be, denials among them.
func (d *Done) Failure() error {
	switch {
	case d.Status >= 500:
		return cmp.Or(d.Err, d.Log.Cause, errNoCause)
	case d.Err == nil || d.Status >= 400 || clientLeft(d.Err):
		return nil
	}
	return d.Err
}

func clientLeft(err error) bool {
	var status *web.StatusError
	return errors.As(err, &status) && status.Status == 499
}

var errNoCause = errors.New("the cause is not told")
