// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// Server serves HTTP on any number of listeners. New returns a Server.
type Server struct {
	// opts are the settings at the start. now are the settings of requests that
	// begin.
	opts   Options
	now    atomic.Pointer[Options]
	engine *fasthttp.Server
	// ctx ends when Shutdown has waited in vain and cuts the connections.
	ctx      context.Context
	cancel   context.CancelFunc
	stopping atomic.Bool
	date     atomic.Pointer[date]

	mu        sync.Mutex
	conns     map[*conn]struct{}
	perIP     map[string]int
	strangers strangers
	displaced atomic.Int64 // strangers that gave way
	refused   [refusals]atomic.Int64
	rates     *rates
	watching  sync.Once
}

// engineBufferBytes is enough for engineHead and for the engine's answer, which
// is dropped.
const engineBufferBytes = 512

// New returns a server with the options.
func New(o Options) *Server {
	s := &Server{
		opts:  o.withDefaults(),
		conns: map[*conn]struct{}{},
		perIP: map[string]int{},
		rates: newRates(o.MaxRequestsPerSecondPerIP),
	}
	s.now.Store(&s.opts)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.engine = &fasthttp.Server{
		Handler:               s.handle,
		Logger:                engineLog{s.opts.Logger},
		Concurrency:           2*s.opts.MaxConnections + engineSlack,
		ReadBufferSize:        engineBufferBytes,
		WriteBufferSize:       engineBufferBytes,
		NoDefaultServerHeader: true,
		NoDefaultDate:         true,
		NoDefaultContentType:  true,
		SecureErrorLogMessage: true,
		CloseOnShutdown:       true,
	}
	return s
}

// engineSlack is for connections that the gate no longer counts and the engine
// has yet to end. Besides, as many connections as MaxConnections can have given
// way while their handlers end.
const engineSlack = 64

// Change gives the server other settings. A request has the settings of the
// moment when its first byte was there, all of them, until its end. Running
// requests keep theirs. MaxConnections, MaxRequestsPerSecondPerIP, OnRefuse,
// Memory, Heads and Logger stay as they were at New.
func (s *Server) Change(o Options) {
	o = o.withDefaults()
	o.MaxConnections, o.Memory, o.Heads, o.Logger = s.opts.MaxConnections, s.opts.Memory, s.opts.Heads, s.opts.Logger
	o.MaxRequestsPerSecondPerIP, o.OnRefuse = s.opts.MaxRequestsPerSecondPerIP, s.opts.OnRefuse
	s.now.Store(&o)
}

// Serve accepts connections until Shutdown, and then returns nil, or until the
// listener fails for good.
func (s *Server) Serve(ln net.Listener) error {
	if s.stopping.Load() {
		return ln.Close()
	}
	s.watching.Do(func() { go s.watch() })
	if err := s.engine.Serve(newListener(s, ln)); err != nil {
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown stops accepting, closes idle connections, waits for the requests in
// flight and returns nil. If ctx ends first, Shutdown ends the requests'
// contexts, cuts the connections and returns ctx's error. A server cannot be
// started again after Shutdown.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	for _, c := range s.snapshot() {
		c.closeIdle()
	}
	err := s.engine.ShutdownWithContext(ctx)
	s.cancel()
	for _, c := range s.snapshot() {
		_ = c.kill()
	}
	return err
}

// Displaced returns how many connections of strangers have given way so far.
func (s *Server) Displaced() int64 { return s.displaced.Load() }

// Connections returns the number of connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// snapshot returns the connections of this moment.
func (s *Server) snapshot() []*conn {
	return s.appendConns(nil)
}

// appendConns appends the connections of this moment to list.
func (s *Server) appendConns(list []*conn) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// handle is called by the engine with the engineHead of a connection, and
// serves all requests of the connection.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	c := ctx.Conn().(*conn)
	for s.serve(c.next) {
		c.end()
		if c.nextHead() != nil {
			break
		}
	}
	ctx.SetConnectionClose()
	c.end()
	c.giveHead()
}

// engineLog logs the engine's messages at the debug level: they concern the
// engine's own requests, and no client's.
type engineLog struct{ log *slog.Logger }

func (l engineLog) Printf(format string, args ...any) {
	l.log.Debug("http engine", "message", fmt.Sprintf(format, args...))
}
