// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// storedFile stores body and gives the path of its file.
func storedFile(t *testing.T, d *device.Device, body []byte) (device.ID, string) {
	id := device.NewID()
	require.NoError(t, store(t, d, id, bytes.NewReader(body), WriterOptions{SizeHintBytes: -1}))
	name := id.String()
	return id, filepath.Join(d.Dir(), "data", name[:2], name[2:4], name)
}

// A flipped bit in any byte of a file is found: data and padding (every fifth
// byte), footer and trailer (each).
func TestEveryByteIsCovered(t *testing.T) {
	rng := newRand(t)
	d := openDevice(t)
	id, path := storedFile(t, d, randomBytes(rng, 5000))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, content, 3*device.AlignBytes)
	for i, b := range content {
		if i < 2*device.AlignBytes && i%5 != 0 {
			continue
		}
		_, err := f.WriteAt([]byte{b ^ 1<<rng.IntN(8)}, int64(i))
		require.NoError(t, err)
		require.ErrorIs(t, Verify(d, id), ErrCorrupt, "byte %d", i)
		_, err = f.WriteAt([]byte{b}, int64(i))
		require.NoError(t, err)
	}
	require.NoError(t, Verify(d, id))
}

func TestDamagedBlockGivesNoByte(t *testing.T) {
	rng := newRand(t)
	d := openDevice(t)
	body := randomBytes(rng, 6*checksum.BlockBytes+100)
	id, path := storedFile(t, d, body)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	for block := range int64(7) {
		at := block*checksum.BlockBytes + int64(rng.IntN(100))
		_, err := f.WriteAt([]byte{body[at] ^ 0x10}, at)
		require.NoError(t, err)

		r, err := Open(d, id)
		require.NoError(t, err)
		x := r.Range(0, r.SizeBytes())
		got, err := io.ReadAll(x)
		var damage *CorruptError
		require.ErrorAs(t, err, &damage)
		require.Equal(t, block, damage.Block)
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorIs(t, err, objstore.KindCorrupt)
		require.NotContains(t, err.Error(), d.Dir())
		require.LessOrEqual(t, int64(len(got)), block*checksum.BlockBytes)
		require.True(t, bytes.HasPrefix(body, got))
		_, again := x.Read(make([]byte, 1))
		require.Equal(t, err, again, "the range stays failed")

		healthy, err := io.ReadAll(r.Range(0, block*checksum.BlockBytes))
		require.NoError(t, err, "the blocks before it can be read")
		require.Len(t, healthy, int(block)*checksum.BlockBytes)
		require.NoError(t, r.Close())

		_, err = f.WriteAt(body[at:at+1], at)
		require.NoError(t, err)
	}
}

func TestWrongLengthIsFound(t *testing.T) {
	d := openDevice(t)
	id, path := storedFile(t, d, make([]byte, checksum.BlockBytes+1))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, n := range []int{0, 1, 63, 64, 4095, 4096, checksum.BlockBytes, len(content) - 4096, len(content) - 1} {
		require.NoError(t, os.WriteFile(path, content[:n], 0o600))
		require.ErrorIs(t, Verify(d, id), ErrCorrupt, "cut to %d", n)
	}
	for _, tail := range [][]byte{{0}, make([]byte, 4096), content[len(content)-4096:]} {
		require.NoError(t, os.WriteFile(path, append(bytes.Clone(content), tail...), 0o600))
		require.ErrorIs(t, Verify(d, id), ErrCorrupt, "longer by %d", len(tail))
	}
}

// A file that is intact but lies under another's name is not taken for it.
func TestMisplacedFileIsFound(t *testing.T) {
	d := openDevice(t)
	_, from := storedFile(t, d, []byte("one"))
	id, to := storedFile(t, d, []byte("two"))
	require.NoError(t, os.Rename(from, to))
	require.ErrorIs(t, Verify(d, id), ErrCorrupt)
}

func TestMissingFile(t *testing.T) {
	_, err := Open(openDevice(t), device.NewID())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NotErrorIs(t, err, ErrCorrupt)
}

// A file that is cut while it is open gives an error, not a short body.
func TestFileCutWhileOpen(t *testing.T) {
	d := openDevice(t)
	id, path := storedFile(t, d, make([]byte, 4*checksum.BlockBytes))
	r, err := Open(d, id)
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, os.Truncate(path, 3*checksum.BlockBytes+5))
	got, err := io.ReadAll(r.Range(0, r.SizeBytes()))
	require.ErrorIs(t, err, ErrCorrupt)
	require.LessOrEqual(t, len(got), 3*checksum.BlockBytes)
}
