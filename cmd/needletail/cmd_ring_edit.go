// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"needletail/ring"
)

func newRingCreateCommand() *cobra.Command {
	var from string
	var overload float64
	cmd := &cobra.Command{
		Use:   "create FILE.builder PART_POWER REPLICAS MIN_PART_HOURS",
		Short: "Make a builder of 2^PART_POWER partitions, or of a ring: create --from FILE.ring.gz FILE.builder MIN_PART_HOURS",
		Args: func(cmd *cobra.Command, args []string) error {
			if from != "" {
				return cobra.ExactArgs(2)(cmd, args)
			}
			return cobra.ExactArgs(4)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if exists(args[0]) {
				return fmt.Errorf("%s: %w", args[0], fs.ErrExist)
			}
			b, err := createBuilder(from, args)
			if err != nil {
				return asUsage(err)
			}
			if cmd.Flags().Changed("overload") {
				if err := b.SetOverload(overload); err != nil {
					return asUsage(err)
				}
			}
			return b.Save(args[0])
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "take devices and assignments from this `RING`")
	cmd.Flags().Float64Var(&overload, "overload", 0, "`FRACTION` that a device may take over its share to keep replicas apart")
	return cmd
}

func createBuilder(from string, args []string) (*ring.Builder, error) {
	hours, err := whole(args[len(args)-1], "MIN_PART_HOURS")
	if err != nil {
		return nil, err
	}
	if from != "" {
		r, err := ring.Load(from, ring.Hash{})
		if err != nil {
			return nil, err
		}
		return ring.FromRing(r, hours)
	}
	power, err := whole(args[1], "PART_POWER")
	if err != nil {
		return nil, err
	}
	replicas, err := number(args[2], "REPLICAS")
	if err != nil {
		return nil, err
	}
	return ring.NewBuilder(power, replicas, hours)
}

func newRingAddCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "add FILE.builder DEVICE WEIGHT [DEVICE WEIGHT]...",
		Short: "Add devices; DEVICE is [dID]rREGIONzZONE-IP:PORT[RIP:PORT]/NAME[_META]",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args)%2 == 0 {
				return fmt.Errorf("%w: every DEVICE has a WEIGHT; it is: %s", errUsage, cmd.UseLine())
			}
			return cobra.MinimumNArgs(3)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var done []string
			err := editBuilder(args[0], func(b *ring.Builder) error {
				for i := 1; i < len(args); i += 2 {
					d, err := addDevice(b, args[i], args[i+1])
					if err != nil {
						return err
					}
					done = append(done, fmt.Sprintf("Device d%d%v with %v weight got id %d", d.ID, &d, d.Weight, d.ID))
				}
				return nil
			})
			return printAfter(cmd, done, err)
		},
	}
}

// printAfter prints lines if err is nil.
func printAfter(cmd *cobra.Command, lines []string, err error) error {
	if err != nil {
		return err
	}
	for _, line := range lines {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
	return nil
}

func addDevice(b *ring.Builder, spec, weight string) (ring.Device, error) {
	d, err := ring.ParseDevice(spec)
	if err != nil {
		return d, err
	}
	if d.Weight, err = number(weight, "WEIGHT"); err != nil {
		return d, err
	}
	for _, have := range b.Devices() {
		if have.String() == d.String() {
			return d, fmt.Errorf("%w: %v is device %d", ring.ErrDuplicate, &d, have.ID)
		}
	}
	if d.ID < 0 {
		d.ID = b.NextID()
	}
	return d, b.Add(d)
}

func newRingRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove FILE.builder DEVICE...",
		Short: "Mark devices for removal by the next rebalance; DEVICE is dID or rREGIONzZONE-IP:PORT/NAME",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var done []string
			err := editBuilder(args[0], func(b *ring.Builder) error {
				for _, text := range args[1:] {
					d, err := b.Find(text)
					if err == nil {
						err = b.Remove(d.ID)
					}
					if err != nil {
						return err
					}
					done = append(done, fmt.Sprintf("d%d%v marked for removal and will be removed next rebalance.", d.ID, &d))
				}
				return nil
			})
			return printAfter(cmd, done, err)
		},
	}
}

func newRingSetWeightCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "set-weight FILE.builder DEVICE WEIGHT",
		Short: "Change the weight of a device; DEVICE is dID or rREGIONzZONE-IP:PORT/NAME",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			var done []string
			err := editBuilder(args[0], func(b *ring.Builder) error {
				d, err := b.Find(args[1])
				if err != nil {
					return err
				}
				weight, err := number(args[2], "WEIGHT")
				if err != nil {
					return err
				}
				done = append(done, fmt.Sprintf("d%d%v weight set to %v", d.ID, &d, weight))
				return b.SetWeight(d.ID, weight)
			})
			return printAfter(cmd, done, err)
		},
	}
}

func newRingSetReplicasCommand() *cobra.Command {
	return newRingSetCommand("set-replicas", "REPLICAS", "Change the number of replicas, 2.5 for instance, with the next rebalance",
		func(b *ring.Builder, text string) (string, error) {
			replicas, err := number(text, "REPLICAS")
			if err == nil {
				err = b.SetReplicas(replicas)
			}
			return fmt.Sprintf("The replica count is now %v; it takes effect with the next rebalance.", replicas), err
		})
}

func newRingSetOverloadCommand() *cobra.Command {
	return newRingSetCommand("set-overload", "FRACTION", "Let devices take this fraction, or with a % sign percentage, over their share to keep replicas apart",
		func(b *ring.Builder, text string) (string, error) {
			digits, percent := strings.CutSuffix(text, "%")
			overload, err := number(digits, "FRACTION")
			if percent {
				overload /= 100
			}
			if err == nil {
				err = b.SetOverload(overload)
			}
			return fmt.Sprintf("The overload factor is now %.2f%% (%f); it takes effect with the next rebalance.", 100*overload, overload), err
		})
}

func newRingSetMinPartHoursCommand() *cobra.Command {
	return newRingSetCommand("set-min-part-hours", "HOURS", "Change the rest that a partition gets after a move",
		func(b *ring.Builder, text string) (string, error) {
			hours, err := whole(text, "HOURS")
			if err == nil {
				err = b.SetMinPartHours(hours)
			}
			return fmt.Sprintf("The minimum number of hours before a partition can be reassigned is now %d.", hours), err
		})
}

// newRingSetCommand returns a command that changes one number of a builder. set
// returns the line about the new number.
func newRingSetCommand(name, value, short string, set func(b *ring.Builder, text string) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use:   name + " FILE.builder " + value,
		Short: short,
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var done string
			err := editBuilder(args[0], func(b *ring.Builder) (err error) {
				done, err = set(b, args[1])
				return err
			})
			return printAfter(cmd, []string{done}, err)
		},
	}
}
