// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/web"
)

func TestRatesOfClients(t *testing.T) {
	const perSecond = 5
	r, now := newRates(perSecond), time.Unix(1700000000, 0)
	for range burstSeconds * perSecond {
		require.Zero(t, r.take("a", now))
	}
	require.Equal(t, time.Second/perSecond, r.take("a", now), "one more than the burst")
	require.Equal(t, time.Second/perSecond, r.take("a", now), "a refused request is not counted")
	require.Zero(t, r.take("b", now))
	now = now.Add(time.Second)
	for range perSecond {
		require.Zero(t, r.take("a", now))
	}
	require.NotZero(t, r.take("a", now))
	require.Nil(t, newRates(0))
}

// ratedMax clients are known. A client more makes the client that was idle for
// the longest time unknown.
func TestRatedClientsAreBounded(t *testing.T) {
	r, now := newRates(1), time.Unix(1700000000, 0)
	for range burstSeconds {
		r.take("first", now)
	}
	for i := range ratedMax - 1 {
		r.take(fmt.Sprint(i), now)
	}
	require.NotZero(t, r.take("first", now), "known at the bound")
	for i := range ratedMax {
		r.take(fmt.Sprint("more ", i), now)
		require.LessOrEqual(t, r.clients.Len(), ratedMax)
	}
	require.Zero(t, r.take("first", now), "forgotten above the bound")
}

// wentOver sends requests with further header lines until a request is refused,
// and returns how many were served before: their answers begin with a 100.
func wentOver(t *testing.T, addr, lines string) (served int) {
	t.Helper()
	for {
		a := ask(t, addr, "PUT / HTTP/1.1\r\nHost: h\r\n"+lines+"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n0123456789")
		if a.StatusCode == 429 {
			require.Equal(t, "1", a.Header.Get("Retry-After"))
			require.NotEmpty(t, a.Header.Get("X-Trans-Id"))
			return served
		}
		served++
	}
}

// readAll reads bodies.
func readAll(r *web.Request) (*web.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	return web.NewBytes(201, "text/plain", nil), err
}

// A request above the rate is refused at once: no 100 Continue asks for its
// body, and no handler sees the request.
func TestRequestsAboveTheRateAreRefused(t *testing.T) {
	var calls atomic.Int64
	refused := make(chan string, 1)
	s, addr := start(t, Options{
		MaxRequestsPerSecondPerIP: 1,
		OnRefuse:                  func(why Refusal, client string) { refused <- why.String() + " " + client },
		Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
			calls.Add(1)
			return readAll(r)
		}),
	})
	served := wentOver(t, addr, "")
	require.GreaterOrEqual(t, served, burstSeconds)
	require.EqualValues(t, served, calls.Load())
	require.Equal(t, "requests_per_ip 127.0.0.1", <-refused)
	require.EqualValues(t, 1, s.Refused(RequestsPerIP))
}

// An upload that has begun goes on, however many requests of the same client
// are refused meanwhile, and its connection stays.
func TestUploadInFlightIsNotHarmed(t *testing.T) {
	begun := make(chan struct{})
	_, addr := start(t, Options{MaxRequestsPerSecondPerIP: 1, Handler: web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
		if r.Path == "/upload" {
			close(begun)
		}
		body, err := io.ReadAll(r.Body)
		return web.NewBytes(201, "text/plain", body), err
	})})
	upload := dial(t, addr)
	write(t, upload, "PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234")
	<-begun
	wentOver(t, addr, "")
	write(t, upload, "56789")
	a := readAnswer(t, bufio.NewReader(upload), "PUT")
	require.Equal(t, 201, a.StatusCode)
	require.Equal(t, "0123456789", a.body)
}

// Behind a trusted proxy each client has a rate of its own, a /64 with IPv6,
// and a proxy that speaks for itself has no limit.
func TestRatesBehindProxy(t *testing.T) {
	_, addr := start(t, Options{Handler: web.HandlerFunc(readAll), MaxRequestsPerSecondPerIP: 1, TrustedProxies: proxies(t, "127.0.0.1", "10.0.0.0/8")})
	for range 3 * burstSeconds {
		require.Equal(t, 201, ask(t, addr, get).StatusCode, "the proxy itself")
		require.Equal(t, 201, ask(t, addr, strings.Replace(get, "\r\n\r\n", "\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n", 1)).StatusCode)
	}
	for _, client := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"} {
		require.GreaterOrEqual(t, wentOver(t, addr, "X-Forwarded-For: "+client+"\r\n"), burstSeconds, client)
	}
	require.Less(t, wentOver(t, addr, "X-Forwarded-For: 2001:db8::2\r\n"), burstSeconds, "of the same /64")
	require.GreaterOrEqual(t, wentOver(t, addr, "X-Forwarded-For: 2001:db8:0:1::2\r\n"), burstSeconds)
}

func TestRefusalsHaveNames(t *testing.T) {
	names := map[string]bool{}
	for _, r := range Refusals() {
		names[r.String()] = true
	}
	require.Len(t, names, int(refusals))
}
