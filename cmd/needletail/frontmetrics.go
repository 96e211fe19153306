// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/proxy/httpfront"
	"needletail/proxy/web"
)

// connectionFigures returns the metrics of a server's connections. server is
// called only after the server exists.
func connectionFigures(server func() *httpfront.Server) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "needletail_connections", Help: "Connections of clients.",
		}, func() float64 { return float64(server().Connections()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "needletail_connections_displaced_total",
			Help: "Connections on which nobody was allowed anything, and that gave way to newcomers when all were taken.",
		}, func() float64 { return float64(server().Displaced()) }),
	}
}

// processFigures returns the version and the clock of the server.
func processFigures() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "needletail_build_info", Help: "1, with the version of the program and of Go.",
			ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
		}, func() float64 { return 1 }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "needletail_time_seconds", Help: "The clock of the server, as Unix time.",
		}, func() float64 { return float64(time.Now().UnixNano()) / 1e9 }),
	}
}

// memoryFigures returns the used part and the limit of the accounts of memory.
// A nil account has no metrics.
func memoryFigures(requests, heads *web.Memory) []prometheus.Collector {
	var figures []prometheus.Collector
	for _, a := range []struct {
		name, what string
		memory     *web.Memory
	}{
		{"request", "what requests hold whole in memory", requests},
		{"head", "request heads longer than usual", heads},
	} {
		if a.memory == nil {
			continue
		}
		figures = append(figures,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "needletail_" + a.name + "_memory_bytes", Help: "Bytes of " + a.what + ".",
			}, func() float64 { return float64(a.memory.Used()) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "needletail_" + a.name + "_memory_limit_bytes", Help: "Bound of " + a.what + ", in bytes.",
			}, func() float64 { return float64(a.memory.Limit()) }))
	}
	return figures
}
