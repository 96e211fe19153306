package bench

import (
	"cmp"
	"slices"
	"time"
)

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median is the round that took the median time; all moved the same.
func median(rounds []total) total {
	sorted := slices.Clone(rounds)
	slices.SortFunc(sorted, func(a, b total) int { return cmp.Compare(a.Elapsed, b.Elapsed) })
	return sorted[len(sorted)/2]
}
