// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/cmd/needletail/config"
	"needletail/proxy/certificates"
	"needletail/proxy/httpfront"
)

// ports are the listening sockets of the server.
type ports struct {
	// main is the one port. plain is a second port without TLS, or nil.
	main, plain net.Listener
	// certificates are those of main. nil: main speaks plain HTTP.
	certificates *certificates.Set
	// proxies are the proxies whose connections begin with a PROXY header.
	proxies atomic.Pointer[httpfront.Proxies]
}

// openPorts reads the certificates. The ports are closed until listen is called.
func openPorts(cfg *config.Config) (p *ports, err error) {
	p = new(ports)
	if cfg.TLS.On() {
		p.certificates, err = cfg.TLS.Open()
	}
	return p, err
}

// listen opens the ports.
func (p *ports) listen(cfg *config.Config) (err error) {
	proxies, err := cfg.Front.Proxies()
	if err != nil {
		return err
	}
	p.proxies.Store(&proxies)
	open := func(address string) (net.Listener, error) {
		ln, err := net.Listen("tcp", address)
		if err == nil && cfg.Front.ProxyProtocol {
			ln = httpfront.ProxyProtocol(ln, func() httpfront.Proxies { return *p.proxies.Load() })
		}
		return ln, err
	}
	if p.main, err = open(cfg.Listen); err != nil {
		return err
	}
	if p.certificates != nil {
		p.main = tls.NewListener(p.main, p.certificates.Config())
	}
	if cfg.TLS.PlainListen != "" {
		p.plain, err = open(cfg.TLS.PlainListen)
	}
	return err
}

// address returns the address of the one port. nil: the port is not open.
func (p *ports) address() net.Addr {
	if p.main == nil {
		return nil
	}
	return p.main.Addr()
}

// close closes the ports.
func (p *ports) close() {
	for _, ln := range []net.Listener{p.main, p.plain} {
		if ln != nil {
			_ = ln.Close() // nobody is there yet, or the server has closed the port
		}
	}
}

// serve serves the ports until the first port fails, or until Shutdown.
func (p *ports) serve(front *httpfront.Server) error {
	served := make(chan error, 2)
	running := 1
	go func() { served <- front.Serve(p.main) }()
	if p.plain != nil {
		running++
		go func() { served <- front.Serve(p.plain) }()
	}
	var err error
	for range running {
		if err = <-served; err != nil {
			break
		}
	}
	return err
}

// watch reads changed certificates until ctx ends.
func (p *ports) watch(ctx context.Context, logger *slog.Logger) {
	if p.certificates != nil {
		p.certificates.Watch(ctx, certificates.DefaultInterval, func(err error) { reportCertificates(logger, err) })
	}
}

// reload reads the certificates again.
func (p *ports) reload(logger *slog.Logger) {
	if p.certificates != nil {
		reportCertificates(logger, p.certificates.Reload())
	}
}

func reportCertificates(logger *slog.Logger, err error) {
	if err != nil {
		logger.Error("the certificates were not read again: the certificates before serve on", "err", err)
		return
	}
	logger.Info("the certificates were read again")
}

// figures returns the metric of the certificates' ends.
func (p *ports) figures() []prometheus.Collector {
	if p.certificates == nil {
		return nil
	}
	return []prometheus.Collector{certificateFigures{p.certificates}}
}

var certificateEnd = prometheus.NewDesc("needletail_tls_certificate_not_after_timestamp_seconds",
	"When the certificate expires, as Unix time.", []string{"cert_file"}, nil)

// certificateFigures tells when each certificate of the moment expires.
type certificateFigures struct{ set *certificates.Set }

func (f certificateFigures) Describe(to chan<- *prometheus.Desc) { to <- certificateEnd }

func (f certificateFigures) Collect(to chan<- prometheus.Metric) {
	seen := map[string]bool{}
	for _, e := range f.set.Expiries() {
		if seen[e.CertFile] {
			continue
		}
		seen[e.CertFile] = true
		to <- prometheus.MustNewConstMetric(certificateEnd, prometheus.GaugeValue, float64(e.NotAfter.Unix()), e.CertFile)
	}
}

// resolve looks up the hosts of the addresses to listen on. A name without an
// address is a mistake in the command line: the user must hear of the mistake
// before a store is made.
func resolve(cfg *config.Config) error {
	addresses := []string{cfg.Listen}
	if cfg.TLS.PlainListen != "" {
		addresses = append(addresses, cfg.TLS.PlainListen)
	}
	var errs []error
	for _, address := range addresses {
		if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
			errs = append(errs, fmt.Errorf("%w: listen: %w", errUsage, err))
		}
	}
	return errors.Join(errs...)
}
