// SPDX-License-Identifier: Apache-2.0

// Command conformance runs OpenStack Swift's own functional tests against
// needletail. Each run starts a server on loopback:
//
//	A  TempAuth, two storage policies, allow_open_expired: all tests
//	B  the built-in Keystone with domains, roles and service tokens: all tests
//	C  allow_open_expired off: the tests that run A skips
//	D  ETags in quotes by default, and the second storage policy: all tests
//
// The tests come from Debian's source package, or from -swift-src. A test has to
// pass in at least one run and to fail in no run. Run C is empty with Swift 2.30:
// the tests of 2.30 do not know allow_open_expired.
//
// The links of staticweb's listings differ between 2.30 and later releases. The
// command configures the server for the form that the tests want, and says which.
//
// known_deviations.txt lists tests that need not pass, each with a reason. A test
// that fails without an entry ends the command with status 1, and so does an entry
// with a test that passes.
//
// With -cluster the tests run in a real Swift cluster of four nodes, of the package
// swiftcluster: first against Swift's own proxy, then against needletail's proxy over
// the same servers, with each policy as the cluster's default. A test that Swift's
// proxy passes and needletail's does not ends the command with status 1.
//
// The command needs /usr/bin/python3 with the packages of the Makefile's target
// conformance-packages. It writes to the user's cache folder and to a temporary
// folder, and keeps the temporary folder if a test failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"needletail/cmd/harness/swiftsource"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := conform(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// allRuns holds the names of all runs, a letter each.
const allRuns = "ABCD"

func conform(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	source := flags.String("swift-src", "", "`DIR` with a checkout of Swift; default Debian's source package")
	names := flags.String("run", allRuns, "which runs, by their letters")
	only := flags.String("files", "", "comma-separated test files, such as test_slo.py, in place of a run's own")
	var in clusterRun
	inCluster := flags.Bool("cluster", false, "in a cluster, and compare with Swift's own proxy")
	policies := flags.String("policy", "gold,silver,ec42", "with -cluster: comma-separated default policies, a run each")
	proxies := flags.String("proxy", "swift,needletail", "with -cluster: which proxies")
	flags.StringVar(&in.binary, "needletail", "bin/needletail", "with -cluster: the `FILE` of needletail")
	flags.StringVar(&in.match, "match", "", "with -cluster: only tests that match this expression (pytest's -k)")
	flags.StringVar(&in.ecType, "ec-type", "", "with -cluster: of the policy ec42")
	flags.BoolVar(&in.encrypted, "encrypted", false, "with -cluster: both proxies encrypt")
	flags.StringVar(&in.install, "swift-install", "", "with -cluster: `DIR` with a checkout of Swift whose servers run; default Debian's packages")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *source == "" {
		if *source, err = swiftsource.Debian(ctx); err != nil {
			return fmt.Errorf("source of Swift: %w", err)
		}
	}
	if *source, err = filepath.Abs(*source); err != nil {
		return err
	}
	if *inCluster {
		in.source, in.files = *source, allFiles
		if *only != "" {
			in.files = strings.Split(*only, ",")
		}
		return in.conform(ctx, strings.Split(*policies, ","), strings.Split(*proxies, ","))
	}
	return conformAlone(ctx, *source, *names, *only)
}

// conformAlone does the runs with the names, each with a server of its own. A not empty
// only replaces the test files of the runs.
func conformAlone(ctx context.Context, source, names, only string) error {
	known, err := parseDeviations(knownDeviations)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "needletail-conformance-")
	if err != nil {
		return err
	}
	binary, err := buildServer(ctx, work)
	if err != nil {
		return err
	}
	form, err := linkForm(source)
	if err != nil {
		return err
	}
	total := results{}
	var summary []string
	for _, r := range runs {
		if !strings.Contains(names, r.name) {
			continue
		}
		if only != "" {
			r.files, r.match = strings.Split(only, ","), ""
		}
		r.config += form
		fmt.Printf("== run %s (%s): Swift from %s\n", r.name, r.title, source)
		got, err := r.do(ctx, binary, source, filepath.Join(work, r.name))
		if err != nil {
			return fmt.Errorf("run %s: %w; its files are in %s", r.name, err, work)
		}
		if len(got) == 0 {
			summary = append(summary, fmt.Sprintf("  %s this Swift has no test %s", r.name, r.match))
		}
		summary = append(summary, got.perFile(r.name)...)
		summary = append(summary, fmt.Sprintf("run %s (%s): %s", r.name, r.title, got.counts()))
		total.merge(got)
	}
	// A test that ran in no run shows only when all runs and all files were asked for.
	complaints := total.complaints(known, only == "" && names == allRuns)
	for _, line := range append(complaints, summary...) {
		fmt.Println(line)
	}
	if len(complaints) > 0 {
		return errors.New("the server deviates from Swift; the runs' files are in " + work)
	}
	return os.RemoveAll(work)
}
