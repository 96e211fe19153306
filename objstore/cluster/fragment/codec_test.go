// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newRand(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func newCodec(t testing.TB, ecType string, data, parity int) *Codec {
	c, err := New(ecType, data, parity)
	require.NoError(t, err)
	return c
}

func encode(t testing.TB, c *Codec, segment []byte) [][]byte {
	fragments := make([][]byte, c.Data()+c.Parity())
	require.NoError(t, c.Encode(segment, fragments))
	return fragments
}

// Any k of k+m fragments, in any order, give the segment and every fragment.
func TestAnyFragmentsSuffice(t *testing.T) {
	rng := newRand(t)
	for _, ecType := range Types() {
		for data := 1; data <= 12; data++ {
			for parity := 1; parity <= 4; parity++ {
				c := newCodec(t, ecType, data, parity)
				for range 3 {
					checkRandomLoss(t, rng, c)
				}
			}
		}
	}
}

func checkRandomLoss(t *testing.T, rng *rand.Rand, c *Codec) {
	segment := randomBytes(rng, 1+rng.IntN(40*c.Data()*(1+rng.IntN(50))))
	fragments := encode(t, c, segment)
	kept := rng.Perm(len(fragments))[:c.Data()+rng.IntN(c.Parity()+1)]
	var given [][]byte
	for _, i := range kept {
		given = append(given, fragments[i])
		if rng.IntN(5) == 0 {
			given = append(given, nil, fragments[i])
		}
	}
	before := []byte("before")
	got, err := c.Decode(given, bytes.Clone(before))
	require.NoError(t, err, "%s, %d bytes from %v", c.Scheme(), len(segment), kept)
	require.True(t, bytes.Equal(append(before, segment...), got), "%s, %d bytes from %v", c.Scheme(), len(segment), kept)
	for i, want := range fragments {
		got, err := c.Reconstruct(given, i, []byte("before"))
		require.NoError(t, err, "%s, %d from %v", c.Scheme(), i, kept)
		require.True(t, bytes.Equal(append([]byte("before"), want...), got), "%s, %d from %v", c.Scheme(), i, kept)
	}
}

func TestTooFewFragments(t *testing.T) {
	for _, ecType := range Types() {
		c := newCodec(t, ecType, 4, 2)
		fragments := encode(t, c, []byte("some bytes of a segment"))
		few := slices.Concat(fragments[:2], fragments[:2], fragments[5:], [][]byte{nil, {}})
		_, err := c.Decode(few, nil)
		require.ErrorIs(t, err, ErrTooFew)
		_, err = c.Reconstruct(few, 3, nil)
		require.ErrorIs(t, err, ErrTooFew)
		_, err = c.Decode(nil, nil)
		require.ErrorIs(t, err, ErrTooFew)
	}
}

func TestEmptySegmentHasNoFragments(t *testing.T) {
	c := newCodec(t, "liberasurecode_rs_vand", 4, 2)
	fragments := [][]byte{0: []byte("old"), 5: nil}
	require.NoError(t, c.Encode(nil, fragments))
	for _, f := range fragments {
		require.Empty(t, f)
	}
	require.Zero(t, c.FragmentBytes(0))
}

func TestNew(t *testing.T) {
	f := func(ecType string, data, parity int, want error) {
		t.Helper()
		c, err := New(ecType, data, parity)
		require.ErrorIs(t, err, want)
		if want == nil {
			require.Equal(t, data, c.Data())
		}
	}
	f("liberasurecode_rs_vand", 1, 1, nil)
	f("isa_l_rs_cauchy", 200, 56, nil)
	f("isa_l_rs_cauchy", 200, 57, ErrShape)
	f("isa_l_rs_vand", 0, 2, ErrShape)
	f("isa_l_rs_vand", 2, 0, ErrShape)
	f("isa_l_rs_vand", math.MaxInt, math.MaxInt, ErrShape)
	f("jerasure_rs_cauchy", 4, 2, ErrType)
	f("", 4, 2, ErrType)
	_, err := New("flat_xor_hd_3", 10, 5)
	require.ErrorContains(t, err, `"flat_xor_hd_3"`)
	require.Equal(t, "isa_l_rs_vand 4+2", newCodec(t, "isa_l_rs_vand", 4, 2).Scheme())
}

func TestBuffersAreBounded(t *testing.T) {
	c := newCodec(t, "isa_l_rs_vand", 4, 2)
	require.ErrorIs(t, c.Encode([]byte("a"), make([][]byte, 5)), ErrShape)
	require.ErrorIs(t, c.Encode([]byte("a"), make([][]byte, 7)), ErrShape)
	for _, index := range []int{-1, 6} {
		_, err := c.Reconstruct(encode(t, c, []byte("a")), index, nil)
		require.ErrorIs(t, err, ErrShape)
	}
}

// isa_l_rs_vand is not MDS with many parity fragments. Parity 17 multiplies data
// 0 and data 15 by (2^17)^0 = (2^17)^15 = 1, as parity 0 does: the two parity
// fragments know the same of the two data fragments.
func TestFragmentsThatDoNotDetermineTheSegment(t *testing.T) {
	c := newCodec(t, "isa_l_rs_vand", 16, 18)
	segment := randomBytes(newRand(t), 3000)
	fragments := encode(t, c, segment)
	given := append(slices.Clone(fragments[1:15]), fragments[16], fragments[33])
	_, err := c.Decode(given, nil)
	require.ErrorIs(t, err, ErrTooFew)
	_, err = c.Reconstruct(given, 0, nil)
	require.ErrorIs(t, err, ErrTooFew)
	given[15] = fragments[32]
	got, err := c.Decode(given, nil)
	require.NoError(t, err)
	require.Equal(t, segment, got)
}

// A fragment that is not sound is refused by its position.
func TestUnsoundFragmentsAreRefused(t *testing.T) {
	c := newCodec(t, "liberasurecode_rs_vand", 4, 2)
	change := func(at int, to ...byte) func([]byte) []byte {
		return func(f []byte) []byte {
			copy(f[at:], to)
			return seal(f, binary.LittleEndian, crc32.ChecksumIEEE)
		}
	}
	f := func(name string, damage func([]byte) []byte, want error) {
		t.Helper()
		fragments := encode(t, c, []byte("the bytes of a segment"))
		fragments[3] = damage(fragments[3])
		_, err := c.Decode(fragments, nil)
		require.ErrorIs(t, err, want, name)
		var refused *RefusedError
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, 3, refused.Position, name)
		_, err = c.Reconstruct(fragments, 0, nil)
		require.ErrorIs(t, err, want, name)
		_, err = c.Decode(append(fragments[:3:3], fragments[4:]...), nil)
		require.NoError(t, err, name)
	}
	f("a flipped bit", func(f []byte) []byte { f[0] ^= 4; return f }, ErrHeader)
	f("index", change(indexAt, 6), ErrForeign)
	f("a huge index", change(indexAt, 0xff, 0xff, 0xff, 0xff), ErrForeign)
	f("another type", change(backendAt, 1), ErrForeign)
	f("another version", change(backendVersionAt, 1), ErrForeign)
	f("metadata", change(metadataBytesAt, 1), ErrForeign)
	f("the other byte order", func(f []byte) []byte {
		return append(swapped(f[:HeaderBytes], crc32.ChecksumIEEE), f[HeaderBytes:]...)
	}, ErrForeign)
	f("cut", func(f []byte) []byte { return f[:len(f)-1] }, ErrLength)
	f("long", func(f []byte) []byte { return append(f, 0) }, ErrLength)
	f("no payload", func(f []byte) []byte { return f[:HeaderBytes] }, ErrLength)
	f("length of the payload", change(payloadBytesAt, 5), ErrLength)
	f("nothing at all", func(f []byte) []byte {
		binary.LittleEndian.PutUint32(f[payloadBytesAt:], 0)
		return change(segmentBytesAt, 0)(f)[:HeaderBytes]
	}, ErrLength)
	f("no segment", change(segmentBytesAt, 0), ErrLength)
	f("length of the segment", change(segmentBytesAt, 1), ErrLength)
	f("a huge segment", change(segmentBytesAt, 1, 0, 0, 0, 0, 0, 0, 0x80), ErrLength)
	f("another segment", change(segmentBytesAt, 23), ErrMixed)
	f("wrong checksum", change(checksumKindAt, checksumCRC32), ErrChecksum)
}

// A header may have the CRC-32 of the payload: of zlib, or of old libraries.
func TestChecksumOfThePayload(t *testing.T) {
	c := newCodec(t, "liberasurecode_rs_vand", 2, 1)
	for _, sum := range []func([]byte) uint32{crc32.ChecksumIEEE, legacyCRC} {
		f := encode(t, c, []byte{0xff, 0xfe, 0xfd, 0xfc})[0]
		f[checksumKindAt] = checksumCRC32
		binary.LittleEndian.PutUint32(f[checksumAt:], sum(f[HeaderBytes:]))
		_, err := c.Check(seal(f, binary.LittleEndian, sum))
		require.NoError(t, err)
		f[HeaderBytes] ^= 1
		_, err = c.Check(f)
		require.ErrorIs(t, err, ErrChecksum)
	}
}

func TestPlansAreBounded(t *testing.T) {
	rng := newRand(t)
	c := newCodec(t, "liberasurecode_rs_vand", 6, 4)
	segment := randomBytes(rng, 100)
	fragments := encode(t, c, segment)
	for i := range 3 * plansMax {
		given := slices.Clone(fragments)
		for _, lost := range rng.Perm(10)[:4] {
			given[lost] = nil
		}
		got, err := c.Decode(given, nil)
		require.NoError(t, err)
		require.Equal(t, segment, got)
		require.LessOrEqual(t, len(c.plans.plans), min(i+1, plansMax))
	}
	require.Len(t, c.plans.plans, plansMax)
}

// Buffers of the caller are used again, and nothing is allocated for a segment.
func TestBuffersAreUsedAgain(t *testing.T) {
	c := newCodec(t, "liberasurecode_rs_vand", 4, 2)
	segment := randomBytes(newRand(t), 9_997)
	fragments := encode(t, c, segment)
	want := slices.Clone(fragments)
	sum := goldenSum(fragments)
	for _, f := range fragments {
		copy(f, segment)
	}
	dst := make([]byte, 0, 10_008)
	allocs := testing.AllocsPerRun(50, func() {
		if err := c.Encode(segment, fragments); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Decode(fragments[2:], dst); err != nil {
			t.Fatal(err)
		}
	})
	require.Less(t, allocs, 6.0) // under the race detector, pools lose what they hold
	require.Equal(t, sum, goldenSum(fragments))
	require.Equal(t, segment, dst[:len(segment)])
	for i := range want {
		require.Same(t, &want[i][0], &fragments[i][0])
	}
}

// A Codec is used by many requests at once.
func TestConcurrentUse(t *testing.T) {
	for _, ecType := range Types() {
		c := newCodec(t, ecType, 5, 3)
		for i := range 4 {
			t.Run(fmt.Sprint(ecType, i), func(t *testing.T) {
				t.Parallel()
				rng := newRand(t)
				for range 20 {
					checkRandomLoss(t, rng, c)
				}
			})
		}
	}
}

// FuzzDecode damages fragments: no panic, and no bytes but for fragments that
// are sound.
func FuzzDecode(f *testing.F) {
	var codecs []*Codec
	for kind, ecType := range Types() {
		c := newCodec(f, ecType, 3, 2)
		codecs = append(codecs, c)
		all := bytes.Join(encode(f, c, []byte("the bytes of a segment")), nil)
		f.Add(uint8(kind), all)
		f.Add(uint8(kind), all[:3*len(all)/5])
		f.Add(uint8(kind), all[2*len(all)/5:])
	}
	f.Fuzz(func(t *testing.T, kind uint8, all []byte) {
		c := codecs[int(kind)%len(codecs)]
		fragments := make([][]byte, 5)
		for i := range fragments {
			fragments[i] = all[i*len(all)/5 : (i+1)*len(all)/5]
		}
		segment, err := c.Decode(fragments, nil)
		if err != nil {
			return
		}
		require.Len(t, fragments[0], c.FragmentBytes(len(segment)))
		for i := range fragments {
			_, err := c.Reconstruct(fragments, i, nil)
			require.NoError(t, err)
		}
	})
}
