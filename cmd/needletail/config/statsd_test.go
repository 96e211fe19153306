// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatsd(t *testing.T) {
	good := Statsd{Host: "h", Port: 1, DefaultSampleRate: 1, SampleRateFactor: 3, MetricPrefix: strings.Repeat("a", statsdPrefixMax)}
	require.NoError(t, good.validate())
	off := defaultStatsd()
	require.NoError(t, off.validate())
	require.Nil(t, off.Client(nil))
	require.NotNil(t, good.Client(nil))
	for name, change := range map[string]func(*Statsd){
		"port":                func(s *Statsd) { s.Port = 0 },
		"port ":               func(s *Statsd) { s.Port = 65536 },
		"default_sample_rate": func(s *Statsd) { s.DefaultSampleRate = 1.1 },
		"sample_rate_factor":  func(s *Statsd) { s.SampleRateFactor = 0 },
		"metric_prefix":       func(s *Statsd) { s.MetricPrefix += "a" },
		"metric_prefix has a": func(s *Statsd) { s.MetricPrefix = "a:b" },
		"without host":        func(s *Statsd) { s.Host = "" },
	} {
		s := good
		change(&s)
		require.ErrorContains(t, s.validate(), strings.TrimSpace(name))
	}
}
