// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goldenHeader is the header of fragment 5 of 1000 bytes, liberasurecode_rs_vand
// 4+2, as liberasurecode 1.6.2 wrote the header.
var goldenHeader = "05000000" + "fa000000" + "00000000" + "e803000000000000" + "01" + strings.Repeat("00", 32) + "00" +
	"06" + "00000100" + "cc5e0c0b" + "02060100" + "267c7bd4" + strings.Repeat("00", 9)

func goldenHeaderBytes(t testing.TB) []byte {
	b, err := hex.DecodeString(goldenHeader)
	require.NoError(t, err)
	require.Len(t, b, HeaderBytes)
	return b
}

func TestGoldenHeader(t *testing.T) {
	b := goldenHeaderBytes(t)
	want := Header{Index: 5, PayloadBytes: 250, SegmentBytes: 1000, Backend: 6, BackendVersion: 0x10000, LibraryVersion: 0x10602, checksumKind: checksumNone}
	got, err := ParseHeader(b)
	require.NoError(t, err)
	require.Equal(t, want, got)
	written := bytes.Repeat([]byte{0xff}, HeaderBytes)
	got.put(written)
	require.Equal(t, b, written)
}

// seal gives a header the CRC that sum computes.
func seal(b []byte, order binary.ByteOrder, sum func([]byte) uint32) []byte {
	order.PutUint32(b[crcAt:], sum(b[:magicAt]))
	return b
}

// swapped is the header that a machine of the other byte order writes.
func swapped(b []byte, sum func([]byte) uint32) []byte {
	s := slices.Clone(b)
	for _, at := range []int{indexAt, payloadBytesAt, metadataBytesAt, backendVersionAt, magicAt, libraryVersionAt} {
		slices.Reverse(s[at : at+4])
	}
	slices.Reverse(s[segmentBytesAt : segmentBytesAt+8])
	for at := checksumAt; at < mismatchAt; at += 4 {
		slices.Reverse(s[at : at+4])
	}
	return seal(s, binary.BigEndian, sum)
}

func TestHeaderOfTheOtherByteOrder(t *testing.T) {
	want, err := ParseHeader(goldenHeaderBytes(t))
	require.NoError(t, err)
	want.Swapped = true
	for _, sum := range []func([]byte) uint32{crc32.ChecksumIEEE, legacyCRC} {
		b := swapped(goldenHeaderBytes(t), sum)
		got, err := ParseHeader(b)
		require.NoError(t, err)
		require.Equal(t, want, got)
		b[indexAt]++
		_, err = ParseHeader(b)
		require.ErrorIs(t, err, ErrHeader)
	}
}

// Each bit before the padding matters, except in a header without a CRC.
func TestDamagedHeaderIsRefused(t *testing.T) {
	b := goldenHeaderBytes(t)
	for bit := range 8 * paddingAt {
		b[bit/8] ^= 1 << (bit % 8)
		_, err := ParseHeader(b)
		if at := bit / 8; at >= libraryVersionAt && at < crcAt {
			require.NoError(t, err, "bit %d", bit) // still a version with a CRC
		} else {
			require.ErrorIs(t, err, ErrHeader, "bit %d", bit)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
	for n := range HeaderBytes {
		_, err := ParseHeader(b[:n])
		require.ErrorIs(t, err, ErrHeader)
	}
}

func TestVersionOfTheLibrary(t *testing.T) {
	b := goldenHeaderBytes(t)
	b[indexAt] = 3 // the CRC is wrong now
	f := func(version uint32, sound bool) {
		t.Helper()
		binary.LittleEndian.PutUint32(b[libraryVersionAt:], version)
		if _, err := ParseHeader(b); sound {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrHeader)
		}
	}
	f(0, false)
	f(1, true)
	f(libraryWithCRC-1, true)
	f(libraryWithCRC, false)
	f(libraryVersion, false)
	seal(b, binary.LittleEndian, legacyCRC)
	f(libraryVersion, true)
	seal(b, binary.LittleEndian, crc32.ChecksumIEEE)
	f(libraryVersion, true)
	f(0, false)
}

func FuzzParseHeader(f *testing.F) {
	b := goldenHeaderBytes(f)
	f.Add(b)
	f.Add(swapped(b, crc32.ChecksumIEEE))
	f.Add(seal(slices.Clone(b), binary.LittleEndian, legacyCRC))
	f.Add(b[:HeaderBytes-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			require.ErrorIs(t, err, ErrHeader)
			return
		}
		if h.Swapped || h.LibraryVersion < libraryWithCRC {
			return
		}
		written := make([]byte, HeaderBytes)
		h.put(written)
		again, err := ParseHeader(written)
		require.NoError(t, err)
		h.LibraryVersion, h.backendMetadataBytes, h.checksumKind, h.checksum = libraryVersion, 0, checksumNone, 0
		require.Equal(t, h, again)
	})
}
