// SPDX-License-Identifier: Apache-2.0

//go:build strangers

package harness

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// floodFiles and floodMemory are the limits of the server: all of the flood
	// fits, so that nobody has to give way.
	floodFiles  = 16384
	floodMemory = 4 << 30
	// floodFrom is the address of the flood; the legitimate clients have another.
	floodFrom = "127.0.0.2"
	// floodTime is how long the load runs alone, and then how long with the flood.
	floodTime = 15 * time.Second
	// floodShareEnv divides the clients of the flood, for a machine that has little
	// time for the test.
	floodShareEnv = "NEEDLETAIL_FLOOD_SHARE"
	// slowPause is the pause between two bytes, or two reads, of a slow client.
	slowPause = 500 * time.Millisecond
)

// floodKind is a part of the flood.
type floodKind struct {
	strangerKind
	clients int
}

// floodKinds are 2,000 slow clients, 500 stalled bodies of a user with rights, and
// 200 clients that log in with a wrong password and leave.
var floodKinds = []floodKind{
	{strangerKind{"heads of a byte at a time", false, func(ctx context.Context, c net.Conn, _ *strangersSite) {
		for ctx.Err() == nil {
			if _, err := io.WriteString(c, "G"); err != nil || !pause(ctx, slowPause) {
				return
			}
		}
	}}, 1000},
	{strangerKind{"public listings read 64 bytes at a time", false, func(ctx context.Context, c net.Conn, s *strangersSite) {
		fmt.Fprintf(c, "GET %s/listed?format=json HTTP/1.1\r\nHost: h\r\n\r\n", s.account)
		buf := make([]byte, 64)
		for ctx.Err() == nil {
			if _, err := c.Read(buf); err != nil || !pause(ctx, slowPause) {
				return
			}
		}
	}}, 1000},
	{strangerKind{"bodies that stall", true, func(ctx context.Context, c net.Conn, s *strangersSite) {
		fmt.Fprintf(c, "PUT %s/c/stalled HTTP/1.1\r\nHost: h\r\nX-Auth-Token: %s\r\nContent-Length: 1048576\r\n\r\nbegun", s.other, s.otherToken)
		hold(ctx, c)
	}}, 500},
	{strangerKind{"logins that leave", false, func(_ context.Context, c net.Conn, _ *strangersSite) {
		body := strings.Replace(adminLogin, `"pw"`, `"wrong"`, 1)
		fmt.Fprintf(c, "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}}, 200},
}

// adminLogin is the right login of the admin.
const adminLogin = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"pw"}}}}}`

// pause waits, and reports whether the context goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// TestFlood has all kinds of the flood come at once. Every legitimate
// request succeeds, the admin logs in meanwhile, and five seconds after the flood
// the server is idle. The times of the requests are reported: they depend on what
// else the machine does.
func TestFlood(t *testing.T) {
	s := newStrangersSite(t, floodFiles, floodMemory)
	http.DefaultClient.CloseIdleConnections()
	before := s.usage(t)
	share, err := strconv.Atoi(cmp.Or(os.Getenv(floodShareEnv), "1"))
	if err != nil || share < 1 {
		t.Fatalf("%s is no share: %v", floodShareEnv, err)
	}
	alone := s.legitimateFor(t, "alone")
	sampler := newSampler(s.process.Cmd.Process.Pid)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	counts := make([]atomic.Int64, len(floodKinds))
	var flood sync.WaitGroup
	for i, kind := range floodKinds {
		for range kind.clients / share {
			flood.Go(func() { s.stranger(ctx, kind.strangerKind, &net.TCPAddr{IP: net.ParseIP(floodFrom)}, &counts[i]) })
		}
	}
	flooded := s.legitimateFor(t, "in the flood")
	leave()
	flood.Wait()
	t.Logf("%d connections allowed, before: %v; at most: %v", s.connections, before, sampler.end())
	for i, kind := range floodKinds {
		t.Logf("%-40s %5d clients, %d connections", kind.name, kind.clients/share, counts[i].Load())
	}
	p99 := flooded.percentile(0.99)
	t.Logf("p99 is %.1f times as long in the flood", p99.Seconds()/max(alone.percentile(0.99).Seconds(), 1e-4))
	s.wantIdle(t, before)
	_, _, text := s.must(t, 200, "GET", "/metrics", nil)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "needletail_refused_total") || strings.HasPrefix(line, "needletail_connections_displaced_total") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// legitimateFor runs the legitimate load, and a login of the admin each second, for
// floodTime.
func (s *strangersSite) legitimateFor(t *testing.T, when string) *legitimate {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), floodTime)
	defer end()
	load := &legitimate{site: s, kept: 10}
	start, before := time.Now(), s.usage(t)
	var logins, lost int
	var all sync.WaitGroup
	all.Go(func() { load.run(ctx) })
	all.Go(func() {
		for pause(ctx, time.Second) {
			logins++
			if status := s.login(); status != 201 {
				t.Errorf("%s: the login of the admin is %d", when, status)
				lost++
			}
		}
	})
	all.Wait()
	machine, _ := os.ReadFile("/proc/loadavg")
	t.Logf("%s: %d requests, %d failed; p50 %v, p99 %v, longest %v; %d logins, %d failed; %v of processor in %v; the machine's load %s", when,
		len(load.took), len(load.failed), load.percentile(0.5), load.percentile(0.99), load.percentile(1), logins, lost,
		s.usage(t).cpu-before.cpu, time.Since(start).Round(time.Second), bytes.TrimSpace(machine))
	for _, err := range load.failed[:min(5, len(load.failed))] {
		t.Errorf("%s: a legitimate request failed: %v", when, err)
	}
	if len(load.took) == 0 {
		t.Errorf("%s: no legitimate request was sent", when)
	}
	return load
}

// usage returns what the server takes now.
func (s *strangersSite) usage(t *testing.T) usage {
	t.Helper()
	u, err := usageOf(s.process.Cmd.Process.Pid)
	if err != nil {
		t.Fatalf("the server has gone: %v", err)
	}
	return u
}

// login logs the admin in and returns the status, or 0.
func (s *strangersSite) login() int {
	res, err := newLegitimateClient(false).Post("http://"+s.address+"/identity/v3/auth/tokens", "application/json", strings.NewReader(adminLogin))
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}
