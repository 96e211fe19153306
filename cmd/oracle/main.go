// Command oracle sends the same requests to OpenStack Swift and to needletail
// and reports every difference of status, headers and body beyond the named
// exceptions. `make oracle` installs Swift and runs it.
//
// A step is one request; the script (script*.go) is a list of them, in order,
// under names such as "range/12". What must differ (times, ids, boundaries) is
// masked in both answers first; what differs on purpose is a line of
// exceptions.txt with its reason. The exit code is 1 if a difference is left or
// an exception is never used.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"needletail/bench/swiftpeer"
)

// swiftFilters is Swift's pipeline with all that needletail answers for.
var swiftFilters = []string{
	"gatekeeper", "healthcheck", "crossdomain", "cache", "etag-quoter", "listing_formats", "bulk", "tempurl",
	"formpost", "tempauth", "staticweb", "copy", "container-quotas", "account-quotas", "slo", "dlo",
	"versioned_writes", "symlink",
}

func main() {
	binary := flag.String("needletail", "bin/needletail", "the `FILE` of the server to compare")
	verbose := flag.Bool("v", false, "print every step")
	flag.Parse()
	failed, err := run(*binary, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(binary string, verbose bool) (failed bool, err error) {
	dir, err := os.MkdirTemp("", "needletail-oracle-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	swiftDir := filepath.Join(dir, "swift")
	if err := os.Mkdir(swiftDir, 0o755); err != nil {
		return false, err
	}
	var users []string
	for _, u := range scriptUsers {
		users = append(users, u.swiftLine())
	}
	peer, err := swiftpeer.Start(swiftpeer.Options{Dir: swiftDir, Filters: swiftFilters, Users: users, Workers: 1})
	if err != nil {
		return false, err
	}
	defer peer.Stop()
	ours, err := startNeedletail(binary, filepath.Join(dir, "data"))
	if err != nil {
		return false, err
	}
	defer ours.stop()
	exceptions, err := readExceptions()
	if err != nil {
		return false, err
	}
	c := &comparison{exceptions: exceptions, verbose: verbose}
	if err := c.run(script(), newTarget(peer.Addr), newTarget(ours.addr)); err != nil {
		return false, err
	}
	return c.report(os.Stdout), nil
}
