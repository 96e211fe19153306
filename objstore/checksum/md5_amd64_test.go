// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// units calls f with each vector unit that this processor has, by name.
func units(f func(name string)) {
	defer func(avx512, avx2 bool) { hasAVX512, hasAVX2 = avx512, avx2 }(hasAVX512, hasAVX2)
	if hasAVX512 {
		f("AVX-512")
	}
	if hasAVX512 = false; hasAVX2 {
		f("AVX2")
	}
	hasAVX2 = false
	f("none")
}

// Every number of lanes, each with bytes of its own, in one round, with every
// vector unit and without one.
func TestRoundsEqualPlain(t *testing.T) {
	rng := newRand(t)
	units(func(unit string) {
		for n := 1; n <= lanesMax; n++ {
			blocks := 1 + rng.IntN(20)
			round, want := make([]turn, n), make([][4]uint32, n)
			for i := range round {
				l := newLane()
				l.state = [4]uint32{rng.Uint32(), rng.Uint32(), rng.Uint32(), rng.Uint32()}
				round[i] = turn{&l, randomBytes(rng, blocks*md5.BlockSize)}
				want[i] = l.state
				l.plain.add(&want[i], round[i].bytes)
			}
			addRound(round)
			for i, turn := range round {
				require.Equal(t, want[i], turn.state, "lane %d of %d, vector unit: %s", i, n, unit)
			}
		}
	})
}

// BenchmarkKernels is the speed of one core with rounds of 64 KiB of each lane.
func BenchmarkKernels(b *testing.B) {
	units(func(unit string) {
		for _, n := range []int{1, 2, 4, 8, 16} {
			if unit == "none" && n > 1 {
				return
			}
			round := make([]turn, n)
			for i := range round {
				l := newLane()
				round[i] = turn{&l, make([]byte, roundBytes)}
			}
			b.Run(fmt.Sprintf("unit=%s/lanes=%d", unit, n), func(b *testing.B) {
				b.SetBytes(int64(n) * roundBytes)
				for b.Loop() {
					addRound(round)
				}
			})
		}
	})
}
