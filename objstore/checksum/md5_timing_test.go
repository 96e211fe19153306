// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"
	"fmt"
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

// BenchmarkMD5 compares crypto/md5 with the lanes: streams of 64 MiB each, handed
// over in pieces of 512 KiB, of which four are on their way.
func BenchmarkMD5(b *testing.B) {
	const streamBytes, pieceBytes, pieces = 64 << 20, 512 << 10, 4
	plain := func() {
		h, piece := md5.New(), make([]byte, pieceBytes)
		for range streamBytes / pieceBytes {
			h.Write(piece)
		}
		h.Sum(nil)
	}
	lanes := func() {
		l := newLane()
		told, buf := make(counter, pieces), make([]byte, pieceBytes)
		for n := range streamBytes / pieceBytes {
			if n >= pieces {
				if len(told) == 0 {
					allLanes.hurry(&l)
				}
				<-told
			}
			allLanes.add(&l, piece{buf, told})
		}
		allLanes.wait(&l)
		allLanes.end(&l)
	}
	for _, streams := range []int{1, 2, 3, 4, 8, 16} {
		for name, stream := range map[string]func(){"plain": plain, "lanes": lanes} {
			b.Run(fmt.Sprintf("%s/streams=%d", name, streams), func(b *testing.B) {
				b.SetBytes(int64(streams) * streamBytes)
				before := cpuSeconds()
				for b.Loop() {
					var wg sync.WaitGroup
					for range streams {
						wg.Go(stream)
					}
					wg.Wait()
				}
				gigabytes := float64(b.N) * float64(streams) * streamBytes / 1e9
				b.ReportMetric((cpuSeconds()-before)/gigabytes, "cpu-s/GB")
			})
		}
	}
}
