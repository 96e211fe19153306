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

// Server serves HTTP on any number of listeners. New makes one.
type Server struct {
	opts   Options
	engine *fasthttp.Server
	// ctx ends when connections are cut that Shutdown waited for in vain.
	ctx      context.Context
	cancel   context.CancelFunc
	stopping atomic.Bool
	date     atomic.Pointer[date]

	mu        sync.Mutex
	conns     map[*conn]struct{}
	perIP     map[string]int
	strangers strangers
	displaced atomic.Int64 // strangers that gave way
	watching  sync.Once
}

// engineBufferBytes is enough for engineHead and for the answer to it, which
// is thrown away.
const engineBufferBytes = 512

// New makes a server out of options.
func New(o Options) *Server {
	s := &Server{
		opts:  o.withDefaults(),
		conns: map[*conn]struct{}{},
		perIP: map[string]int{},
	}
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

// engineSlack lets the engine end connections that the gate has counted out. As
// many as there may be can have given way while their handlers end.
const engineSlack = 64

// Serve accepts connections until Shutdown, and then returns nil, or until
// the listener fails for good.
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
// flight and returns nil. When ctx ends first, it ends the requests' contexts,
// cuts the connections and returns ctx's error. A server that was shut down
// stays so.
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

// Displaced is how many connections of strangers have given way so far.
func (s *Server) Displaced() int64 { return s.displaced.Load() }

// Connections is how many connections there are.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func (s *Server) snapshot() []*conn {
	return s.appendConns(nil)
}

func (s *Server) appendConns(list []*conn) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// handle is called by the engine with the engineHead of a connection, and
// serves all of its requests.
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

// engineLog drops what the engine would print of its own requests' errors to
// the debug level: it knows nothing of the client's.
type engineLog struct{ log *slog.Logger }

func (l engineLog) Printf(format string, args ...any) {
	l.log.Debug("http engine", "message", fmt.Sprintf(format, args...))
}
