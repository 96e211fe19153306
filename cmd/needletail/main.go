// SPDX-License-Identifier: Apache-2.0

// Command needletail is a Swift-compatible object store in one binary, with the
// APIs of Keystone and Glance built in.
//
// Each subcommand has a file of its own: serve runs the server, bootstrap
// creates or restores the first user, import-users copies the users of a
// Keystone, heal shows the devices, check and repair look after the data
// folder, inspect prints stored objects, ring builds rings, cluster looks at a
// cluster of OpenStack Swift and turns over the configuration of its proxies,
// rotate-keys rotates the keys of tokens, version prints the version. Only this
// package wires the layers together; the configuration is package config.
//
// All commands have the same exit codes, in exitcode.go.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// version is set by release builds with -ldflags "-X main.version=…".
var version = "0.1.0-dev"

func main() {
	if err := newRootCommand().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "needletail:", err)
		if help := advice(err); help != "" {
			fmt.Fprintln(os.Stderr, "what helps:", help)
		}
		os.Exit(exitCode(err))
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "needletail",
		Short:         "A Swift-compatible object store with Keystone and Glance built in",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w", errUsage, err)
	})
	root.AddCommand(newServeCommand(), newBootstrapCommand(), newImportUsersCommand(), newHealCommand(), newRotateKeysCommand(), newCheckCommand(), newRepairCommand(), newRingCommand(), newClusterCommand(), newInspectCommand(), newVersionCommand())
	strictUsage(root)
	return root
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(*cobra.Command, []string) { fmt.Println("needletail", version) },
	}
}
