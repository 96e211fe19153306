// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"needletail/ring"
)

// newRingCommand returns the subcommands of swift-ring-builder. A FILE with the
// suffix .ring.gz is a ring file, of Swift or of needletail; any further FILE
// is a builder of needletail.
func newRingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ring",
		Short: "Build, balance and show rings, which say what lies on which device",
		Long: `Build, balance and show rings, which say what lies on which device.

FILE.builder is what a ring is made of; rebalance writes the ring to
FILE.ring.gz beside it, in OpenStack Swift's format. show, validate and
dispersion take either.

Exit codes: 0 done; 1 failed, or the ring is not valid; 2 wrong usage; 3 no such
file or device; 5 done, but nothing could be moved, or balance or dispersion is
not as it should be.`,
	}
	cmd.AddCommand(newRingShowCommand(), newRingValidateCommand(), newRingCreateCommand(), newRingAddCommand(),
		newRingRemoveCommand(), newRingSetWeightCommand(), newRingSetReplicasCommand(),
		newRingSetOverloadCommand(), newRingSetMinPartHoursCommand(), newRingRebalanceCommand(), newRingDispersionCommand())
	return cmd
}

const ringSuffix = ".ring.gz"

// ringFile is the ring beside a builder.
func ringFile(builder string) string { return strings.TrimSuffix(builder, ".builder") + ringSuffix }

// openBuilder reads a builder. From a ring file it makes a builder that may
// only be looked at.
func openBuilder(path string) (*ring.Builder, error) {
	if !strings.HasSuffix(path, ringSuffix) {
		return ring.LoadBuilder(path)
	}
	r, err := ring.Load(path, ring.Hash{})
	if err != nil {
		return nil, err
	}
	return ring.FromRing(r, 0)
}

// editBuilder changes a builder file.
func editBuilder(path string, change func(*ring.Builder) error) error {
	if strings.HasSuffix(path, ringSuffix) {
		return fmt.Errorf("%w: %s is a ring; make a builder of it with: needletail ring create --from %s FILE.builder MIN_PART_HOURS", errUsage, path, path)
	}
	b, err := ring.LoadBuilder(path)
	if err != nil {
		return err
	}
	if err := change(b); err != nil {
		return asUsage(err)
	}
	return b.Save(path)
}

// asUsage marks an error about values that the ring package refuses as wrong
// usage.
func asUsage(err error) error {
	if errors.Is(err, ring.ErrArgument) || errors.Is(err, ring.ErrLimit) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return err
}

// number reads a number of the command line.
func number(text, what string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s %q is not a number", errUsage, what, text)
	}
	return n, nil
}

// whole reads a whole number of the command line.
func whole(text, what string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%w: %s %q is not a whole number", errUsage, what, text)
	}
	return n, nil
}
