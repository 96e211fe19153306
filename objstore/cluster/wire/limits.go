// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net"
	"time"
)

// Bounds of what a node may send, and of idle connections.
const (
	// headBytesMax bounds the head of an answer. Swift's own bound for a
	// request is 64 KiB (eventlet/wsgi.py: MAX_TOTAL_HEADER_SIZE).
	headBytesMax = 128 << 10
	// headFieldsMax bounds the fields of a head, above the 90 user fields and
	// the sysmeta of an object (swift/common/constraints.py).
	headFieldsMax = 1000
	// lineBytesMax bounds a line of a head, as Python's http.client does.
	lineBytesMax = 64 << 10
	// interimMax bounds the interim answers without meaning in one wait.
	interimMax = 8
	// chunkLineBytesMax bounds the line before a chunk, with its extension.
	chunkLineBytesMax = 256
	// chunkDigitsMax keeps the size of a chunk inside an int64.
	chunkDigitsMax = 15
	// trailerBytesMax bounds the trailer of a chunked body, which is dropped.
	trailerBytesMax = 8 << 10

	idlePerNodeDefault = 16
	idleTotalDefault   = 1024
	idleAgeDefault     = 30 * time.Second

	// Timeouts as in swift/proxy/server.py: conn_timeout, node_timeout.
	connectTimeoutDefault = 500 * time.Millisecond
	nodeTimeoutDefault    = 10 * time.Second
)

// Options configure a Client. Zero values mean the defaults.
type Options struct {
	// ConnectTimeout bounds the start of a connection: 0.5 s.
	ConnectTimeout time.Duration
	// NodeTimeout bounds each wait for an answer, each read of an answer's body
	// and each write: 10 s.
	NodeTimeout time.Duration
	// IdlePerNode is how many idle connections to a node are kept: 16. A
	// negative number keeps none. An idle connection holds a green thread of
	// Swift's server.
	IdlePerNode int
	// IdleTotal is how many idle connections are kept in all: 1024.
	IdleTotal int
	// IdleAge is how long an idle connection is kept: 30 s. The age must stay
	// below the servers' keepalive_timeout.
	IdleAge time.Duration
	// HeadBytes, HeadFields and LineBytes bound the head of an answer: 128 KiB,
	// 1000 and 64 KiB.
	HeadBytes, HeadFields, LineBytes int
	// Dial makes a connection; nil means TCP.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	// Connected, if not nil, is told how long each new connection took: the
	// measure of sorting_method = timing.
	Connected func(addr string, took time.Duration)
}

func orElse[T int | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

func (o Options) withDefaults() Options {
	orElse(&o.ConnectTimeout, connectTimeoutDefault)
	orElse(&o.NodeTimeout, nodeTimeoutDefault)
	orElse(&o.IdlePerNode, idlePerNodeDefault)
	orElse(&o.IdleTotal, idleTotalDefault)
	orElse(&o.IdleAge, idleAgeDefault)
	orElse(&o.HeadBytes, headBytesMax)
	orElse(&o.HeadFields, headFieldsMax)
	orElse(&o.LineBytes, lineBytesMax)
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		}
	}
	return o
}
