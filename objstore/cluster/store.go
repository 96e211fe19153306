// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/pipe"
)

// Options are the arguments of Open.
type Options struct {
	// Dir is the open swift_dir.
	Dir *swiftconf.Dir
	// Proxy are the settings towards the servers; nil means Swift's defaults,
	// with concurrent reads.
	Proxy *swiftconf.Options
	// Logger gets a line for each failure of a server; nil logs nothing.
	Logger *slog.Logger
	// Metrics is told of each exchange with a server; nil counts nothing.
	Metrics Metrics
	// Cache keeps infos of accounts and containers; nil asks the servers each
	// time. The Store does not close the Cache.
	Cache *infocache.Cache
	// Keys are the root secrets of Swift's filter keymaster; nil refuses objects
	// that the filter encryption wrote, and encrypts nothing.
	Keys *swiftcrypto.Keys
	// Cause returns the transaction ID of the client's request, and the
	// "METHOD URL" of that request, for the servers' logs. Nil sends neither.
	Cause func(ctx context.Context) (transID, referer string)
	// IdlePerNode is how many idle connections to a server are kept; 0 means
	// the default, and a negative number none.
	IdlePerNode int
	// IdleTotal is how many idle connections are kept to all servers, and
	// LateWrites is how many writes may wait for their last servers after the
	// client got its answer. A process with few open files bounds both. 0 means
	// the default.
	IdleTotal, LateWrites int
	// CodedBytes bounds the memory of erasure-coded bodies on their way, up and
	// down. 0 means the default. A body that finds no memory free waits for
	// codedWait, and is refused with objstore.ErrBusy.
	CodedBytes int64
	// Pipes bounds the pipes in which large bodies go from socket to socket, each of
	// two descriptors and pipe.BytesMax; beyond, bodies are copied. 0: pipesDefault.
	Pipes int

	dial func(ctx context.Context, addr string) (net.Conn, error)
	// after is time.After.
	after func(time.Duration) <-chan time.Time
	// now is the clock of the limiter, shuffle is rand.Shuffle.
	now     func() time.Time
	shuffle func(n int, swap func(i, j int))
}

// pipesDefault is the number of pipes without Options.Pipes. The kernel gives a user
// without privileges 64 MiB of pipes (/proc/sys/fs/pipe-user-pages-soft), and the
// pipes take half of that.
const pipesDefault = 128

// Store is an objstore.Store over a cluster.
type Store struct {
	dir      *swiftconf.Dir
	policies objstore.Policies
	codings  map[objstore.PolicyIndex]codingOrError
	options  *swiftconf.Options
	nodes    *nodes.Selector
	wire     *wire.Client
	log      *slog.Logger
	metrics  Metrics
	cache    *infocache.Cache  // or nil
	keys     *swiftcrypto.Keys // or nil
	cause    func(context.Context) (string, string)
	agent    string
	after    func(time.Duration) <-chan time.Time
	clock    objstore.Clock

	shardFetches singleflight.Group // by container
	coded        *codedMemory
	pipes        *pipe.Pool

	running    sync.WaitGroup // operations and stragglers
	stragglers chan struct{}  // a token for each straggler
	mu         sync.Mutex
	closed     bool
	quit       chan struct{} // closed by Close
}

var _ objstore.Store = (*Store)(nil)

// ErrOptions: Open cannot work with its arguments.
var ErrOptions = errors.New("options of a cluster")

// DefaultOptions are the settings that Open takes for a nil Options.Proxy:
// Swift's, but a slow node does not hold up a read.
func DefaultOptions() *swiftconf.Options {
	o := swiftconf.DefaultOptions()
	o.ConcurrentGets = true
	return &o
}

// Open makes a Store. No server is asked yet.
func Open(o Options) (*Store, error) {
	if o.Dir == nil {
		return nil, errors.Join(ErrOptions, errors.New("no swift_dir"))
	}
	if o.Proxy == nil {
		o.Proxy = DefaultOptions()
	}
	if err := o.Proxy.Validate(o.Dir.Config()); err != nil {
		return nil, errors.Join(ErrOptions, err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = noMetrics{}
	}
	if o.Cause == nil {
		o.Cause = func(context.Context) (string, string) { return "", "" }
	}
	if o.LateWrites <= 0 {
		o.LateWrites = lateWritesDefault
	}
	if o.after == nil {
		o.after = time.After
	}
	s := &Store{
		dir:      o.Dir,
		policies: o.Dir.Config().StorePolicies(),
		options:  o.Proxy,
		nodes:    nodes.New(o.Proxy, nodes.SelectorOptions{Now: o.now, Shuffle: o.shuffle}),
		log:      o.Logger,
		metrics:  o.Metrics,
		cache:    o.Cache,
		keys:     o.Keys,
		cause:    o.Cause,
		agent:    "proxy-server " + strconv.Itoa(os.Getpid()),
		after:    o.after,

		coded:      newCodedMemory(o.CodedBytes),
		pipes:      pipe.NewPool(cmp.Or(o.Pipes, pipesDefault)),
		stragglers: make(chan struct{}, o.LateWrites),
		quit:       make(chan struct{}),
	}
	s.codings = newCodings(s.policies)
	s.wire = wire.New(wire.Options{
		ConnectTimeout: o.Proxy.ConnTimeout,
		NodeTimeout:    o.Proxy.NodeTimeout,
		IdlePerNode:    o.IdlePerNode,
		IdleTotal:      o.IdleTotal,
		Dial:           o.dial,
		Connected:      s.connected,
	})
	return s, nil
}

// Policies are the storage policies of the cluster.
func (s *Store) Policies() objstore.Policies { return s.policies }

// Guarantees are those of Swift's servers: no promise but Swift's own layout.
func (s *Store) Guarantees() objstore.Guarantees { return objstore.Guarantees{SwiftLayout: true} }

// Close waits for running operations, and closes the connections.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return call{op: "close"}.fail(objstore.KindClosed, nil)
	}
	s.closed = true
	close(s.quit)
	s.mu.Unlock()
	s.running.Wait()
	s.wire.Close()
	s.pipes.Close()
	return nil
}

// begin checks names and takes part in running. The caller calls end.
func (s *Store) begin(c call, names ...string) error {
	for part, name := range names {
		if err := checkName(part, name); err != nil {
			return c.fail(objstore.KindInvalid, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return c.fail(objstore.KindClosed, nil)
	}
	s.running.Add(1)
	return nil
}

func (s *Store) end() { s.running.Done() }

// header is the beginning of every head
// (swift/proxy/controllers/base.py: generate_request_headers).
func (s *Store) header(ctx context.Context) wire.Header {
	h := make(wire.Header, 0, 16)
	h.Add("User-Agent", s.agent)
	if transID, referer := s.cause(ctx); transID != "" {
		h.Add("X-Trans-Id", transID)
		if referer != "" {
			h.Add("Referer", referer)
		}
	}
	return h
}
