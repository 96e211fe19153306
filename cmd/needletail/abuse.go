// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/auth/loginguard"
	"needletail/proxy/httpfront"
	"needletail/proxy/web"
)

// newGuard returns the guard that the built-in Keystone and TempAuth share. A
// trusted proxy that does not name its client stands for many clients.
func newGuard(cfg *settings, log *refusalLog) (*loginguard.Guard, error) {
	proxies, err := cfg.Front.Proxies()
	if err != nil {
		return nil, err
	}
	options := cfg.LoginLimits.Options()
	options.Exempt = proxies.Has
	options.OnDelay = func(d loginguard.Delay) {
		log.add(d.Reason.String(), d.Address, "seconds", d.Wait.Seconds())
	}
	return loginguard.New(options), nil
}

// refusalLog writes a line when a limit refuses a client. A client can cause
// any number of refusals, and the lines are bounded.
type refusalLog struct {
	logger *slog.Logger
	seen   *repeats[string]
}

func newRefusalLog(logger *slog.Logger) *refusalLog {
	return &refusalLog{logger: logger, seen: newRepeats(func(reason string, more int) {
		logger.Warn("more clients are refused", "reason", reason, "count", more, "within", repeatWindow)
	})}
}

// add logs a refusal of an address.
func (l *refusalLog) add(reason, address string, more ...any) {
	if l.seen.inFull(reason) {
		l.logger.Warn("a client is refused", append([]any{"reason", reason, "address", address}, more...)...)
	}
}

// refusalFigures returns the metric of refusals, a series for each limit. No
// label names an address: a flood would make series without end. server is
// called only after the server exists.
func refusalFigures(server func() *httpfront.Server, guard *loginguard.Guard, st *storage, requests, heads *web.Memory) []prometheus.Collector {
	var figures []prometheus.Collector
	add := func(reason string, count func() int64) {
		figures = append(figures, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "needletail_refused_total",
			Help:        "Connections, requests and logins refused by a limit.",
			ConstLabels: prometheus.Labels{"reason": reason},
		}, func() float64 { return float64(count()) }))
	}
	for _, r := range httpfront.Refusals() {
		add(r.String(), func() int64 { return server().Refused(r) })
	}
	if guard != nil {
		for _, r := range loginguard.Reasons() {
			add(r.String(), func() int64 { return guard.Refused(r) })
		}
	}
	if st.identity != nil {
		add("login_queue", st.identity.HashesRefused)
	}
	if requests != nil {
		add("request_memory", requests.Refused)
	}
	if heads != nil {
		add("head_memory", heads.Refused)
	}
	return figures
}
