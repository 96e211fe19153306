// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/objstore"
	"needletail/objstore/cluster"
)

// clusterDevicesMax bounds the devices with series of their own, each kind of
// server and each policy counted apart. Further devices count as one, "other".
const clusterDevicesMax = 50_000

// otherDevice is the label of the devices beyond clusterDevicesMax.
const otherDevice = "other"

// clusterFigures counts exchanges with the servers of a cluster. The labels are
// the addresses and devices of the rings, so the number of series follows the
// size of the cluster: a histogram for each device would be too many.
type clusterFigures struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.SummaryVec // by device, without quantiles: sum and count
	latency  *prometheus.HistogramVec
	handoffs *prometheus.CounterVec
	bodies   *prometheus.CounterVec
	limited  *prometheus.CounterVec
	quorums  *prometheus.CounterVec

	// known has the *exchangeSeries of each exchangeKind: finding a series by
	// labels costs much more.
	known      sync.Map
	devices    sync.Map // of deviceKey
	count      atomic.Int64
	devicesMax int64
}

// deviceKey is a device with series of its own.
type deviceKey struct {
	server       cluster.Server
	policy       objstore.PolicyIndex
	addr, device string
}

// exchangeKind identifies the series of an exchange.
type exchangeKind struct {
	deviceKey
	outcome string
	method  string
	handoff bool
}

type exchangeSeries struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
	latency  prometheus.Observer
	handoffs prometheus.Counter // nil: the node is a primary
}

// newClusterFigures returns the figures of a proxy without a request. Only the
// failures of clients' requests have series: Prometheus sees no increase in a
// series whose first value is 1.
func newClusterFigures() *clusterFigures {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "needletail_cluster_" + name, Help: help}, labels)
	}
	f := &clusterFigures{
		requests: counter("requests_total", "Requests to servers of the cluster, by device and outcome: 2xx, 3xx, 4xx, 5xx, or none without an answer.",
			"type", "server", "device", "policy", "outcome"),
		seconds: prometheus.NewSummaryVec(prometheus.SummaryOpts{
			Name: "needletail_cluster_device_seconds",
			Help: "Time until a server's answer began, by device: the sum and the number of requests.",
		}, []string{"type", "server", "device", "policy"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "needletail_cluster_request_seconds",
			Help:    "Time until a server's answer began, by policy and method.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 14),
		}, []string{"type", "policy", "method"}),
		handoffs: counter("handoff_requests_total", "Requests to devices that stand in for a primary device.", "type", "policy"),
		bodies:   counter("body_failures_total", "Bodies of answers that broke off.", "type", "server", "device"),
		limited:  counter("limited_total", "How often a device was left alone for a while, after too many errors.", "type", "server", "device"),
		quorums:  counter("quorum_misses_total", "Requests of clients that failed because too few servers answered.", "type", "method"),

		devicesMax: clusterDevicesMax,
	}
	for _, server := range []cluster.Server{cluster.AccountServer, cluster.ContainerServer, cluster.ObjectServer} {
		for _, method := range []string{"DELETE", "GET", "HEAD", "POST", "PUT"} {
			f.quorums.WithLabelValues(server.String(), method)
		}
	}
	return f
}

// collectors returns the figures for the page of metrics.
func (f *clusterFigures) collectors() []prometheus.Collector {
	return []prometheus.Collector{f.requests, f.seconds, f.latency, f.handoffs, f.bodies, f.limited, f.quorums}
}

// Exchanged counts a request to a server.
func (f *clusterFigures) Exchanged(e cluster.Exchange) {
	k := exchangeKind{f.own(deviceKey{e.Server, e.Policy, e.Addr, e.Device}), outcome(e.Status), e.Method, e.Handoff}
	known, ok := f.known.Load(k)
	if !ok {
		known, _ = f.known.LoadOrStore(k, f.learn(k))
	}
	s := known.(*exchangeSeries)
	s.requests.Inc()
	s.seconds.Observe(e.Took.Seconds())
	s.latency.Observe(e.Took.Seconds())
	if s.handoffs != nil {
		s.handoffs.Inc()
	}
}

// own returns the device as the figures name the device: itself, or the name of
// all devices beyond devicesMax.
func (f *clusterFigures) own(k deviceKey) deviceKey {
	if _, ok := f.devices.Load(k); ok {
		return k
	}
	if f.count.Load() < f.devicesMax {
		if _, ok := f.devices.LoadOrStore(k, nil); !ok {
			f.count.Add(1)
		}
		return k
	}
	k.addr, k.device = otherDevice, otherDevice
	return k
}

// learn makes the series of a new kind of exchanges. The servers of accounts and
// containers have no policy. The failures of the device begin at 0: Prometheus
// sees no increase in a series whose first value is 1.
func (f *clusterFigures) learn(k exchangeKind) *exchangeSeries {
	kind, policy := k.server.String(), ""
	if k.server == cluster.ObjectServer {
		policy = strconv.Itoa(int(k.policy))
	}
	s := &exchangeSeries{
		requests: f.requests.WithLabelValues(kind, k.addr, k.device, policy, k.outcome),
		seconds:  f.seconds.WithLabelValues(kind, k.addr, k.device, policy),
		latency:  f.latency.WithLabelValues(kind, policy, k.method),
	}
	f.bodies.WithLabelValues(kind, k.addr, k.device)
	f.limited.WithLabelValues(kind, k.addr, k.device)
	f.handoffs.WithLabelValues(kind, policy)
	if k.handoff {
		s.handoffs = f.handoffs.WithLabelValues(kind, policy)
	}
	return s
}

// outcome is the class of a status; 0 is no answer.
func outcome(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 300:
		return "2xx"
	case status < 400:
		return "3xx"
	case status < 500:
		return "4xx"
	}
	return "5xx"
}

// BodyFailed counts a body that broke off.
func (f *clusterFigures) BodyFailed(server cluster.Server, addr, device string) {
	k := f.own(deviceKey{server: server, addr: addr, device: device})
	f.bodies.WithLabelValues(server.String(), k.addr, k.device).Inc()
}

// Limited counts a device that is left alone for a while.
func (f *clusterFigures) Limited(server cluster.Server, addr, device string) {
	k := f.own(deviceKey{server: server, addr: addr, device: device})
	f.limited.WithLabelValues(server.String(), k.addr, k.device).Inc()
}

// QuorumMissed counts a request of a client that failed.
func (f *clusterFigures) QuorumMissed(server cluster.Server, method string) {
	f.quorums.WithLabelValues(server.String(), method).Inc()
}

var _ cluster.Metrics = (*clusterFigures)(nil)
