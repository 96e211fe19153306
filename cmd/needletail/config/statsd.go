// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"needletail/proxy/statsd"
)

// Statsd sends the figures of Swift's requests to a statsd over UDP, with the
// names of Swift's proxies: proxy-server.object.GET.200.timing. A request never
// waits for the statsd.
type Statsd struct {
	// Host is the name or the address of the statsd (Swift's log_statsd_host). "":
	// nothing is sent.
	Host string `toml:"host"`
	// Port is the port of the statsd (Swift's log_statsd_port).
	Port int `toml:"port"`
	// DefaultSampleRate is the share of the figures that are sent, above 0, at
	// most 1 (Swift's log_statsd_default_sample_rate).
	DefaultSampleRate float64 `toml:"default_sample_rate"`
	// SampleRateFactor is multiplied with default_sample_rate (Swift's
	// log_statsd_sample_rate_factor). A product above 1 sends all figures.
	SampleRateFactor float64 `toml:"sample_rate_factor"`
	// MetricPrefix stands before each name, with a dot (Swift's
	// log_statsd_metric_prefix). "": nothing stands there.
	MetricPrefix string `toml:"metric_prefix"`
}

// statsdPrefixMax bounds metric_prefix: a line must fit into a datagram.
const statsdPrefixMax = 256

func defaultStatsd() Statsd { return Statsd{Port: 8125, DefaultSampleRate: 1, SampleRateFactor: 1} }

func (s *Statsd) validate() error {
	if s.Host == "" {
		if *s != defaultStatsd() {
			return errors.New("port, default_sample_rate, sample_rate_factor and metric_prefix mean nothing without host")
		}
		return nil
	}
	switch {
	case s.Port < 1 || s.Port > 65535:
		return errors.New("port is not from 1 to 65535")
	case !(s.DefaultSampleRate > 0 && s.DefaultSampleRate <= 1):
		return errors.New("default_sample_rate is not above 0 and at most 1")
	case !(s.SampleRateFactor > 0):
		return errors.New("sample_rate_factor is not above 0")
	case len(s.MetricPrefix) > statsdPrefixMax:
		return fmt.Errorf("metric_prefix has more than %d bytes", statsdPrefixMax)
	case strings.ContainsFunc(s.MetricPrefix, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(":|@#", r) }):
		return errors.New("metric_prefix has a character that ends a name: a space, ':', '|', '@', '#', or a character outside of ASCII")
	}
	return nil
}

// On reports whether figures are sent.
func (s *Statsd) On() bool { return s.Host != "" }

// Client returns the client, or nil if nothing is to be sent.
func (s *Statsd) Client(logger *slog.Logger) *statsd.Client {
	if !s.On() {
		return nil
	}
	return statsd.New(statsd.Options{
		Host: s.Host, Port: s.Port, Prefix: s.MetricPrefix,
		Rate: min(s.DefaultSampleRate*s.SampleRateFactor, 1), Logger: logger,
	})
}
