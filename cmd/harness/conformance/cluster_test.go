// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorse(t *testing.T) {
	swift := results{
		"f.T.both": {failed, "x"}, "f.T.better": {failed, "x"}, "f.T.well": {outcome: passed}, "f.T.worse": {outcome: passed},
		"f.T.idle": {skipped, "off"}, "f.T.woken": {skipped, "off"}, "f.T.off": {outcome: passed}, "f.T.lost": {outcome: passed},
	}
	needletail := results{
		"f.T.both": {failed, "y"}, "f.T.better": {outcome: passed}, "f.T.well": {outcome: passed}, "f.T.worse": {failed, "500"},
		"f.T.idle": {skipped, "off"}, "f.T.woken": {failed, "404"}, "f.T.off": {skipped, "no slo"},
		"f.T": {failed, "setup"}, "f.U": {skipped, "setup"},
	}
	require.Equal(t, []string{
		"gold DID NOT RUN f.T.lost",
		"gold FAILED f.T.woken: 404",
		"gold FAILED f.T.worse: 500",
		"gold FAILED f.T: setup",
		"gold SKIPPED f.T.off: no slo",
	}, worse("gold", swift, needletail))
	require.Empty(t, worse("gold", swift, swift))
	require.Equal(t, []string{
		"gold FAILED f.T.both: y", "gold FAILED f.T.woken: 404", "gold FAILED f.T.worse: 500", "gold FAILED f.T: setup",
	}, worse("gold", nil, needletail), "without a run of Swift's proxy")
}

func TestUnknownProxyIsRefused(t *testing.T) {
	require.ErrorContains(t, clusterRun{}.conform(t.Context(), []string{"gold"}, []string{"swift", "nginx"}), "nginx")
}
