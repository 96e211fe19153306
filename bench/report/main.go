// SPDX-License-Identifier: Apache-2.0

// Command report shows what the benchmarks measured, from files in the format
// of Go's benchmarks:
//
//	report compare FILE        a table of needletail and its peers, in Markdown
//	report fragments FILE      a table of needletail's erasure codes and liberasurecode's
//	report curves FILE FOLDER  one SVG in FOLDER for each curve of the growth
//
// The command is a module of its own: needletail does not depend on a plotter.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: report compare FILE | report fragments FILE | report curves FILE FOLDER")

func run(args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	lines, err := readFile(args[1])
	if err != nil {
		return err
	}
	switch {
	case args[0] == "compare" && len(args) == 2:
		return writeComparison(os.Stdout, lines)
	case args[0] == "fragments" && len(args) == 2:
		return writeFragments(os.Stdout, lines)
	case args[0] == "curves" && len(args) == 3:
		return writeCurves(args[2], lines)
	}
	return errUsage
}
