// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"needletail/proxy/web"
)

func TestShutdownDrains(t *testing.T) {
	entered, wake := make(chan struct{}), make(chan struct{})
	s, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		entered <- struct{}{}
		<-wake
		body, err := io.ReadAll(r.Body)
		return web.NewBytes(201, "text/plain", body), err
	})})
	c := dial(t, addr)
	write(t, c, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234")
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	// Once nobody accepts, the shutdown is under way.
	untilRefused(addr)
	select {
	case err := <-ended:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	close(wake)
	write(t, c, "56789")
	br := bufio.NewReader(c)
	if a := readAnswer(t, br, "PUT"); a.StatusCode != 201 || a.body != "0123456789" || !a.hasLine("Connection: close") {
		t.Errorf("%s%s", a.raw, a.body)
	}
	closed(t, br)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Serve(listen(t)); err != nil {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}

// A request whose head is half there when the shutdown begins is answered.
func TestShutdownWaitsForAHalfHead(t *testing.T) {
	s, addr := start(t, Options{Handler: &recorder{}})
	c := dial(t, addr)
	br := bufio.NewReader(c)
	write(t, c, get)
	readAnswer(t, br, "GET")
	gate := s.snapshot()[0]
	until := func(state int32) {
		for gate.state.Load() != state {
			runtime.Gosched()
		}
	}
	until(stateIdle) // the first request may not be over yet
	write(t, c, get[:len(get)-2])
	until(stateBusy)
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	untilRefused(addr)
	write(t, c, get[len(get)-2:])
	if a := readAnswer(t, br, "GET"); a.StatusCode != 200 || !a.hasLine("Connection: close") {
		t.Errorf("%s", a.raw)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// untilRefused waits until nobody accepts at addr.
func untilRefused(addr string) {
	for {
		probe, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_ = probe.Close()
	}
}

func TestHardShutdownCuts(t *testing.T) {
	entered, ended := make(chan struct{}), make(chan error, 2)
	s, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		entered <- struct{}{}
		_, err := io.ReadAll(r.Body)
		ended <- err
		<-r.Context().Done()
		ended <- r.Context().Err()
		return nil, err
	})})
	c := dial(t, addr)
	write(t, c, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234")
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	wantStatus(t, <-ended, 499)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request's context: %v", err)
	}
	closed(t, c)
}

// All that holds of a plain socket holds inside TLS: the end of the body, and
// the answer that can be read.
func TestTLS(t *testing.T) {
	donor := httptest.NewTLSServer(nil)
	cert := donor.TLS.Certificates
	client := donor.Client().Transport.(interface{ CloseIdleConnections() })
	client.CloseIdleConnections()
	donor.Close()
	ln := listen(t)
	schemes := make(chan string, 8)
	startOn(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		schemes <- r.Scheme
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		return web.NewBytes(200, "text/plain", body), nil
	})}, tls.NewListener(ln, &tls.Config{Certificates: cert}))
	for raw, want := range map[string]int{
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello":  200,
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nhello":  499,
		chunkedHead + "5\r\nhello\r\n":                                  499,
		chunkedHead + "5\r\nhello\r\n0\r\n\r\n":                         200,
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\nhello": 400,
		"PUT /a HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("\n", 5000):   400,
	} {
		// The certificate of httptest is for example.com and signed by nobody.
		c := tls.Client(dial(t, ln.Addr().String()), &tls.Config{InsecureSkipVerify: true})
		write(t, c, raw)
		if want == 499 {
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		if a := readAnswer(t, bufio.NewReader(c), "PUT"); a.StatusCode != want {
			t.Errorf("%.80q: %s", raw, a.raw)
		}
	}
	for range 4 {
		if s := <-schemes; s != "https" {
			t.Errorf("scheme %q", s)
		}
	}
}
