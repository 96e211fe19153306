// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/checksum"
)

// survey gives the numbers of the damaged blocks of a file, -1 for its padding.
func survey(t *testing.T, path string) (blocks int64, damaged []int64) {
	t.Helper()
	r, _, err := OpenPath(vfs.Default, path)
	require.NoError(t, err)
	defer r.Close()
	blocks, err = r.Survey(func(c *CorruptError) error {
		damaged = append(damaged, c.Block)
		return nil
	})
	require.NoError(t, err)
	return blocks, damaged
}

func TestSurveyFindsAllDamage(t *testing.T) {
	d := openDevice(t)
	id, path := storedFile(t, d, randomBytes(newRand(t), 6*checksum.BlockBytes+100))
	moved := filepath.Join(t.TempDir(), "any name")
	require.NoError(t, os.Rename(path, moved))
	r, own, err := OpenPath(vfs.Default, moved)
	require.NoError(t, err)
	require.Equal(t, id, own)
	blocks, damaged := survey(t, moved)
	require.Equal(t, int64(7), blocks)
	require.Empty(t, damaged)

	content, err := os.ReadFile(moved)
	require.NoError(t, err)
	for _, at := range []int{0, 3*checksum.BlockBytes - 1, 6*checksum.BlockBytes + 99, 6*checksum.BlockBytes + 100} {
		content[at] ^= 1
	}
	require.NoError(t, os.WriteFile(moved, content, 0o600))
	blocks, damaged = survey(t, moved)
	require.Equal(t, int64(7), blocks)
	require.Equal(t, []int64{0, 2, 6, -1}, damaged)

	stop := errors.New("stop")
	_, err = r.Survey(func(*CorruptError) error { return stop })
	require.ErrorIs(t, err, stop)
	require.NoError(t, r.Close())
}

func TestOpenPathErrors(t *testing.T) {
	d := openDevice(t)
	_, path := storedFile(t, d, randomBytes(newRand(t), 5000))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damage := range map[string]func([]byte) []byte{
		"empty":   func([]byte) []byte { return nil },
		"short":   func(b []byte) []byte { return b[:trailerBytes-1] },
		"cut":     func(b []byte) []byte { return b[4096:] },
		"trailer": func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
		"footer":  func(b []byte) []byte { b[8192+50] ^= 1; return b },
	} {
		require.NoError(t, os.WriteFile(path, damage(append([]byte(nil), content...)), 0o600))
		_, _, err := OpenPath(vfs.Default, path)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
	_, _, err = OpenPath(vfs.Default, path+"x")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
