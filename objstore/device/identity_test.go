// SPDX-License-Identifier: Apache-2.0

package device

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
)

func TestIdentity(t *testing.T) {
	fs, want := memFS(1, 1), Identity{Store: "aa", Index: 7}
	require.ErrorIs(t, Identify(fs, "/disk", want), ErrUnformatted)
	require.NoError(t, Format(fs, "/disk", want))
	require.NoError(t, Format(fs, "/disk", want), "again")
	require.NoError(t, Identify(fs, "/disk", want))
	require.NoError(t, Identify(crash(fs), "/disk", want), "it is durable")
	for _, other := range []Identity{{Store: "ab", Index: 7}, {Store: "aa", Index: 8}, {}} {
		require.ErrorIs(t, Identify(fs, "/disk", other), ErrForeign)
		require.ErrorIs(t, Format(fs, "/disk", other), ErrForeign, "a disk is not taken over")
	}
	require.NoError(t, Identify(fs, "/disk", want))
}

// Any change of the file is seen.
func TestDamagedIdentity(t *testing.T) {
	want := Identity{Store: "aa", Index: 7}
	for _, content := range []string{"", "{}", "null", `{"format":1,"store":"aa","device":7}`,
		`{"format":2,"store":"aa","device":7,"sum":"0000000000000000"}`} {
		fs := memFS(1, 1)
		open(t, fs, "/disk")
		f, err := fs.Create("/disk/"+identityName, vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = f.Write([]byte(content))
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.ErrorIs(t, Identify(fs, "/disk", want), ErrForeign, content)
	}
}

func FuzzParseIdentity(f *testing.F) {
	f.Add([]byte(`{"format":1,"store":"aa","device":7,"sum":"0000000000000000"}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		id, err := parseIdentity(p)
		if err != nil {
			require.ErrorIs(t, err, ErrForeign)
			return
		}
		require.NotEmpty(t, id.file().Sum)
	})
}
