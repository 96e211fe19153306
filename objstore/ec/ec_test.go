// SPDX-License-Identifier: Apache-2.0

package ec

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newRand(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func fill(rng *rand.Rand, p []byte) {
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
}

// split cuts one stripe into shards and computes their parity.
func split(t testing.TB, c *Code, body []byte) [][]byte {
	n := ShardBytes(len(body), c.data)
	padded := append(bytes.Clone(body), make([]byte, n*c.data-len(body))...)
	shards := make([][]byte, c.data+c.parity)
	for i := range shards {
		if i < c.data {
			shards[i] = padded[i*n : (i+1)*n]
		} else {
			shards[i] = make([]byte, n)
		}
	}
	require.NoError(t, c.Encode(shards))
	return shards
}

// Any k shards give the others, for every pair of numbers that is small.
func TestAnyKShardsSuffice(t *testing.T) {
	rng := newRand(t)
	for k := 1; k <= 10; k++ {
		for m := 1; m <= 5; m++ {
			c, err := New(k, m)
			require.NoError(t, err)
			body := make([]byte, 1+rng.IntN(3000))
			fill(rng, body)
			want := split(t, c, body)
			got, wanted := make([][]byte, k+m), make([]bool, k+m)
			for i, lost := range rng.Perm(k + m) {
				if i < m {
					wanted[lost] = rng.IntN(4) > 0
					got[lost] = make([]byte, 0, len(want[0]))
				} else {
					got[lost] = want[lost]
				}
			}
			require.NoError(t, c.Reconstruct(got, wanted))
			for i := range got {
				if wanted[i] {
					require.Equal(t, want[i], got[i], "%d+%d, shard %d", k, m, i)
				}
			}
		}
	}
}

func TestTooFewShards(t *testing.T) {
	c, err := New(4, 2)
	require.NoError(t, err)
	shards := split(t, c, []byte("some bytes of a body"))
	shards[0], shards[3], shards[5] = nil, nil, nil
	require.Error(t, c.Reconstruct(shards, []bool{true, true, true, true, true, true}))
}

func TestNumbersAreBounded(t *testing.T) {
	for _, n := range [][2]int{{0, 1}, {1, 0}, {-1, 3}, {200, 57}} {
		_, err := New(n[0], n[1])
		require.Error(t, err, "%v", n)
	}
	_, err := New(200, 56)
	require.NoError(t, err)
}

// Every byte of a body lies in exactly one place, and fragments are as long as
// their shards together.
func TestGeometry(t *testing.T) {
	rng := newRand(t)
	for range 2000 {
		g := Geometry{Data: 1 + rng.IntN(12)}
		g.SizeBytes = rng.Int64N(4 * g.StripeBytes())
		if rng.IntN(3) == 0 {
			g.SizeBytes = max(g.StripeBytes()*rng.Int64N(4)+rng.Int64N(3)-1, 0)
		}
		var body, fragment int64
		for s := range g.Stripes() {
			n := g.BodyBytes(s)
			require.Positive(t, n)
			body += int64(n)
			fragment += int64(g.ShardBytes(s))
			require.LessOrEqual(t, n, g.ShardBytes(s)*g.Data)
			require.LessOrEqual(t, g.ShardBytes(s), BlockBytes)
			first, last := g.Shards(s, 0, n)
			require.Zero(t, first)
			require.Less(t, last, g.Data)
		}
		require.Equal(t, g.SizeBytes, body, "%+v", g)
		require.Equal(t, g.FragmentBytes(), fragment, "%+v", g)
		require.Zero(t, g.BodyBytes(g.Stripes()))
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range [][2]int{{4, 2}, {8, 3}, {10, 4}} {
		b.Run(fmt.Sprintf("%d+%d", n[0], n[1]), func(b *testing.B) {
			c, err := New(n[0], n[1])
			require.NoError(b, err)
			shards := split(b, c, make([]byte, n[0]*BlockBytes))
			b.SetBytes(int64(n[0] * BlockBytes))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Encode(shards); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// All m losses are data shards: the worst case.
func BenchmarkReconstruct(b *testing.B) {
	for _, n := range [][2]int{{4, 2}, {8, 3}, {10, 4}} {
		b.Run(fmt.Sprintf("%d+%d", n[0], n[1]), func(b *testing.B) {
			c, err := New(n[0], n[1])
			require.NoError(b, err)
			shards := split(b, c, make([]byte, n[0]*BlockBytes))
			wanted := make([]bool, len(shards))
			b.SetBytes(int64(n[0] * BlockBytes))
			b.ReportAllocs()
			for b.Loop() {
				for i := range n[1] {
					shards[i], wanted[i] = shards[i][:0], true
				}
				if err := c.Reconstruct(shards, wanted); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
