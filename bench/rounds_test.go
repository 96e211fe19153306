// SPDX-License-Identifier: Apache-2.0

//go:build compare || growth

package bench

import (
	"cmp"
	"slices"
	"time"
)

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median is the round of the median rate.
func median(rounds []total) total {
	sorted := slices.Clone(rounds)
	slices.SortFunc(sorted, func(a, b total) int { return cmp.Compare(a.opsPerSecond(), b.opsPerSecond()) })
	return sorted[len(sorted)/2]
}

func (t total) opsPerSecond() float64 { return float64(t.Ops) / t.Elapsed.Seconds() }
