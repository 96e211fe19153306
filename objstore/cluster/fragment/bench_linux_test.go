// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var benchShapes = [][2]int{{4, 2}, {8, 4}, {10, 4}}

// benchSegmentBytes is ec_object_segment_size as Swift has it by default.
const benchSegmentBytes = 1 << 20

// perProcessorSecond runs work, and reports bytes by the processor time of the
// thread: other programs on the machine do not count.
func perProcessorSecond(b *testing.B, bytes int, work func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	work()
	b.ReportAllocs()
	begin := threadSeconds(b)
	for b.Loop() {
		work()
	}
	b.ReportMetric(float64(bytes)*float64(b.N)/(threadSeconds(b)-begin)/1e6, "MB/cpu-s")
}

func threadSeconds(b *testing.B) float64 {
	var usage unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_THREAD, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func forTypesAndShapes(b *testing.B, run func(b *testing.B, c *Codec)) {
	for _, ecType := range Types() {
		for _, shape := range benchShapes {
			b.Run(fmt.Sprintf("%s/%d+%d", ecType, shape[0], shape[1]), func(b *testing.B) {
				run(b, newCodec(b, ecType, shape[0], shape[1]))
			})
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	segment := goldenSegment(benchSegmentBytes)
	forTypesAndShapes(b, func(b *testing.B, c *Codec) {
		fragments := encode(b, c, segment)
		perProcessorSecond(b, len(segment), func() { require.NoError(b, c.Encode(segment, fragments)) })
	})
}

// The first two data fragments are lost.
func BenchmarkDecode(b *testing.B) {
	segment := goldenSegment(benchSegmentBytes)
	forTypesAndShapes(b, func(b *testing.B, c *Codec) {
		fragments := encode(b, c, segment)[2 : 2+c.Data()]
		dst := make([]byte, 0, len(segment)+64)
		perProcessorSecond(b, len(segment), func() {
			if _, err := c.Decode(fragments, dst); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkKernels computes two parity pieces of 4+2, without copying.
func BenchmarkKernels(b *testing.B) {
	segment := goldenSegment(benchSegmentBytes)
	for _, k := range kernels() {
		b.Run(k.name, func(b *testing.B) {
			rows := liberasurecodeVandermonde(wordField(), 4, 2)
			transform := compileWith(k, rows)
			n := len(segment) / 4
			pieces := [][]byte{segment[:n], segment[n : 2*n], segment[2*n : 3*n], segment[3*n:], make([]byte, n), make([]byte, n)}
			perProcessorSecond(b, len(segment), func() { require.NoError(b, transform.apply(pieces)) })
		})
	}
}

// BenchmarkPlan prepares decoding, which a read does once.
func BenchmarkPlan(b *testing.B) {
	forTypesAndShapes(b, func(b *testing.B, c *Codec) {
		var available set
		for i := range c.Data() {
			available.add(c.Parity() + i)
		}
		perProcessorSecond(b, 0, func() {
			_, err := c.makePlan(available, decodeAll)
			require.NoError(b, err)
		})
	})
}
