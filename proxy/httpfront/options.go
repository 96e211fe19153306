// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"needletail/proxy/web"
)

// Defaults of Options. The two line limits are Swift's max_header_size and
// eventlet's URL_LENGTH_LIMIT. The total has room for the 190 metadata headers
// in Swift's own tests, which expect a refusal that names the limit on
// metadata.
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

// maxHeaderLines bounds the work that a head can cause.
const maxHeaderLines = 1000

// Options are the settings of a Server. A zero value stands for the default
// above. Handler is required.
type Options struct {
	// Handler gets every well-formed request, for all paths.
	Handler web.Handler
	// OnDone is called once for each request, also for a request refused before
	// the handler, on the goroutine of the connection.
	OnDone func(Done)

	// HeaderTimeout bounds the time from the first byte of a head to the last
	// (408), and from accept to the first byte.
	HeaderTimeout time.Duration
	// BodyIdleTimeout is how long a body may stall (408). The time starts anew
	// with every byte that arrives.
	BodyIdleTimeout time.Duration
	// WriteIdleTimeout is how long a client may take for the next
	// writePieceBytes of a response.
	WriteIdleTimeout time.Duration
	// IdleTimeout is how long a connection is kept between two requests.
	IdleTimeout time.Duration

	MaxHeaderBytes      int // all header lines and the blank one, with their ends; 400 above
	MaxHeaderLineBytes  int // one header line without its end; 400 above
	MaxRequestLineBytes int // without its end; 414 above
	MaxConnections      int // 503 with Retry-After, and close, above
	// MaxConnectionsPerIP counts an IPv6 client by its /64. 0 is no limit.
	MaxConnectionsPerIP int
	// MaxRequestsPerSecondPerIP refuses requests above the rate with 429. A
	// client is counted as by MaxConnectionsPerIP, behind a trusted proxy by its
	// own address. 0 is no limit.
	MaxRequestsPerSecondPerIP int
	// OnRefuse is called for each connection and each request above a limit, on
	// the goroutine of the connection or of accept, with the client's address.
	OnRefuse func(why Refusal, client string)
	// TrustedProxies may say who their client is: in a PROXY header (see
	// ProxyProtocol) and in X-Forwarded-For, X-Forwarded-Proto and Forwarded.
	// Their own addresses have no limit on connections and requests.
	TrustedProxies Proxies

	// Memory is the account of the bytes that requests hold whole. Heads is the
	// account of heads longer than minBufferBytes. A request above an account
	// is 503. A nil account has no bound.
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
	if o.OnRefuse == nil {
		o.OnRefuse = func(Refusal, string) {}
	}
	return o
}

// Done has the outcome of a request, for the access log and the metrics. It has
// no query and no header value but the user agent, because they may have tokens
// and signatures. In Log.Line, added by an option, tokens and signatures are
// cut.
type Done struct {
	Method, RawPath, Proto string // may be empty for a malformed request
	Status                 int    // as sent, or as it would have been
	BytesIn, BytesOut      int64  // bytes of the bodies
	Start                  time.Time
	Duration               time.Duration
	FirstByte              time.Duration // until the answer began
	TransID                string
	RemoteAddr             string // without the port
	UserAgent              string
	Log                    web.LogInfo
	Err                    error // the cause of an error status, or of a body cut short
}

// Failure returns the failure of a request, for the log: the cause of a status
// of 500 or more, or of an answer that ended early although the client was
// still there. Failure returns nil for a request that was answered as intended;
// a denial is such an answer.
func (d *Done) Failure() error {
	switch {
	case d.Status >= 500:
		return cmp.Or(d.Err, d.Log.Cause, errNoCause)
	case d.Err == nil || d.Status >= 400 || clientLeft(d.Err):
		return nil
	}
	return d.Err
}

// clientLeft reports whether the cause is a client that left.
func clientLeft(err error) bool {
	var status *web.StatusError
	return errors.As(err, &status) && status.Status == 499
}

var errNoCause = errors.New("the cause is not told")
