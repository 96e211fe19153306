// SPDX-License-Identifier: Apache-2.0

package option

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDurationIsReadAsItIsWritten(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "1ms": time.Millisecond, "5s": 5 * time.Second, "1m": time.Minute, "1m30s": 90 * time.Second,
		"10m": 10 * time.Minute, "1h": time.Hour, "1h5s": time.Hour + 5*time.Second, "168h": 168 * time.Hour,
	} {
		var d Duration
		require.NoError(t, d.UnmarshalText([]byte(text)))
		require.Equal(t, Duration(want), d, text)
		var again Duration
		require.NoError(t, again.UnmarshalText([]byte(d.String())))
		require.Equal(t, d, again, text)
	}
	require.Equal(t, "10m", Duration(10*time.Minute).String())
	require.Equal(t, "168h", Duration(168*time.Hour).String())
	require.Equal(t, "0s", Duration(0).String())
}

func TestDurationRefuses(t *testing.T) {
	for _, text := range []string{"", "60", "soon", "-1s"} {
		var d Duration
		require.Error(t, d.UnmarshalText([]byte(text)), text)
	}
}
