// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bufio"
	"net"
	"sync"
	"testing"

	"needletail/objstore/cluster/wire"
)

// Request is a request as a node sees it.
type Request struct {
	Method string
	// Path is decoded, without the query.
	Path string
	// RawPath is the request's target as it came, with the query.
	RawPath string
	Query   string
	Header  wire.Header
	// Body is the whole body; of a MIME body the bytes of the object.
	Body []byte
	// Footer are the fields of the metadata document, nil without a document.
	Footer map[string]string
	// Committed says that the commit document has come.
	Committed bool
	// Raw are the bytes that the client has sent so far, as they came.
	Raw []byte
	// Connection counts the connections of the server, from 1; Turn counts the
	// requests of the connection, from 1.
	Connection, Turn int
}

// Answer is what a node says. The zero value is a 200 without a body.
type Answer struct {
	Status int
	Reason string
	Header wire.Header
	Body   []byte
	// Chunked sends the body in chunks.
	Chunked bool
	// CutAfter breaks the connection after so many bytes of the body, if Cut.
	Cut      bool
	CutAfter int
	// Raw replaces the whole answer.
	Raw string
	// Break closes the connection without an answer.
	Break bool
	// Hang waits for the client to leave, without an answer.
	Hang bool
	// Close closes the connection after the answer, without a Connection field.
	Close bool
	// KeepOpen keeps the connection after an answer before the end of the body,
	// and takes what comes next for a request.
	KeepOpen bool
}

// Handler are the functions of a node. They run in the goroutine of the
// connection. A nil function of Expect and Stored says 100; a nil Final answers
// 201 to PUT and 200 to all else.
type Handler struct {
	// Expect answers before the body of a request with "Expect: 100-continue";
	// nil lets the body come.
	Expect func(*Request) *Answer
	// Continue are the fields of each 100, besides those that confirm what the
	// request asks for. PlainContinue leaves the latter out.
	Continue      wire.Header
	PlainContinue bool
	// Stored answers after the first body of an upload in two phases; nil says
	// 100 again.
	Stored func(*Request) *Answer
	// Final answers at the end.
	Final func(*Request) *Answer
	// MidBody runs after each read of the body; an Answer is given at once, and
	// ends the connection.
	MidBody func(r *Request, got int) *Answer
}

// Server is a node.
type Server struct {
	// Addr is "ip:port" on the loopback.
	Addr string

	listener net.Listener
	handler  Handler
	done     sync.WaitGroup

	// mu guards the following.
	mu          sync.Mutex
	conns       map[net.Conn]bool
	connections int
	requests    []*Request
	closed      bool
}

// New starts a node, which ends with the test.
func New(t testing.TB, h Handler) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), listener: l, handler: h, conns: map[net.Conn]bool{}}
	s.done.Add(1)
	go s.accept()
	t.Cleanup(s.Close)
	return s
}

// Close ends the node and all its connections.
func (s *Server) Close() {
	_ = s.listener.Close() // a second Close is no error of the test
	s.mu.Lock()
	s.closed = true
	for nc := range s.conns {
		_ = nc.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}

// CloseConnections ends all connections; the node goes on.
func (s *Server) CloseConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for nc := range s.conns {
		_ = nc.Close()
	}
}

// Connections is how many connections were made so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Requests are the requests that got a final answer or were broken off by an
// Answer, in the order of their ends.
func (s *Server) Requests() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Request(nil), s.requests...)
}

func (s *Server) accept() {
	defer s.done.Done()
	for {
		nc, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = nc.Close()
			return
		}
		s.conns[nc] = true
		s.connections++
		n := s.connections
		s.done.Add(1)
		s.mu.Unlock()
		go s.serve(nc, n)
	}
}

func (s *Server) serve(nc net.Conn, connection int) {
	defer s.done.Done()
	defer func() {
		_ = nc.Close()
		s.mu.Lock()
		delete(s.conns, nc)
		s.mu.Unlock()
	}()
	record := &recorder{from: nc}
	in := bufio.NewReader(record)
	for turn := 1; ; turn++ {
		d := &dialogue{server: s, nc: nc, in: in, record: record}
		if !d.run(connection, turn) {
			return
		}
	}
}

func (s *Server) note(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// recorder keeps the bytes that a client sends.
type recorder struct {
	from net.Conn
	raw  []byte
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	r.raw = append(r.raw, b[:n]...)
	return n, err
}
