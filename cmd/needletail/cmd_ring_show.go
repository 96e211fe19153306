// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"needletail/ring"
)

func newRingShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Print a builder or a ring and its devices",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := openBuilder(args[0])
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			printSummary(w, args[0], b)
			printDevices(w, b)
			return nil
		},
	}
}

func newRingValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check that every replica of every partition has a device of its own",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := openBuilder(args[0])
			if err == nil {
				err = b.Validate()
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid\n", args[0])
			return nil
		},
	}
}

func printSummary(w io.Writer, path string, b *ring.Builder) {
	regions, zones := map[int]bool{}, map[[2]int]bool{}
	for _, d := range b.Devices() {
		regions[d.Region], zones[[2]int{d.Region, d.Zone}] = true, true
	}
	fmt.Fprintf(w, "%s, build version %d\n", path, b.Version())
	fmt.Fprintf(w, "%d partitions, %f replicas, %d regions, %d zones, %d devices, %.2f balance, %.2f dispersion\n",
		1<<b.PartPower(), b.Replicas(), len(regions), len(zones), len(b.Devices()), b.Balance(), b.Dispersion().Percent)
	if strings.HasSuffix(path, ringSuffix) {
		return // the rest is what only a builder knows
	}
	fmt.Fprintf(w, "The minimum number of hours before a partition can be reassigned is %d (%v remaining)\n", b.MinPartHours(), b.Rest().Round(time.Second))
	fmt.Fprintf(w, "The overload factor is %.2f%% (%f)\n", 100*b.Overload(), b.Overload())
	fmt.Fprintf(w, "Ring file %s is %s\n", ringFile(path), ringState(ringFile(path), b))
}

// ringState says whether the ring file fits the present state of the builder.
func ringState(path string, b *ring.Builder) string {
	r, err := ring.Load(path, ring.Hash{})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "not found, probably it hasn't been written yet"
	case err != nil:
		return "invalid: " + err.Error()
	case r.Version() == b.Version():
		return "up-to-date"
	}
	return "obsolete"
}

// printDevices prints the table of swift-ring-builder in Swift's order: region,
// zone, address, name.
func printDevices(w io.Writer, b *ring.Builder) {
	devices := b.Devices()
	slices.SortStableFunc(devices, func(x, y ring.Device) int { return strings.Compare(x.String(), y.String()) })
	held, balance := b.Held(), b.Balances()
	table := [][]string{{"Devices:", "id", "region", "zone", "ip address:port", "replication ip:port", "name", "weight", "partitions", "balance", "flags", "meta"}}
	for _, d := range devices {
		flags, meta := "", strconv.Quote(d.Meta) // free text must not break the table
		if b.Removed(d.ID) {
			flags = "DEL"
		}
		table = append(table, []string{"", strconv.Itoa(d.ID), strconv.Itoa(d.Region), strconv.Itoa(d.Zone),
			net.JoinHostPort(d.IP, strconv.Itoa(d.Port)), net.JoinHostPort(d.ReplicationIP, strconv.Itoa(d.ReplicationPort)),
			d.Device, fmt.Sprintf("%.2f", d.Weight), strconv.Itoa(held[d.ID]), fmt.Sprintf("%.2f", balance[d.ID]), flags, meta[1 : len(meta)-1]})
	}
	printTable(w, table)
}

// printTable aligns the first and the last column to the left, and the columns
// between to the right.
func printTable(w io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range table {
		last := len(row) - 1
		fmt.Fprintf(w, "%-*s ", widths[0], row[0])
		for i := 1; i < last; i++ {
			fmt.Fprintf(w, "%*s ", widths[i], row[i])
		}
		fmt.Fprintln(w, row[last])
	}
}

func newRingDispersionCommand() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "dispersion FILE",
		Short: "Print the tiers that have more replicas of a partition than they should",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := openBuilder(args[0])
			if err != nil {
				return err
			}
			d := b.Dispersion()
			printDispersion(cmd.OutOrStdout(), b, d, verbose)
			if d.Percent > 0 {
				return fmt.Errorf("%w: replicas of some partitions are closer together than they could be", errWarning)
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "all tiers, not only those with too many")
	return cmd
}

func printDispersion(w io.Writer, b *ring.Builder, d *ring.Dispersion, verbose bool) {
	fmt.Fprintf(w, "Dispersion is %f, Balance is %f, Overload is %.2f%%\n", d.Percent, b.Balance(), 100*b.Overload())
	header := []string{"Tier", "Parts", "%", "Max"}
	for n := range int(math.Ceil(b.Replicas())) + 1 {
		header = append(header, strconv.Itoa(n))
	}
	table := [][]string{header}
	for i := range d.Tiers {
		t := &d.Tiers[i]
		if t.Excess() == 0 && !verbose {
			continue
		}
		total := 0
		for n, parts := range t.Replicas {
			total += n * parts
		}
		row := []string{t.Name(), strconv.Itoa(total), fmt.Sprintf("%.2f", 100*float64(t.Excess())/float64(max(1, total))), strconv.Itoa(t.Most)}
		for _, parts := range t.Replicas {
			row = append(row, strconv.Itoa(parts))
		}
		table = append(table, row)
	}
	if len(table) > 1 {
		printTable(w, table)
	}
}
