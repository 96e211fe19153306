// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"context"
	"crypto/tls"
	"io"
	"net/http/httptest"
	"runtime"
	"testing"

	"needletail/proxy/web"
)

// The context of a request ends once its client has left, whatever of the
// request is still unread.
func TestContextEndsWithTheClient(t *testing.T) {
	const put = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
	for name, raw := range map[string]string{
		"without a body": get,
		"unread body":    put + "hello",
		"half a body":    put + "he",
	} {
		t.Run(name, func(t *testing.T) {
			entered, ended, done := make(chan struct{}), make(chan error, 1), make(chan Done, 1)
			_, addr := start(t, Options{Handler: waiting(entered, ended), OnDone: func(d Done) { done <- d }})
			c := dial(t, addr)
			write(t, c, raw)
			<-entered
			_ = c.Close()
			if err := <-ended; err != context.Canceled {
				t.Errorf("the context ended with %v", err)
			}
			if d := <-done; d.Status != 499 {
				t.Errorf("status %d, want 499", d.Status)
			}
		})
	}
}

// waiting is a handler that tells when it has a request, and how the request's
// context ended.
func waiting(entered chan<- struct{}, ended chan<- error) web.Handler {
	return web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		entered <- struct{}{}
		<-r.Context().Done()
		ended <- r.Context().Err()
		return nil, r.Context().Err()
	})
}

func TestContextEndsWithTheClientOfTLS(t *testing.T) {
	secure := httptest.NewUnstartedServer(nil)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	entered, ended := make(chan struct{}), make(chan error, 1)
	ln := listen(t)
	startOn(t, Options{Handler: waiting(entered, ended)},
		tls.NewListener(ln, &tls.Config{Certificates: secure.TLS.Certificates}))
	raw := dial(t, ln.Addr().String())
	c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	write(t, c, get)
	<-entered
	_ = raw.Close()
	if err := <-ended; err != context.Canceled {
		t.Errorf("the context ended with %v", err)
	}
}

// A client that stays, and one whose next request is on its way, are not taken
// to have left.
func TestContextOutlivesTheWatch(t *testing.T) {
	looked := make(chan error, 1)
	s, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		looked <- r.Context().Err()
		looked <- r.Context().Err()
		return web.NewBytes(200, "text/plain", []byte("ok")), nil
	})})
	c := dial(t, addr)
	write(t, c, get+get)
	<-looked
	gate := s.snapshot()[0]
	gate.look()
	gate.look()
	gate.look()
	if err := <-looked; err != nil {
		t.Errorf("the context ended with %v", err)
	}
	<-looked
	<-looked
	_, _ = io.CopyN(io.Discard, c, 1)
}

// A handler learns at once that the client has left, before the watch ends the
// context.
func TestHandlerLooksAtClient(t *testing.T) {
	looks := make(chan bool)
	_, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		looks <- r.Left()
		<-looks
		for !r.Left() { // the end travels over the loopback
			runtime.Gosched()
		}
		looks <- true
		return web.NewBytes(200, "text/plain", nil), nil
	})})
	c := dial(t, addr)
	write(t, c, get)
	if <-looks {
		t.Error("a client that waits has left")
	}
	_ = c.Close()
	looks <- true
	<-looks
}
