// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// strictUsage turns every mistake of a command line into an error of usage: too
// many or too few arguments, and commands that do not exist. The rule holds
// below root and for the commands that cobra adds.
func strictUsage(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.SetHelpCommand(newHelpCommand())
	root.InitDefaultHelpCmd()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		switch {
		case cmd.HasSubCommands() && !cmd.Runnable():
			cmd.Args = cobra.ArbitraryArgs
			cmd.RunE = helpOrUnknown
		case cmd.Args != nil:
			cmd.Args = asUsageArgs(cmd.Args)
		}
	}
	walk(root)
}

// helpOrUnknown runs a command that only has subcommands. The program without
// arguments prints the help.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 && !cmd.HasParent() {
		return cmd.Help()
	}
	return fmt.Errorf("%w: %q is not a command of %s; see: %s --help", errUsage, args, cmd.CommandPath(), cmd.CommandPath())
}

// newHelpCommand returns cobra's help command, with an error for an unknown
// command.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return helpOrUnknown(cmd.Root(), args)
			}
			return about.Help()
		},
	}
}

// asUsageArgs marks an error about arguments as wrong usage.
func asUsageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w: %w; it is: %s", errUsage, err, cmd.UseLine())
		}
		return nil
	}
}
