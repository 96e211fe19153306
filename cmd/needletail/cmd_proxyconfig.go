// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"needletail/cmd/needletail/config"
)

// swiftProxyConf is where Debian's and most other packages have the file.
const swiftProxyConf = "/etc/swift/proxy-server.conf"

func newProxyConfigCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "proxy-config [FILE]",
		Short: "Turn the configuration of a proxy server of Swift into one of needletail",
		Long: "FILE is the proxy-server.conf of a proxy server of OpenStack Swift, " + swiftProxyConf + "\n" +
			"without a FILE. The output is the configuration of a needletail in the place of the\n" +
			"proxy server. Options without a counterpart are named in comments at the top, without\n" +
			"their values. The output has secrets if FILE has secrets.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := swiftProxyConf
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
			fmt.Fprintf(out, "# Made from %s by needletail proxy-config.\n", path)
			for _, note := range notes {
				fmt.Fprintln(out, "# Not taken over:", note)
			}
			fmt.Fprint(out, text)
			return nil
		},
	}
}
