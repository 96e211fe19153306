// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// beforeRounds and beforeFor are how often, and how long each time, the two
// builds take their turns: rounds of one build spread by some percent, and the
// median of many is steadier than a long one.
const (
	beforeRounds = 21
	beforeFor    = 2 * time.Second
)

// BenchmarkBefore puts the tree beside an earlier build, the binary in
// NEEDLETAIL_BENCH_BEFORE, in alternating rounds: new-x is the new build's rate
// divided by the old one's.
func BenchmarkBefore(b *testing.B) {
	binary := os.Getenv("NEEDLETAIL_BENCH_BEFORE")
	if binary == "" {
		b.Fatal("NEEDLETAIL_BENCH_BEFORE names no binary")
	}
	peers := []peer{{"new", startNeedletail(b)}, {"old", startBinary(b, benchDir(b), binary, "")}}
	for _, l := range []Load{
		{Method: "PUT", SizeBytes: 4 << 10, Streams: 16},
		{Method: "PUT", SizeBytes: 64 << 20, Streams: 16},
		{Method: "GET", SizeBytes: 4 << 10, Streams: 16},
		{Method: "GET", SizeBytes: 64 << 20, Streams: 8},
	} {
		l.OpsPerStream, l.For = opsMax, beforeFor
		b.Run(fmt.Sprintf("op=%s/size=%s/streams=%d", l.Method, strconv.FormatInt(l.SizeBytes>>10, 10)+"KiB", l.Streams), func(b *testing.B) {
			beforeShape(b, peers, l)
		})
	}
}

// beforeShape gives both builds their rounds and reports the medians.
func beforeShape(b *testing.B, peers []peer, l Load) {
	t := turns{peers: peers, load: l, rounds: map[string][]total{}}
	for range beforeRounds {
		t.round(b)
	}
	old := median(t.rounds["old"])
	for _, p := range peers {
		own := median(t.rounds[p.name])
		b.Run("build="+p.name, func(b *testing.B) {
			b.ReportMetric(own.opsPerSecond(), "op/s")
			b.ReportMetric(own.MBPerSecond(), "MB/s")
			b.ReportMetric(own.cpuSeconds/float64(own.Ops)*1e6, "cpu-µs/op")
			b.ReportMetric(own.opsPerSecond()/old.opsPerSecond(), "new-x")
			b.ReportMetric(0, "ns/op")
		})
	}
}
