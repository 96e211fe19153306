// SPDX-License-Identifier: Apache-2.0

// Package metrics counts requests and shows the counters, with the collectors
// given to New, in Prometheus' text format, or as OpenMetrics for a client that
// asks for OpenMetrics.
//
// Vocabulary: a service is a service of proxy.Mount. A method is a method
// known to the services. Every further method counts as "other": otherwise a
// client could create new series. An exemplar is the transaction id of a slow
// request beside a bucket of the histogram. Only OpenMetrics shows exemplars.
package metrics

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"needletail/proxy/web"
)

// Metrics is the set of counters of a server. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec

	// known has the series of the kinds of requests counted before. Finding a
	// series by labels costs as much as the rest of a small request. The map is
	// replaced, never changed.
	known atomic.Pointer[map[kind]series]
	mu    sync.Mutex // held to replace known
}

// kind identifies the series of a request. Services, methods and statuses are
// bounded, and therefore kinds too.
type kind struct {
	service, method string
	status          int
}

// series has the counters of a kind of requests.
type series struct {
	requests prometheus.Counter
	latency  prometheus.ExemplarObserver
	plain    prometheus.Observer // latency without exemplars
	in, out  prometheus.Counter
}

// New makes the request counters and registers them beside the collectors of
// the Go runtime and of the process, and beside more.
func New(more ...prometheus.Collector) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "needletail_requests_total",
			Help: "Requests answered, by service, method and status.",
		}, []string{"service", "method", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "needletail_request_seconds",
			Help:    "Time from the request's header to the last byte of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 14),
		}, []string{"service", "method"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "needletail_body_bytes_total",
			Help: "Bytes of request bodies read (in) and of response bodies sent (out).",
		}, []string{"service", "direction"}),
	}
	m.known.Store(&map[kind]series{})
	m.registry.MustRegister(m.requests, m.latency, m.bytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(more...)
	return m
}

// Request is an answered request.
type Request struct {
	Service           string
	Method            string
	Status            int
	BytesIn, BytesOut int64
	Duration          time.Duration
	TransID           string // "": no exemplar
}

const (
	// exemplarFrom is the duration from which a request leaves an exemplar. An
	// exemplar allocates memory: faster requests leave none.
	exemplarFrom = time.Second
	// exemplarLabel is the label of the transaction id.
	exemplarLabel = "trans_id"
	// exemplarBytesMax bounds the transaction id of an exemplar. OpenMetrics
	// allows 128 characters for the label and the value.
	exemplarBytesMax = prometheus.ExemplarMaxRunes - len(exemplarLabel)
)

var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "PUT": true, "POST": true, "DELETE": true,
	"COPY": true, "OPTIONS": true, "PATCH": true,
}

// Observe counts a request.
func (m *Metrics) Observe(r Request) {
	if !knownMethods[r.Method] {
		r.Method = "other"
	}
	k := kind{r.Service, r.Method, r.Status}
	s, ok := (*m.known.Load())[k]
	if !ok {
		s = m.learn(k)
	}
	s.requests.Inc()
	if r.Duration >= exemplarFrom && exemplar(r.TransID) {
		s.latency.ObserveWithExemplar(r.Duration.Seconds(), prometheus.Labels{exemplarLabel: r.TransID})
	} else {
		s.plain.Observe(r.Duration.Seconds())
	}
	s.in.Add(float64(r.BytesIn))
	s.out.Add(float64(r.BytesOut))
}

// exemplar reports whether a transaction id can be an exemplar. A client chooses
// the end of the id (X-Trans-Id-Extra), and the library panics at a wrong value.
func exemplar(transID string) bool {
	return transID != "" && len(transID) <= exemplarBytesMax && utf8.ValidString(transID)
}

// learn adds the series of a new kind to a copy of the map, and publishes the
// copy.
func (m *Metrics) learn(k kind) series {
	latency := m.latency.WithLabelValues(k.service, k.method)
	s := series{
		requests: m.requests.WithLabelValues(k.service, k.method, strconv.Itoa(k.status)),
		latency:  latency.(prometheus.ExemplarObserver), // every histogram of the library
		plain:    latency,
		in:       m.bytes.WithLabelValues(k.service, "in"),
		out:      m.bytes.WithLabelValues(k.service, "out"),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := maps.Clone(*m.known.Load())
	known[k] = s
	m.known.Store(&known)
	return s
}

// Serve answers GET and HEAD /metrics.
func (m *Metrics) Serve(r *web.Request) (*web.Response, error) {
	if r.Method != "GET" && r.Method != "HEAD" {
		return nil, &web.StatusError{Status: 405, Header: web.Header{{Name: "Allow", Value: "GET, HEAD"}}}
	}
	families, err := m.registry.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	format := formatFor(r.Header.Get("Accept"))
	enc := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return nil, err
		}
	}
	if end, ok := enc.(io.Closer); ok { // OpenMetrics ends with a line of its own
		if err := end.Close(); err != nil {
			return nil, err
		}
	}
	return web.NewBytes(200, string(format), b.Bytes()), nil
}

// formatFor returns the format for an Accept header.
func formatFor(accept string) expfmt.Format {
	text := expfmt.NewFormat(expfmt.TypeTextPlain)
	if accept == "" {
		return text
	}
	f := expfmt.NegotiateAccept(http.Header{"Accept": {accept}}, expfmt.FmtOpenMetrics_1_0_0, text)
	if f.FormatType() != expfmt.TypeOpenMetrics {
		return text
	}
	return f
}

var _ web.Handler = (*Metrics)(nil)
