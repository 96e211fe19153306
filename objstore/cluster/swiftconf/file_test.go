// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.conf")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write("[DEFAULT]\nhome = /x\n[b]\nUser_A = %(home)s/a\n[a]\nlist = 1\n  2\n")
	for keepCase, name := range map[bool]string{true: "User_A", false: "user_a"} {
		f, err := ReadFile(path, keepCase)
		require.NoError(t, err)
		require.Equal(t, []string{"b", "a"}, f.Sections())
		require.True(t, f.Has("a"))
		require.False(t, f.Has("c"))
		options, err := f.Options("b")
		require.NoError(t, err)
		require.Equal(t, map[string]string{"home": "/x", name: "/x/a"}, options)
		options, err = f.Options("a")
		require.NoError(t, err)
		require.Equal(t, "1\n2", options["list"])
	}
	write("[b]\nx = %(none)s\n")
	f, err := ReadFile(path, true)
	require.NoError(t, err)
	_, err = f.Options("b")
	require.ErrorIs(t, err, ErrSyntax)
	write("x = 1\n")
	_, err = ReadFile(path, true)
	require.ErrorIs(t, err, ErrSyntax)
	require.ErrorContains(t, err, path)
	_, err = ReadFile(path+".none", true)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// With the case kept, options that differ by case alone are two.
func TestCaseOfOptions(t *testing.T) {
	const text = "[a]\nx = 1\nX = 2\n"
	_, err := parseSections(text, false)
	require.ErrorIs(t, err, ErrSyntax)
	f, err := parseSections(text, true)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"x": "1", "X": "2"}, f.sections["a"])
}
