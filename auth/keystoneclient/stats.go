// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stats are the client's figures.
type stats struct {
	lookups  *prometheus.CounterVec // by result
	stale    prometheus.Counter
	failures *prometheus.CounterVec // by step
	seconds  *prometheus.HistogramVec
	cached   prometheus.GaugeFunc
}

func newStats(cached func() float64) *stats {
	s := &stats{
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "needletail_keystone_lookups_total",
			Help: "Tokens looked up, by what answered: hit, negative_hit, miss (Keystone was asked), joined (another's question).",
		}, []string{"result"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "needletail_keystone_errors_total",
			Help: "Questions to the external Keystone that had no good answer, by step.",
		}, []string{"step"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "needletail_keystone_request_seconds",
			Help: "Time of requests to the external Keystone, by step.",
			// The buckets reach from 1 ms to 16 s.
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}, []string{"step"}),
		cached: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "needletail_keystone_cached_tokens", Help: "Tokens remembered, invalid ones included.",
		}, cached),
	}
	s.stale = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "needletail_keystone_stale_answers_total",
		Help: "Tokens and limits accepted from memory past their time while Keystone did not answer.",
	})
	return s
}

// Collectors returns the client's figures for Prometheus.
func (c *Client) Collectors() []prometheus.Collector {
	s := c.stats
	return []prometheus.Collector{s.lookups, s.stale, s.failures, s.seconds, s.cached}
}

func (s *stats) hit(a answer) {
	if a.identity == nil {
		s.lookups.WithLabelValues("negative_hit").Inc()
	} else {
		s.lookups.WithLabelValues("hit").Inc()
	}
}

func (s *stats) miss(joined bool) {
	if joined {
		s.lookups.WithLabelValues("joined").Inc()
	} else {
		s.lookups.WithLabelValues("miss").Inc()
	}
}

func (s *stats) request(op string, d time.Duration) {
	s.seconds.WithLabelValues(op).Observe(d.Seconds())
}
