package checksum

import (
	"crypto/md5"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every number of lanes, each with bytes of its own, in one round.
func TestSideBySideEqualsPlain(t *testing.T) {
	if kernelLanes == 0 {
		t.Skip("this processor has no kernel")
	}
	rng := newRand(t)
	defer func(n int) { kernelLanes = n }(kernelLanes)
	for _, kernel := range []int{8, kernelLanes} {
		kernelLanes = kernel
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
			addSideBySide(round)
			for i, turn := range round {
				require.Equal(t, want[i], turn.state, "lane %d of %d, kernel of %d", i, n, kernel)
			}
		}
	}
}
