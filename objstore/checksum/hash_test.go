// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/zeebo/xxh3"
)

// newRand is a generator whose seed is printed if the test fails.
func newRand(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomBytes(rng *rand.Rand, n int) []byte {
	p := make([]byte, 0, n+8)
	for len(p) < n {
		p = binary.LittleEndian.AppendUint64(p, rng.Uint64())
	}
	return p[:n]
}

func wantDigests(body []byte, withSHA512 bool) Digests {
	sum := md5.Sum(body)
	d := Digests{SizeBytes: int64(len(body)), MD5: hex.EncodeToString(sum[:]), Blocks: []uint64{}}
	for block := range slices.Chunk(body, BlockBytes) {
		d.Blocks = append(d.Blocks, xxh3.Hash(block))
	}
	if withSHA512 {
		sum := sha512.Sum512(body)
		d.SHA512 = hex.EncodeToString(sum[:])
	}
	return d
}

// writePieces writes body in pieces of random length up to pieceMax.
func writePieces(h *Hash, rng *rand.Rand, body []byte, pieceMax int) {
	for len(body) > 0 {
		n := min(len(body), 1+rng.IntN(pieceMax))
		h.Write(body[:n])
		body = body[n:]
	}
}

func TestHashEqualsOneShotDigests(t *testing.T) {
	rng := newRand(t)
	for _, size := range []int{0, 1, 63, 64, 65, BlockBytes - 1, BlockBytes, BlockBytes + 1, 3*BlockBytes + 17} {
		for _, pieceMax := range []int{1000, BlockBytes, 4 * BlockBytes} {
			for _, withSHA512 := range []bool{false, true} {
				body := randomBytes(rng, size)
				h := New(withSHA512)
				writePieces(h, rng, body, pieceMax)
				require.Equal(t, wantDigests(body, withSHA512), h.Sum(), "size %d, pieces %d", size, pieceMax)
				h.Release()
			}
		}
	}
}

func TestSumIsOfWhatWasWrittenSoFar(t *testing.T) {
	body := randomBytes(newRand(t), BlockBytes+100)
	h := New(true)
	defer h.Release()
	h.Write(body[:50])
	require.Equal(t, wantDigests(body[:50], true), h.Sum())
	h.Write(body[50:])
	require.Equal(t, wantDigests(body, true), h.Sum())
}

func TestWriteAllocatesNothing(t *testing.T) {
	h := New(false)
	defer h.Release()
	piece := make([]byte, BlockBytes)
	h.blocks = make([]uint64, 0, 1000)
	// The race detector allocates for each goroutine.
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { h.Write(piece) }), 1.0)
}

// The MD5 goes on apart after any number of bytes, and the Hash goes on too.
func TestMD5GoesOn(t *testing.T) {
	body := make([]byte, 3*BlockBytes+100)
	for i := range body {
		body[i] = byte(i * 7)
	}
	for _, n := range []int{0, 1, 63, 64, 65, 1000, BlockBytes, BlockBytes + 1, 2 * BlockBytes} {
		h := New(false)
		h.Write(body[:n])
		apart := h.MD5()
		apart.Write(body[n:])
		h.Write(body[n:])
		if want := md5.Sum(body); !bytes.Equal(apart.Sum(nil), want[:]) || h.Sum().MD5 != hex.EncodeToString(want[:]) {
			t.Errorf("after %d bytes: %x, %s, want %x", n, apart.Sum(nil), h.Sum().MD5, want)
		}
		h.Release()
	}
}
