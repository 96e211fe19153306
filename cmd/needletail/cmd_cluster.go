// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"needletail/objstore/cluster/swiftconf"
)

// defaultSwiftDir is where the servers of a Swift cluster have their rings.
const defaultSwiftDir = "/etc/swift"

// newClusterCommand returns the commands about a cluster of OpenStack Swift.
func newClusterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Look at a cluster of OpenStack Swift's servers",
		Long: `Look at a cluster of OpenStack Swift's servers: where the cluster keeps a name,
and whether its servers agree about rings, configuration and time.

The commands read swift.conf and the rings of --swift-dir, and change nothing.

Exit codes: 0 done; 1 failed, or swift.conf and the rings contradict one another;
2 wrong usage; 3 no such file or policy; 5 done, but a server did not answer, or
does not agree.`,
	}
	cmd.PersistentFlags().String("swift-dir", defaultSwiftDir, "folder with swift.conf and the rings of the cluster")
	cmd.AddCommand(newClusterNodesCommand(), newClusterCheckCommand(), newClusterConfigCommand())
	return cmd
}

// openSwiftDir opens the folder of --swift-dir.
func openSwiftDir(cmd *cobra.Command) (*swiftconf.Dir, string, error) {
	path, err := cmd.Flags().GetString("swift-dir")
	if err != nil {
		return nil, "", err
	}
	dir, err := swiftconf.Open(path, swiftconf.DirOptions{})
	return dir, path, err
}
