// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCopyTests(t *testing.T) {
	source, work := t.TempDir(), t.TempDir()
	require.ErrorContains(t, copyTests(source, work), "no tests of Swift")
	for _, name := range []string{"swift/__init__.py", "test/__init__.py", "test/probe/__init__.py", "test/probe/test_a.py", "test/unit/test_b.py"} {
		path := filepath.Join(source, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(name), 0o644))
	}
	require.NoError(t, copyTests(source, work))
	text, err := os.ReadFile(filepath.Join(work, "test", "probe", "test_a.py"))
	require.NoError(t, err)
	require.Equal(t, "test/probe/test_a.py", string(text))
	require.FileExists(t, filepath.Join(work, "fast_start.py"))
	require.FileExists(t, filepath.Join(work, "nose.py"))
	require.NoDirExists(t, filepath.Join(work, "swift"), "a Swift beside the tests would be taken in place of the cluster's")
}

func TestProbeArguments(t *testing.T) {
	fast := probeArguments("/w", []string{"test_a.py"}, "", false)
	require.Contains(t, fast, "fast_start")
	require.Equal(t, "/w/test/probe/test_a.py", fast[len(fast)-1])
	plain := probeArguments("/w", []string{"test_a.py", "test_b.py"}, "not slow", true)
	require.NotContains(t, plain, "fast_start")
	require.Subset(t, plain, []string{"-k", "not slow"})
	require.Equal(t, "b:c", pythonPath([]string{"PYTHONPATH=a", "X=y", "PYTHONPATH=b:c"}))
	require.Empty(t, pythonPath(nil))
}

func TestWrongCommands(t *testing.T) {
	for _, args := range [][]string{nil, {"sideways"}, {"status", "-dir", t.TempDir()}, {"up", "-policy", "copper"}, {"probe", "-sideways"}} {
		require.Error(t, cluster(t.Context(), args), args)
	}
}
