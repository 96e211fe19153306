// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"needletail/proxy/web"
)

// cut ends a connection as named: an orderly FIN or a reset.
func cut(c *net.TCPConn, how string) {
	if how == "RST" {
		_ = c.SetLinger(0)
		_ = c.Close()
		return
	}
	_ = c.CloseWrite()
}

// However a body is cut, and wherever, no handler takes it for whole.
func TestBodyCutAtEveryByte(t *testing.T) {
	bodies := map[string]string{
		"length":  "Content-Length: 40\r\n\r\n#" + strings.Repeat("0123456789", 4),
		"chunked": "Transfer-Encoding: chunked\r\n\r\n#5\r\nhello\r\n1a;ext=1\r\nabcdefghijklmnopqrstuvwxyz\r\n3\r\nend\r\n0\r\nT: x\r\n\r\n",
	}
	for framing, raw := range bodies {
		lines, body, _ := strings.Cut(raw, "#")
		for _, how := range []string{"FIN", "RST"} {
			t.Run(framing+how, func(t *testing.T) {
				entered, result := make(chan struct{}), make(chan error)
				_, addr := start(t, Options{Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
					entered <- struct{}{}
					_, err := io.ReadAll(r.Body)
					result <- err
					// A failed body stays failed.
					if _, again := r.Body.Read(make([]byte, 1)); err != nil && again != err {
						t.Errorf("after %v: %v", err, again)
					}
					return web.NewResponse(201), err
				})})
				for n := 0; n <= len(body); n++ {
					c := dial(t, addr)
					write(t, c, "PUT /o HTTP/1.1\r\nHost: h\r\n"+lines)
					<-entered
					write(t, c, body[:n])
					if n == len(body) {
						if err := <-result; err != nil {
							t.Errorf("the whole body: %v", err)
						}
						continue
					}
					cut(c, how)
					if err := <-result; err == nil {
						t.Errorf("cut after %d bytes: a clean end", n)
					} else {
						wantStatus(t, err, 499)
					}
				}
			})
		}
	}
}

// The control: fasthttp as it comes takes several of the cuts for a whole body.
func TestBodyCutAtEveryByteBare(t *testing.T) {
	body := "5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n3\r\nend\r\n0\r\n\r\n"
	result := make(chan error)
	addr := startBare(t, nil, func(ctx *fasthttp.RequestCtx) {
		_, err := io.ReadAll(ctx.RequestBodyStream())
		result <- err
	})
	clean := 0
	for n := range len(body) - len("\r\n") {
		c := dial(t, addr)
		write(t, c, chunkedHead+body[:n])
		cut(c, "FIN")
		if err := <-result; err == nil {
			clean++
		}
	}
	if clean < 3 {
		t.Errorf("fasthttp takes only %d cuts for a clean end now", clean)
	}
}
