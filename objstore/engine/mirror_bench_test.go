// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"syscall"
	"testing"
)

// BenchmarkPutCopies is what the second copy of the index costs: 4 KiB by 16
// writers, both copies on one disk here, so the disk's share is an upper bound.
func BenchmarkPutCopies(b *testing.B) {
	for _, name := range []string{"one", "two"} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			o := Options{}
			if name == "two" {
				o = onDevices(nil, dir+"/d1", dir+"/d2")
				o.InlineMaxBytes = 0
			}
			e := openTest(b, dir+"/store", o)
			defer closeTest(b, e)
			if name == "two" {
				waitInStep(b, e)
			}
			makeBox(b, e)
			body := randomBody(1, 4096)
			before := cpuSeconds(b)
			b.ReportAllocs()
			b.ResetTimer()
			benchPut(b, e, 16, body)
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
			b.ReportMetric(1e6*(cpuSeconds(b)-before)/float64(b.N), "cpu-µs/put")
		})
	}
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
