// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"needletail/auth/token"
	"needletail/cmd/needletail/config"
)

func newRotateKeysCommand() *cobra.Command {
	var data string
	var keep int
	cmd := &cobra.Command{
		Use:   "rotate-keys",
		Short: "Rotate the keys that tokens are made with; a running server notices",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := config.KeyDir(data)
			if !exists(dir) {
				return fmt.Errorf("%w: %s is not the data folder of a server", errUsage, data)
			}
			keys, err := token.OpenRepository(dir)
			if err != nil {
				return err
			}
			if err := keys.Rotate(keep); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "rotated; tokens made with a dropped key are invalid from now on")
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "./data", "`DIR` of the server")
	cmd.Flags().IntVar(&keep, "keep", token.DefaultMaxActiveKeys, "`NUMBER` of keys to keep, the staged one included")
	return cmd
}
