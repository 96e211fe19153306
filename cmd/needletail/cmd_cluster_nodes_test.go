// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// clusterConf is a swift.conf with two policies.
const clusterConf = `[swift-hash]
swift_hash_path_prefix = changeme
swift_hash_path_suffix = too-much

[storage-policy:0]
name = gold
default = yes

[storage-policy:1]
name = silver
aliases = grey
`

// goldenSwiftDir has rings that Swift's own builder wrote.
func goldenSwiftDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range map[string]string{"account": "three-zones", "container": "ipv6", "object": "fraction-and-holes", "object-1": "ipv6"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "ring", "testdata", from+".ring.gz"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".ring.gz"), data, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(clusterConf), 0o600))
	return dir
}

// TestClusterNodes: the output is what swift-get-nodes of Swift 2.30.1 prints
// for the same folder, letter for letter.
func TestClusterNodes(t *testing.T) {
	dir := goldenSwiftDir(t)
	for golden, args := range map[string][]string{
		"account":    {"AUTH_test"},
		"container":  {"/AUTH_test/ü c"},
		"object":     {"AUTH_test", "c", "a/b c"},
		"object-all": {"-a", "-P", "Grey", "AUTH_test/c/50%?#\"'~é"},
	} {
		t.Run(golden, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", "clusternodes", golden+".txt"))
			require.NoError(t, err)
			got, code := runCommand(t, append([]string{"cluster", "nodes", "--swift-dir", dir}, args...)...)
			require.Zero(t, code, got)
			require.Equal(t, string(want), got)
		})
	}
}

// TestClusterNodesPolicies: the default policy, and folders of a policy with a
// number.
func TestClusterNodesPolicies(t *testing.T) {
	dir := goldenSwiftDir(t)
	byDefault, _ := runCommand(t, "cluster", "nodes", "--swift-dir", dir, "a/c/o")
	gold, _ := runCommand(t, "cluster", "nodes", "--swift-dir", dir, "a/c/o", "--policy", "gold")
	require.Equal(t, gold, byDefault)
	silver, _ := runCommand(t, "cluster", "nodes", "--swift-dir", dir, "a/c/o", "--policy", "silver")
	require.Contains(t, silver, "/objects-1/")
	require.Contains(t, silver, `-H "X-Backend-Storage-Policy-Index: 1"`)
}

func TestClusterNodesFaults(t *testing.T) {
	dir := goldenSwiftDir(t)
	for _, c := range []struct {
		args string // DIR is the folder
		code int
		says string
	}{
		{"cluster nodes --swift-dir DIR", exitUsage, "accepts between 1 and 3 arg"},
		{"cluster nodes --swift-dir DIR a c o p", exitUsage, "accepts between 1 and 3 arg"},
		{"cluster nodes --swift-dir DIR /", exitUsage, "empty name"},
		{"cluster nodes --swift-dir DIR a//o", exitUsage, "empty name"},
		{"cluster nodes --swift-dir DIR a/c -P gold", exitUsage, "only objects"},
		{"cluster nodes --swift-dir DIR a/c/o -P bronze", exitNotFound, `no storage policy "bronze"`},
		{"cluster nodes --swift-dir DIR/nowhere a", exitNotFound, "no such file"},
		{"cluster", exitUsage, "see: needletail cluster --help"},
	} {
		out, code := runCommand(t, strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)
		require.Equal(t, c.code, code, "%s: %s", c.args, out)
		require.Contains(t, out, c.says, c.args)
	}
}
