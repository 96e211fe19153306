// SPDX-License-Identifier: Apache-2.0

// Command oracle sends the same requests to OpenStack Swift and to needletail
// and reports every difference of status, headers and body beyond the named
// exceptions. `make oracle` installs Swift and runs it.
//
// A step is a request. The script (script*.go) is a list of steps, in order, under
// names such as "range/12". Values that differ in every answer (times, IDs,
// boundaries) are masked first. A difference on purpose is a line of exceptions.txt
// with a reason. The exit code is 1 if a difference is left or an exception is never
// used.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	binary := flag.String("needletail", "bin/needletail", "the `FILE` of the server to compare")
	verbose := flag.Bool("v", false, "print every step")
	only := flag.String("site", "", "the `NAME` of the only site to compare at; exceptions need not be used then")
	flag.Parse()
	failed, err := run(*binary, *only, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(binary, only string, verbose bool) (failed bool, err error) {
	exceptions, err := readExceptions()
	if err != nil {
		return false, err
	}
	c := &comparison{exceptions: exceptions, verbose: verbose}
	for _, s := range sites {
		if only != "" && s.name != only {
			continue
		}
		before := *c
		if err := s.compare(c, binary); err != nil {
			return false, fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%s: %d requests, %d differences left, %d covered\n",
			s.name, c.compared-before.compared, len(c.lines)-len(before.lines), c.excused-before.excused)
	}
	return c.report(os.Stdout, only == ""), nil
}
