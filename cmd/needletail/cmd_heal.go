// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"needletail/objstore/device"
	"needletail/objstore/engine"
)

// statusOldAfter is the age of a status from which on no server runs.
const statusOldAfter = 15 * time.Second

// watchEvery is the pause between two looks at the status.
const watchEvery = 2 * time.Second

func newHealCommand() *cobra.Command {
	var data, replaced string
	var watch, asJSON bool
	cmd := &cobra.Command{
		Use:   "heal",
		Short: "Show devices, healing and verifying; take a replaced disk into use",
		Long: "heal shows what the server of a data folder does to keep bodies whole: the\n" +
			"states of its devices, how far healing is, and how far verifying is. It reads\n" +
			"a file that the server writes every two seconds.\n\n" +
			"--replaced PATH says that the disk at PATH is a new one in the place of the one\n" +
			"that was there: an empty folder alone may also be a mount that is missing. The\n" +
			"server takes it within ten seconds, or at its next start, and fills it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if replaced != "" {
				return replaceDevice(out, data, replaced)
			}
			for {
				s, err := engine.ReadStatus(vfs.Default, data)
				if err != nil {
					return fmt.Errorf("status of %s: %w", data, err)
				}
				if err := printStatus(out, s, asJSON); err != nil || !watch {
					return err
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(watchEvery):
				}
			}
		},
	}
	cmd.Flags().StringVar(&data, "data", "./data", "`DIR` of the server")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on until interrupted")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&replaced, "replaced", "", "`PATH` of a device whose disk is a new one")
	return cmd
}

// replaceDevice gives the disk at path the identity of the device that is
// configured for path. The device of the data folder cannot be replaced in this
// way.
func replaceDevice(out io.Writer, data, path string) error {
	s, err := engine.ReadStatus(vfs.Default, data)
	if err != nil {
		return fmt.Errorf("status of %s: %w", data, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	for _, d := range s.Devices {
		if d.Path != path || d.Index == 0 {
			continue
		}
		if d.State != "failed" {
			return fmt.Errorf("%w: the server still has the old disk open at %s, state %s; it notices within seconds", errUsage, path, d.State)
		}
		if err := device.Format(vfs.Default, path, device.Identity{Store: s.Store, Index: device.Index(d.Index)}); err != nil {
			return err
		}
		fmt.Fprintf(out, "device %d: the disk at %s is in use; it is filled now, which `needletail heal --watch` shows\n", d.Index, path)
		return nil
	}
	return fmt.Errorf("%w: %s is not the path of a device", os.ErrNotExist, path)
}

func printStatus(out io.Writer, s engine.Status, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	bars := isTerminal(out)
	if bars {
		fmt.Fprint(out, "\x1b[H\x1b[J") // from the top of the screen
	}
	if age := time.Since(time.Unix(s.WrittenSeconds, 0)); age > statusOldAfter {
		fmt.Fprintf(out, "no server runs; this is from %s ago\n", age.Round(time.Second))
	}
	for _, d := range s.Devices {
		fmt.Fprintf(out, "device %d %s %s: %s free of %s, %d errors\n", d.Index, d.State, d.Path, size(d.FreeBytes), size(d.TotalBytes), d.Errors)
	}
	printCopies(out, "index", s.Index)
	printCopies(out, "identity", s.Identity)
	if d := s.Dark; d.Files > 0 {
		fmt.Fprintf(out, "dark data: %d files of %s that no row names, since %s: see `needletail repair --dark-data`\n",
			d.Files, size(d.Bytes), time.Unix(d.OldestSeconds, 0).UTC().Format(time.RFC3339))
	}
	h := s.Heal
	state := "idle"
	if h.Running {
		state = "running, " + h.Left.Round(time.Second).String() + " left"
	}
	fmt.Fprintf(out, "heal  %s %d of %d objects, %s of %s: %s\n",
		bar(bars, h.Percent()), h.ObjectsDone, h.Objects, size(h.BytesDone), size(h.Bytes), state)
	p := s.Scrub
	if p.BytesPerSecond == 0 {
		_, err := fmt.Fprintln(out, "scrub is off")
		return err
	}
	_, err := fmt.Fprintf(out, "scrub %s %s of %s at %s/s: %s left, a full pass takes %s, %d damaged\n", bar(bars, p.Percent()),
		size(p.BytesDone), size(p.Bytes), size(p.BytesPerSecond), p.Left().Round(time.Second), p.FullPass().Round(time.Second), p.Damaged)
	return err
}

// printCopies prints the state of the two copies of name.
func printCopies(out io.Writer, name string, c engine.CopyStatus) {
	fmt.Fprintf(out, "copies of the %s: %s", name, c.State())
	if c.AloneSeconds != 0 {
		fmt.Fprintf(out, " since %s: %s", time.Unix(c.AloneSeconds, 0).UTC().Format(time.RFC3339), c.Lost)
	}
	fmt.Fprintln(out)
}

// barCells is the width of a progress bar.
const barCells = 30

// bar is a progress bar on a terminal, and the percentage alone elsewhere.
func bar(drawn bool, percent float64) string {
	text := fmt.Sprintf("%5.1f %%", percent)
	if !drawn {
		return text
	}
	full := min(max(int(percent/100*barCells), 0), barCells)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barCells-full) + "] " + text
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	stat, err := f.Stat()
	return err == nil && stat.Mode()&os.ModeCharDevice != 0
}

// size is a number of bytes for people.
func size(bytes int64) string {
	value, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
