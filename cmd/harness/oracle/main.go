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
//
// With -cluster, both servers are proxies of one cluster of the package swiftcluster:
// see cluster.go. `make cluster-oracle` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	binary := flag.String("needletail", "bin/needletail", "the `FILE` of the server to compare")
	verbose := flag.Bool("v", false, "print every step")
	only := flag.String("site", "", "the `NAME` of the only site to compare at; exceptions need not be used then")
	cluster := flag.Bool("cluster", false, "compare two proxies over one cluster")
	self := flag.Bool("self", false, "with -cluster: compare Swift's proxy with itself; what differs is chance")
	var o clusterOptions
	flag.StringVar(&o.policy, "policy", "gold", "with -cluster: the default policy")
	flag.BoolVar(&o.encrypted, "encrypted", false, "with -cluster: both proxies encrypt")
	flag.StringVar(&o.source, "swift-src", "", "with -cluster: `DIR` with a checkout of Swift; default Debian's packages")
	flag.Parse()
	var failed bool
	var err error
	if *cluster {
		if o.binary, o.script = *binary, clusterScript; *self {
			o.binary = ""
		}
		failed, err = runCluster(o, *verbose)
	} else {
		failed, err = run(*binary, *only, *verbose)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(binary, only string, verbose bool) (failed bool, err error) {
	exceptions, err := readExceptions(exceptionsText)
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

func runCluster(o clusterOptions, verbose bool) (failed bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exceptions, err := clusterExceptions(o.policy)
	if err != nil {
		return false, err
	}
	c := &comparison{exceptions: exceptions, verbose: verbose}
	if o.binary == "" {
		c.exceptions = nil
	}
	if err := c.cluster(ctx, o); err != nil {
		return false, err
	}
	return c.report(os.Stdout, o.binary != ""), nil
}
