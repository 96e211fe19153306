// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of the field agree with multiplication of polynomials, bit by bit.
func TestWordField(t *testing.T) {
	rng := newRand(t)
	f := wordField()
	multiply := func(a, b uint16) (product uint16) {
		for bit, p := range bitProducts(a) {
			product ^= p * (b >> bit & 1)
		}
		return product
	}
	for range 20_000 {
		a, b := uint16(rng.Uint32()), uint16(rng.Uint32())
		require.Equal(t, multiply(a, b), f.multiply(a, b), "%d × %d", a, b)
	}
	for a := 1; a < 1<<16; a++ {
		require.EqualValues(t, 1, f.multiply(uint16(a), f.invert(uint16(a))), "%d", a)
	}
	require.Zero(t, f.multiply(0, 7))
	require.Zero(t, f.multiply(7, 0))
}

// Every kernel of this processor, and the portable kernel, give the sums that
// the field gives, for all lengths and alignments, and touch no other byte.
func TestKernels(t *testing.T) {
	rng := newRand(t)
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			for words := 1; words <= 200; words++ {
				checkKernel(t, rng, k, 2*words)
			}
			for range 60 {
				checkKernel(t, rng, k, 2*(1+rng.IntN(4000)))
			}
		})
	}
	require.Equal(t, portable, kernels()[len(kernels())-1])
}

func checkKernel(t *testing.T, rng *rand.Rand, k *kernel, n int) {
	t.Helper()
	rows := newMatrix(1+rng.IntN(3), 1+rng.IntN(9))
	for _, row := range rows {
		for i := range row {
			row[i] = uint16(rng.Uint32())
			if rng.IntN(6) == 0 {
				row[i] = uint16(rng.IntN(2))
			}
		}
	}
	if rng.IntN(4) == 0 {
		for i := range rows[0] {
			rows[0][i] = 1
		}
	}
	const guard = 64
	var whole, pieces [][]byte
	for range len(rows[0]) + len(rows) {
		offset := guard + rng.IntN(guard)
		b := randomBytes(rng, offset+n+guard)
		whole, pieces = append(whole, b), append(pieces, b[offset:offset+n:offset+n])
	}
	inputs := len(rows[0])
	var before, after [][2]string
	edges := func(b, piece []byte) [2]string {
		offset := len(b) - guard - n
		return [2]string{string(b[:offset]), string(b[offset+n:])}
	}
	for i := range whole {
		before = append(before, edges(whole[i], pieces[i]))
	}
	require.NoError(t, compileWith(k, rows).apply(pieces))
	for i := range whole {
		after = append(after, edges(whole[i], pieces[i]))
	}
	require.True(t, equalPairs(before, after), "%s wrote outside of %d bytes", k.name, n)
	for r, row := range rows {
		for at := 0; at < n; at += 2 {
			want := uint16(0)
			for i, coefficient := range row {
				want ^= wordField().multiply(coefficient, binary.LittleEndian.Uint16(pieces[i][at:]))
			}
			if got := binary.LittleEndian.Uint16(pieces[inputs+r][at:]); got != want {
				t.Fatalf("%s, row %v, byte %d of %d: %#x, want %#x", k.name, row, at, n, got, want)
			}
		}
	}
}

func equalPairs(a, b [][2]string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
