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
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

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

// TestFormats: OpenMetrics for a client that asks for OpenMetrics, with its last
// line; text for all others.
func TestFormats(t *testing.T) {
	m := New()
	m.Observe(Request{Service: "swift", Method: "GET", Status: 200})
	for accept, open := range map[string]bool{
		"": false, "*/*": false, "text/plain": false, "application/json": false, "a/b;q=x,,;": false,
		"application/openmetrics-text; version=1.0.0": true,
		// Prometheus 2.42 sends this line.
		"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1": true,
	} {
		res, err := m.Serve(&web.Request{Method: "GET", Path: "/metrics", Header: web.Header{{Name: "Accept", Value: accept}}})
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, open, strings.HasSuffix(string(text), "# EOF\n"), accept)
		require.Equal(t, open, strings.HasPrefix(res.Header.Get("Content-Type"), "application/openmetrics-text; version=1.0.0"), accept)
		require.Equal(t, !open, strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=0.0.4"), accept)
	}
}

// TestExemplars: a request from a second on leaves its transaction id, a faster
// request and a wrong id leave nothing.
func TestExemplars(t *testing.T) {
	longest := strings.Repeat("x", exemplarBytesMax)
	for _, c := range []struct {
		took    time.Duration
		transID string
		want    bool
	}{
		{exemplarFrom, "tx1", true},
		{exemplarFrom - 1, "tx1", false},
		{exemplarFrom, "", false},
		{exemplarFrom, "\xff", false},
		{exemplarFrom, longest, true},
		{exemplarFrom, longest + "x", false},
	} {
		m := New()
		m.Observe(Request{Service: "swift", Method: "GET", Status: 200, Duration: c.took, TransID: c.transID})
		res, err := m.Serve(&web.Request{Method: "GET", Header: web.Header{{Name: "Accept", Value: "application/openmetrics-text; version=1.0.0"}}})
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, c.want, strings.Contains(string(text), `# {trans_id="`+c.transID+`"} `), "%v %q", c.took, c.transID)
		require.Contains(t, string(text), `needletail_request_seconds_count{method="GET",service="swift"} 1`)
	}
}

// TestFastRequestsAllocateNothing: most requests leave no exemplar.
func TestFastRequestsAllocateNothing(t *testing.T) {
	m := New()
	r := Request{Service: "swift", Method: "GET", Status: 200, Duration: time.Millisecond, TransID: "tx1"}
	m.Observe(r)
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Observe(r) }))
}

// TestNamesFollowTheRules asks the library's own judge of names, which promtool
// asks too.
func TestNamesFollowTheRules(t *testing.T) {
	m := New()
	m.Observe(Request{Service: "swift", Method: "GET", Status: 200})
	problems, err := promlint.New(strings.NewReader(scrape(t, m))).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
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
