// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/proxy/web"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	res, err := m.Serve(&web.Request{Method: "GET", Path: "/metrics"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil || int64(len(text)) != res.ContentLength {
		t.Fatalf("%d bytes, Content-Length %d, %v", len(text), res.ContentLength, err)
	}
	return string(text)
}

func TestRequestsAreCounted(t *testing.T) {
	own := prometheus.NewGauge(prometheus.GaugeOpts{Name: "needletail_own"})
	own.Set(7)
	m := New(own)
	for range 3 {
		m.Observe(Request{Service: "swift", Method: "PUT", Status: 201, BytesIn: 10, BytesOut: 1, Duration: time.Millisecond})
	}
	m.Observe(Request{Service: "swift", Method: "BREW", Status: 405})
	text := scrape(t, m)
	for _, want := range []string{
		`needletail_requests_total{method="PUT",service="swift",status="201"} 3`,
		`needletail_requests_total{method="other",service="swift",status="405"} 1`,
		`needletail_body_bytes_total{direction="in",service="swift"} 30`,
		`needletail_body_bytes_total{direction="out",service="swift"} 3`,
		`needletail_request_seconds_count{method="PUT",service="swift"} 3`,
		"needletail_own 7", "go_memstats_mallocs_total",
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("no %q in the metrics", want)
		}
	}
	if strings.Contains(text, "BREW") {
		t.Error("a client made a series of its own")
	}
}

// TestManyKindsAtOnce counts new kinds of requests from several goroutines.
func TestManyKindsAtOnce(t *testing.T) {
	m := New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for status := range 50 {
				m.Observe(Request{Service: "swift", Method: "GET", Status: 200 + status})
			}
		})
	}
	wg.Wait()
	text := scrape(t, m)
	for status := range 50 {
		if want := fmt.Sprintf(`needletail_requests_total{method="GET",service="swift",status="%d"} 4`, 200+status); !strings.Contains(text, want+"\n") {
			t.Errorf("no %q", want)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	m := New()
	b.ReportAllocs()
	for b.Loop() {
		m.Observe(Request{Service: "swift", Method: "GET", Status: 200, BytesOut: 4096, Duration: time.Millisecond})
	}
}

func TestOnlyGetAndHead(t *testing.T) {
	_, err := New().Serve(&web.Request{Method: "POST", Path: "/metrics"})
	var se *web.StatusError
	if !errors.As(err, &se) || se.Status != 405 || se.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST gave %v", err)
	}
}
