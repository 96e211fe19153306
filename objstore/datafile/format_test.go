// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// mustFooter encodes f with the digests of no body.
func mustFooter(t testing.TB, f Footer) []byte {
	f.Info.ETag = "d41d8cd98f00b204e9800998ecf8427e"
	p, err := appendFooter(nil, &f, make([]uint64, blockCount(f.StoredBytes())))
	require.NoError(t, err)
	return p
}

// The bytes on the disk do not change between versions of the program.
func TestFormatIsStable(t *testing.T) {
	d, id := openDevice(t), device.ID{1, 2, 3}
	w, err := Create(d, id, WriterOptions{SizeHintBytes: -1, SHA512: true})
	require.NoError(t, err)
	_, err = w.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, w.Finish(sampleFooter()))
	content, err := os.ReadFile(d.Dir() + "/data/01/02/01020300000000000000000000000000")
	require.NoError(t, err)
	sum := md5.Sum(content)
	require.Equal(t, "cbcdc53ce930dd7af7c87caa51734ce2", hex.EncodeToString(sum[:]))
}

func TestUnknownVersion(t *testing.T) {
	p := appendTrailer(nil, device.ID{}, trailer{footerBytes: 200})
	p[8] = 3
	binary.LittleEndian.PutUint64(p[56:], checksum.Block(p[:56]))
	_, err := parseTrailer(p, device.ID{}, device.AlignBytes)
	require.ErrorIs(t, err, ErrVersion)
	require.NotErrorIs(t, err, ErrCorrupt)
}

// Bytes that are taken for a footer are what its values are written as.
func FuzzParseFooter(f *testing.F) {
	f.Add(mustFooter(f, Footer{}))
	f.Add(mustFooter(f, sampleFooter()))
	long := sampleFooter()
	long.Info.SizeBytes = 3*checksum.BlockBytes + 1
	f.Add(mustFooter(f, long))
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Add(mustFooter(f, Footer{Fragment: Fragment{SizeBytes: 5, ShardBytes: checksum.BlockBytes, Data: 4, Parity: 2, Slot: 5}}))
	f.Fuzz(func(t *testing.T, p []byte) {
		footer, sums, err := parseFooter(p)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		blocks := make([]uint64, len(sums)/8)
		for i := range blocks {
			blocks[i] = sums.at(int64(i))
		}
		again, err := appendFooter(nil, &footer, blocks)
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

// A file of any content is read to its end or refused. The checksums of the
// trailer and the footer are put right, so that what is behind them is reached.
func FuzzFile(f *testing.F) {
	d, id := openDevice(f), device.ID{9}
	require.NoError(f, store(f, d, id, bytes.NewReader([]byte("hello")), WriterOptions{SizeHintBytes: -1}))
	content, err := os.ReadFile(d.Dir() + "/data/09/00/09000000000000000000000000000000")
	require.NoError(f, err)
	f.Add(content, false)
	f.Add(content, true)
	f.Add(content[:4096], false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, p []byte, mend bool) {
		p = bytes.Clone(p)
		if end := len(p) - trailerBytes; mend && end >= 0 {
			if off := binary.LittleEndian.Uint64(p[end+16:]); off <= uint64(end) {
				binary.LittleEndian.PutUint64(p[end+32:], checksum.Block(p[off:end]))
			}
			binary.LittleEndian.PutUint64(p[end+56:], checksum.Block(p[end:end+56]))
		}
		r := &Reader{file: vfs.NewMemFile(p)}
		if r.readTail(id) != nil {
			return
		}
		n, err := io.Copy(io.Discard, r.Range(0, r.SizeBytes()))
		require.True(t, err != nil || n == r.SizeBytes())
	})
}
