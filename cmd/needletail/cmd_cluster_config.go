// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"needletail/cmd/needletail/config"
)

func newClusterConfigCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config [FILE]",
		Short: "Turn the configuration of a proxy server of Swift into one of needletail",
		Long: "FILE is the configuration of a proxy server of OpenStack Swift, proxy-server.conf of\n" +
			"--swift-dir without a FILE. The output is the configuration of a needletail in the\n" +
			"place of the proxy server. Options without a counterpart are named in comments at the\n" +
			"top, without their values. The output has secrets if FILE has secrets.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := cmd.Flags().GetString("swift-dir")
			if err != nil {
				return err
			}
			path := filepath.Join(dir, "proxy-server.conf")
			if len(args) > 0 {
				path = args[0]
			}
			cfg, notes, err := config.FromSwiftProxy(path)
			if err != nil {
				return err
			}
			text, err := cfg.Text()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "# Made from %s by needletail cluster config.\n", path)
			for _, note := range notes {
				fmt.Fprintln(out, "# Not taken over:", note)
			}
			fmt.Fprint(out, text)
			return nil
		},
	}
}
