package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// strictUsage makes every mistake of a command line an error of usage, below
// root and in the commands that cobra adds: arguments that are too many or too
// few, and commands that do not exist.
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

// helpOrUnknown is what a command with subcommands does by itself. The program
// alone shows its help.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 && !cmd.HasParent() {
		return cmd.Help()
	}
	return fmt.Errorf("%w: %q is not a command of %s; see: %s --help", errUsage, args, cmd.CommandPath(), cmd.CommandPath())
}

// newHelpCommand is cobra's, but that an unknown command is an error.
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

// asUsageArgs marks what is wrong with the arguments.
func asUsageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w: %w; it is: %s", errUsage, err, cmd.UseLine())
		}
		return nil
	}
}
