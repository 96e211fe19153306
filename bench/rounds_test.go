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

// medianOf is the median of a figure.
func medianOf(rounds []total, figure func(total) float64) float64 {
	var figures []float64
	for _, t := range rounds {
		figures = append(figures, figure(t))
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}

func (t total) cpuSecondsPerGB() float64 { return t.cpuSeconds / (float64(t.Bytes) / 1e9) }

func (t total) cpuMicrosecondsPerOp() float64 { return t.cpuSeconds / float64(t.Ops) * 1e6 }

func (t total) backendMicrosecondsPerOp() float64 { return t.backendSeconds / float64(t.Ops) * 1e6 }

func (t total) opsPerSecond() float64 { return float64(t.Ops) / t.Elapsed.Seconds() }
