package checksum

import (
	"crypto/md5"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
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

// holdPlain makes every Hash that is taken during the test want a lane.
func holdPlain(t *testing.T) {
	for range lanesFrom - 1 {
		h := New(false)
		t.Cleanup(h.Release)
	}
}

// A lane that is taken again is empty, wherever its last stream ended.
func TestLanesAreUsedAgain(t *testing.T) {
	holdPlain(t)
	rng := newRand(t)
	body := randomBytes(rng, BlockBytes+5)
	for range 4 * lanesMax {
		h := New(false)
		size := 1 + rng.IntN(len(body)-1)
		writePieces(h, rng, body[:size], 50_000)
		require.NotNil(t, h.lane)
		if rng.IntN(2) == 0 {
			require.Equal(t, wantDigests(body[:size], false), h.Sum())
		}
		h.Release()
	}
}

// More streams than lanes at once, some of them given up half-way: a lane that
// is taken again must be empty.
func TestManyStreamsAtOnce(t *testing.T) {
	holdPlain(t)
	rng := newRand(t)
	body := randomBytes(rng, 2*BlockBytes+5)
	want := wantDigests(body, false)
	errs := make(chan error, 4*lanesMax)
	for range 3 {
		var wg sync.WaitGroup
		for i := range 2 * lanesMax {
			rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
			wg.Go(func() {
				h := New(false)
				defer h.Release()
				if i%3 == 0 {
					writePieces(h, rng, body[:BlockBytes+rng.IntN(1000)], 5000)
					return
				}
				writePieces(h, rng, body, 100_000)
				if got := h.Sum(); got.MD5 != want.MD5 || !slices.Equal(got.Blocks, want.Blocks) {
					errs <- fmt.Errorf("stream %d: %s, not %s", i, got.MD5, want.MD5)
				}
			})
		}
		wg.Wait()
	}
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	require.EqualValues(t, lanesFrom-1, inFlight.Load())
	require.Len(t, freeLanes(), lanesMax)
}

func TestStreamsTakeLanesFromTheLimit(t *testing.T) {
	var all []*Hash
	release := func() {
		for _, h := range all {
			h.Release()
		}
		all = nil
	}
	for i := range lanesFrom + lanesMax {
		h := New(false)
		all = append(all, h)
		h.Write([]byte("x"))
		require.Equal(t, i >= lanesFrom-1 && i < lanesFrom-1+lanesMax, h.lane != nil, "stream %d", i)
	}
	release()
	// Those that begin together all take one.
	for range lanesFrom {
		all = append(all, New(false))
	}
	for i, h := range all {
		h.Write([]byte("x"))
		require.NotNil(t, h.lane, "stream %d of those that began together", i)
	}
	release()
}

func TestWriteAllocatesNothing(t *testing.T) {
	h := New(false)
	defer h.Release()
	piece := make([]byte, BlockBytes)
	h.blocks = make([]uint64, 0, 1000)
	require.Zero(t, testing.AllocsPerRun(100, func() { h.Write(piece) }))
}
