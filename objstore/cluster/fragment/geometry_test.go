// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func newGeometry(t *testing.T, c *Codec, segmentBytes int) Geometry {
	g, err := c.Geometry(segmentBytes)
	require.NoError(t, err)
	return g
}

// The numbers were seen in a cluster with 4+2 and segments of 1 MiB.
func TestGeometryOfACluster(t *testing.T) {
	g := newGeometry(t, newCodec(t, "liberasurecode_rs_vand", 4, 2), 1<<20)
	require.EqualValues(t, 262_224, g.FragmentBytes)
	require.EqualValues(t, 0, g.ArchiveBytes(0))
	require.EqualValues(t, 82, g.ArchiveBytes(1))
	require.EqualValues(t, 262_224, g.ArchiveBytes(1<<20))
	require.EqualValues(t, 625_240, g.ArchiveBytes(2_500_000))
	first, last := g.Range(1_048_570, 1_048_600)
	require.EqualValues(t, 0, first)
	require.EqualValues(t, 524_447, last)
	require.EqualValues(t, 2*262_224, g.Suffix(1))
	require.EqualValues(t, 2*262_224, g.Suffix(1<<20))
	require.EqualValues(t, 3*262_224, g.Suffix(1<<20+1))
	require.EqualValues(t, 0, g.Skip(0))
	require.EqualValues(t, 1, g.Skip(262_223))
	require.EqualValues(t, 262_223, g.Skip(262_225))
}

// The archive is as long as its fragments together. A range holds exactly the
// segments of its bytes, and a suffix holds its bytes.
func TestGeometry(t *testing.T) {
	rng := newRand(t)
	for range 3000 {
		types := Types()
		c := newCodec(t, types[rng.IntN(len(types))], 1+rng.IntN(6), 1)
		g := newGeometry(t, c, 1+rng.IntN(300))
		object := rng.Int64N(5 * g.SegmentBytes)
		var archive int64
		for rest := object; rest > 0; rest -= g.SegmentBytes {
			archive += int64(len(encode(t, c, make([]byte, min(rest, g.SegmentBytes)))[0]))
		}
		require.Equal(t, archive, g.ArchiveBytes(object), "%+v %d", g, object)
		if object == 0 {
			continue
		}
		from := rng.Int64N(object)
		to := from + rng.Int64N(object-from)
		first, last := g.Range(from, to)
		require.Equal(t, first, g.FragmentOffset(g.Segment(from)))
		require.Equal(t, (last+1)/g.FragmentBytes, to/g.SegmentBytes+1)
		require.Less(t, first, archive)

		suffix := 1 + rng.Int64N(object)
		begin := max(archive-g.Suffix(suffix), 0)
		begin += g.Skip(begin)
		require.LessOrEqual(t, begin/g.FragmentBytes*g.SegmentBytes, object-suffix, "%+v %d %d", g, object, suffix)
	}
}

// Numbers that a client makes up overflow nothing.
func TestGeometryIsCapped(t *testing.T) {
	g := newGeometry(t, newCodec(t, "liberasurecode_rs_vand", 1, 1), 1)
	require.EqualValues(t, math.MaxInt64, g.ArchiveBytes(math.MaxInt64))
	require.EqualValues(t, math.MaxInt64, g.Suffix(math.MaxInt64))
	require.EqualValues(t, math.MaxInt64, newGeometry(t, g.codec, 2).ArchiveBytes(math.MaxInt64))
	first, last := g.Range(math.MaxInt64, math.MaxInt64)
	require.EqualValues(t, math.MaxInt64, first)
	require.EqualValues(t, math.MaxInt64-1, last)
	_, last = g.Range(0, math.MaxInt64)
	require.Positive(t, last)
}

func TestSegmentBytesAreBounded(t *testing.T) {
	c := newCodec(t, "isa_l_rs_vand", 4, 2)
	for _, n := range []int{-1, 0, SegmentBytesMax + 1} {
		_, err := c.Geometry(n)
		require.ErrorIs(t, err, ErrLength, "%d", n)
	}
	_, err := c.Geometry(SegmentBytesMax)
	require.NoError(t, err)
}
