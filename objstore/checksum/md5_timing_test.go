package checksum

import (
	"crypto/md5"
	"fmt"
	"hash"
	"sync"
	"syscall"
	"testing"
)

// cpuSeconds is the processor time of the whole process so far.
func cpuSeconds() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// BenchmarkMD5 compares the plain digest with SIMD lanes: streams of 64 MiB
// each, written in pieces of 1 MiB.
func BenchmarkMD5(b *testing.B) {
	const streamBytes, pieceBytes = 64 << 20, 1 << 20
	run := func(name string, streams int, digest func() (hash.Hash, func())) {
		b.Run(fmt.Sprintf("%s/streams=%d", name, streams), func(b *testing.B) {
			b.SetBytes(int64(streams) * streamBytes)
			before := cpuSeconds()
			for b.Loop() {
				var wg sync.WaitGroup
				for range streams {
					wg.Go(func() {
						h, done := digest()
						defer done()
						piece := make([]byte, pieceBytes)
						for range streamBytes / pieceBytes {
							h.Write(piece)
						}
						h.Sum(nil)
					})
				}
				wg.Wait()
			}
			gigabytes := float64(b.N) * float64(streams) * streamBytes / 1e9
			b.ReportMetric((cpuSeconds()-before)/gigabytes, "cpu-s/GB")
		})
	}
	for _, streams := range []int{1, 2, 4, 8, 16} {
		run("plain", streams, func() (hash.Hash, func()) { return md5.New(), func() {} })
		run("lanes", streams, func() (hash.Hash, func()) {
			h := takeLane()
			if h == nil {
				b.Fatal("no lane is free")
			}
			return h, func() { giveLane(h) }
		})
	}
}
