// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"needletail/objstore/cluster/swiftconf"
	"needletail/ring"
)

// checkAtOnce bounds the servers that `cluster check` asks at the same time.
const checkAtOnce = 16

func newClusterCheckCommand() *cobra.Command {
	o := checkOptions{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Ask all servers of the cluster whether they agree about rings, swift.conf and time",
		Long: `Ask all servers of the cluster whether they agree about rings, swift.conf and time.

First swift.conf and the rings of --swift-dir are read, and each contradiction
between them is printed. Then each account, container and object server of the
rings is asked: does it answer, is it a server of this kind, and, through its
filter recon (in the pipeline of Swift's samples), does it have the same rings and
the same swift.conf, and the same time. A server with another ring looks for
objects on other devices, and a server with other hash secrets finds none. A clock
that is ahead hides what others write.

Each server that does not answer or agree is printed with what is wrong; --verbose
prints the others too.

Exit codes: 0 all servers agree; 1 swift.conf or a ring cannot be used, or they
contradict one another; 2 wrong usage; 3 no such file; 5 a server did not answer,
or does not agree.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.timeout <= 0 || o.clock < 0 {
				return fmt.Errorf("%w: --timeout is above 0s, and --clock-difference is not negative", errUsage)
			}
			dir, path, err := openSwiftDir(cmd)
			if err != nil {
				return err
			}
			c, err := newClusterCheck(dir, path, o)
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().DurationVar(&o.timeout, "timeout", 5*time.Second, "how long an answer of a server may take")
	cmd.Flags().DurationVar(&o.clock, "clock-difference", time.Second, "how far the clock of a server may be off")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "also print the servers that agree")
	return cmd
}

// checkOptions are the flags of `cluster check`.
type checkOptions struct {
	timeout, clock time.Duration
	verbose        bool
}

// clusterServer is a server process of a cluster.
type clusterServer struct {
	kind string // "account", "container", "object"
	ip   string
	port int
	// rings are the names of the ring files that the server needs.
	rings map[string]bool
}

// clusterServers are the servers of all rings, in the order of the kinds and of
// the devices.
func clusterServers(dir *swiftconf.Dir) []*clusterServer {
	var list []*clusterServer
	type key struct {
		kind, ip string
		port     int
	}
	known := map[key]*clusterServer{}
	add := func(kind, ringFile string, r *ring.Ring) {
		for _, d := range r.Devices() {
			if d == nil {
				continue
			}
			k := key{kind, d.IP, d.Port}
			if known[k] == nil {
				known[k] = &clusterServer{kind: kind, ip: d.IP, port: d.Port, rings: map[string]bool{}}
				list = append(list, known[k])
			}
			known[k].rings[ringFile] = true
		}
	}
	add("account", "account.ring.gz", dir.AccountRing())
	add("container", "container.ring.gz", dir.ContainerRing())
	for _, p := range dir.Config().Policies {
		if r, ok := dir.ObjectRing(p.Index); ok {
			add("object", p.RingName(), r)
		}
	}
	return list
}

// printFindings prints a line for each server, and returns errWarning if one has
// a finding.
func printFindings(w io.Writer, servers []*clusterServer, findings [][]string, verbose bool) error {
	wrong := 0
	for i, s := range servers {
		name := fmt.Sprintf("%s server %s", s.kind, s.address())
		if len(findings[i]) == 0 {
			if verbose {
				fmt.Fprintf(w, "%s: agrees\n", name)
			}
			continue
		}
		wrong++
		for _, finding := range findings[i] {
			fmt.Fprintf(w, "%s: %s\n", name, finding)
		}
	}
	fmt.Fprintf(w, "%d of %d servers agree.\n", len(servers)-wrong, len(servers))
	if wrong > 0 {
		return fmt.Errorf("%w: %d of %d servers did not answer, or do not agree", errWarning, wrong, len(servers))
	}
	return nil
}
