// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"needletail/ring"
)

func newRingRebalanceCommand() *cobra.Command {
	var seed uint64
	var format int
	var forget bool
	cmd := &cobra.Command{
		Use:   "rebalance FILE.builder",
		Short: "Give every partition its devices with as few moves as possible, and write FILE.ring.gz",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format < 0 || format > 2 {
				return fmt.Errorf("%w: a ring's format is 1 or 2", errUsage)
			}
			if !cmd.Flags().Changed("seed") {
				seed = rand.Uint64()
			}
			return rebalanceFile(cmd, args[0], seed, format, forget)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 0, "`NUMBER` that makes the result repeatable; random if not given")
	cmd.Flags().IntVar(&format, "format", 0, "`VERSION` of the ring file: 1, or 2 for ids of 65535 and more; the least that will do if not given")
	cmd.Flags().BoolVar(&forget, "pretend-min-part-hours-passed", false, "move partitions that were moved less than MIN_PART_HOURS ago, too")
	return cmd
}

// rebalanceFile writes the builder before the ring. A lost ring can be written
// again from the builder; a ring without its builder cannot be changed.
func rebalanceFile(cmd *cobra.Command, path string, seed uint64, format int, forget bool) error {
	var report *ring.Report
	var b *ring.Builder
	changed := false
	err := editBuilder(path, func(found *ring.Builder) (err error) {
		b, changed = found, found.Changed()
		if forget {
			b.ForgetMoves()
		}
		report, err = b.Rebalance(seed)
		return err
	})
	if err != nil {
		return err
	}
	r, err := b.Ring(ring.Hash{})
	if err == nil {
		err = r.WriteFile(ringFile(path), format)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Reassigned %d (%.2f%%) partitions. Balance is now %.2f.  Dispersion is now %.2f\n",
		report.Moved, 100*float64(report.Moved)/float64(r.Partitions()), report.Balance, report.Dispersion)
	return judge(b, report, changed)
}

// judge returns a warning about the state after a rebalance, with the rules of
// swift-ring-builder.
func judge(b *ring.Builder, report *ring.Report, changed bool) error {
	switch {
	case report.Resting > 0 && b.Rest() > 0:
		return fmt.Errorf("%w: %d replicas wait to be moved until MIN_PART_HOURS (%d) have passed since the last move of their partitions, in %v at most",
			errWarning, report.Resting, b.MinPartHours(), b.Rest().Round(time.Second))
	case report.Moved == 0 && report.Removed == 0 && !changed:
		return fmt.Errorf("%w: nothing to move", errWarning)
	case report.Dispersion > 0:
		return fmt.Errorf("%w: a dispersion of %.2f says that replicas of some partitions are closer together than they could be; adjust weights, allow overload, or look at: needletail ring dispersion", errWarning, report.Dispersion)
	case report.Balance > 5 && report.Balance/100 > b.Overload():
		return fmt.Errorf("%w: a balance of %.2f says that some devices are far from their share; rebalance again after MIN_PART_HOURS (%d)", errWarning, report.Balance, b.MinPartHours())
	}
	return nil
}
