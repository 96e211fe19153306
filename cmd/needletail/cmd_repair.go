// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"needletail/objstore"
	"needletail/objstore/engine"
	"needletail/objstore/fsck"
)

// rebuildSources are the values of --from.
var rebuildSources = map[string]fsck.RebuildFrom{
	"auto": fsck.RebuildAuto, "remains": fsck.RebuildRemains, "files": fsck.RebuildFiles,
}

// repairSettings are the flags of repair.
type repairSettings struct {
	config, data, from, list                      string
	rebuild, dark, rings, discard, dryRun, asJSON bool
}

func newRepairCommand() *cobra.Command {
	var s repairSettings
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Rebuild the index, or bring back or make anew what was lost, of a store that no server uses",
		Long: "Repair --rebuild-index makes the index anew: out of its newest intact copy, or else\n" +
			"of what can be read of it, and of the data files. No data file is deleted: damaged\n" +
			"ones go to quarantine. The old index is kept as DATA/index.old.N. A run that is cut\n" +
			"off leaves everything as it was; the next one begins anew.\n\n" +
			"Repair --dark-data makes objects of the data files in quarantine/dark that no row\n" +
			"names, unless there is a newer object of that name. A deletion whose file came back\n" +
			"after a loss of power comes back too: look at --dry-run --list FILE first. What is\n" +
			"left stays there until storage.dark_data_age; with --discard all of it is removed.\n\n" +
			"Repair --new-rings moves the rings aside; the next start makes them anew, and moves\n" +
			"most bodies. It is for rings that are lost or damaged.\n\n" +
			"Exit codes: 0 done, and nothing was lost, 1 failed, 2 usage, 3 no store, 4 in use,\n" +
			"5 done, and the report says what could not be told or brought back.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&s.config, "config", "", "the server's TOML `FILE`")
	cmd.Flags().StringVar(&s.data, "data", "", "`DIR` of the server")
	cmd.Flags().BoolVar(&s.rebuild, "rebuild-index", false, "rebuild the index")
	cmd.Flags().BoolVar(&s.dark, "dark-data", false, "bring objects back whose data files no row names")
	cmd.Flags().BoolVar(&s.rings, "new-rings", false, "have the rings made anew by the next start")
	cmd.Flags().BoolVar(&s.discard, "discard", false, "with --dark-data: remove these files instead")
	cmd.Flags().StringVar(&s.from, "from", "auto", "`SOURCE`: auto, remains (no copy is whole) or files (no copy at all)")
	cmd.Flags().BoolVar(&s.dryRun, "dry-run", false, "say what would be done, and change nothing")
	cmd.Flags().StringVar(&s.list, "list", "", "write each object that data files gave to `FILE`: size, TAB, path")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "print the report as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := s.validate(cmd.Flags().Changed("from")); err != nil {
			return err
		}
		return s.run(cmd)
	}
	return cmd
}

func (s *repairSettings) validate(fromGiven bool) error {
	_, ok := rebuildSources[s.from]
	tasks := 0
	for _, task := range []bool{s.rebuild, s.dark, s.rings} {
		if task {
			tasks++
		}
	}
	switch {
	case !ok:
		return fmt.Errorf("%w: --from is auto, remains or files", errUsage)
	case tasks != 1:
		return fmt.Errorf("%w: repair needs one of --rebuild-index, --dark-data and --new-rings", errUsage)
	case s.discard && !s.dark, fromGiven && !s.rebuild:
		return fmt.Errorf("%w: --discard goes with --dark-data alone, --from with --rebuild-index", errUsage)
	case s.rings && (s.dryRun || s.asJSON || s.list != ""):
		return fmt.Errorf("%w: --new-rings has no report", errUsage)
	}
	return nil
}

func (s *repairSettings) run(cmd *cobra.Command) error {
	cfg, err := loadEngineConfig(s.config, s.data)
	if err != nil {
		return err
	}
	if !exists(cfg.Data) && len(cfg.Devices) == 0 {
		return fmt.Errorf("%s: %w", cfg.Data, os.ErrNotExist)
	}
	logger, err := newLogger(cfg.Log, nil, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if s.rings {
		moved, err := fsck.NewRings(cfg.folder(logger))
		for _, path := range moved {
			fmt.Fprintln(cmd.OutOrStdout(), "moved aside:", path)
		}
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	bar := newProgress(cmd.ErrOrStderr())
	restored, closeList, err := listRestored(s.list)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if s.dark {
		report, err := engine.RepairDark(ctx, cfg.Data, cfg.engineOptions(logger),
			fsck.DarkOptions{Discard: s.discard, DryRun: s.dryRun, Progress: bar.show, Restored: restored})
		bar.clear()
		if err = errors.Join(err, closeList()); err != nil {
			return err
		}
		return printDark(out, report, s.dryRun, s.asJSON)
	}
	report, err := fsck.Rebuild(ctx, cfg.folder(logger),
		fsck.RebuildOptions{From: rebuildSources[s.from], DryRun: s.dryRun, Progress: bar.show, Restored: restored})
	bar.clear()
	if err = errors.Join(err, closeList()); err != nil {
		return err
	}
	return printRebuild(out, report, s.dryRun, s.asJSON)
}

// listRestored writes each restored object to the file at path. With path ""
// nothing is written.
func listRestored(path string) (restored func(objstore.ObjectID, int64), done func() error, err error) {
	if path == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, nil, err
	}
	w := bufio.NewWriter(f)
	restored = func(id objstore.ObjectID, sizeBytes int64) {
		fmt.Fprintf(w, "%d\t%s\n", sizeBytes, id) // its error comes again from Flush
	}
	return restored, func() error { return errors.Join(w.Flush(), f.Close()) }, nil
}

// cannotTell lists the facts that data files do not hold.
const cannotTell = `The data files do not tell, so what no copy of the index gave is lost:
  objects whose body is small enough to lie in the index
  metadata, content types and times to expire that a POST changed after the upload
  metadata and access lists of the containers and accounts that were made anew
  containers and accounts without large objects
  deletions and overwrites whose data file was not removed yet: the file counts
Files in quarantine/dark were not looked at: see repair --dark-data.`

func printRebuild(w io.Writer, r fsck.RebuildReport, dryRun, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return err
		}
	} else {
		writeRebuild(w, r, dryRun)
	}
	if !r.Exact || r.Restored > 0 || len(r.Recounted.Problems) > 0 {
		return fmt.Errorf("%w: the index was rebuilt, but not all of it could be told", errWarning)
	}
	return nil
}

func writeRebuild(w io.Writer, r fsck.RebuildReport, dryRun bool) {
	if dryRun {
		fmt.Fprintln(w, "dry run: nothing was changed")
	}
	for _, s := range r.Skipped {
		fmt.Fprintln(w, "not taken:", s)
	}
	switch {
	case r.Exact:
		fmt.Fprintf(w, "copied the index in %s: %d keys of %d bytes, all that it held\n", r.Source, r.Copied.Keys, r.Copied.Bytes)
	case r.Source != "":
		fmt.Fprintf(w, "took %d keys of the index in %s; %d places could not be read\n", r.Copied.Keys, r.Source, r.Copied.Gaps)
	default:
		fmt.Fprintln(w, "no copy of the index was taken")
	}
	if !r.Exact || r.Restored > 0 {
		fmt.Fprintf(w, "read %d data files: restored %d objects, %d of them without enough fragments; %d older or unfinished files go to quarantine at the next start\n",
			r.Files, r.Restored, r.Incomplete, r.Unnamed)
		fmt.Fprintf(w, "made %d containers and %d accounts anew; dropped %d rows whose small body is lost\n", r.Containers, r.Accounts, r.LostInline)
		writeNames(w, "made anew: container", r.MadeContainers, r.Containers)
	}
	writeNames(w, "damaged, now in quarantine: file", r.DamagedFiles, r.Damaged)
	if !r.Exact {
		fmt.Fprintln(w, cannotTell)
	}
	i := r.Recounted
	fmt.Fprintf(w, "the index holds %d accounts, %d containers, %d objects of %d bytes: %d in the index, %d in data files\n",
		i.Accounts, i.Containers, i.Objects, i.Bytes, i.InlineBodies, i.Files)
	for _, p := range i.Problems {
		fmt.Fprintln(w, "problem:", p)
	}
	if r.Replaced != "" {
		fmt.Fprintln(w, "the old index is kept in", r.Replaced)
	}
	fmt.Fprintf(w, "took %.1f s\n", r.Took.Seconds())
}

// writeNames writes one line for each name, and the number of names that are
// left out.
func writeNames(w io.Writer, what string, names []string, total int64) {
	for _, n := range names {
		fmt.Fprintln(w, what, strings.TrimSpace(n))
	}
	if more := total - int64(len(names)); more > 0 {
		fmt.Fprintf(w, "%s: %d more\n", what, more)
	}
}

func printDark(w io.Writer, r fsck.DarkReport, dryRun, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return err
		}
	} else {
		writeDark(w, r, dryRun)
	}
	if r.Damaged+r.Incomplete > 0 {
		return fmt.Errorf("%w: not all of the dark data could be brought back", errWarning)
	}
	return nil
}

func writeDark(w io.Writer, r fsck.DarkReport, dryRun bool) {
	if dryRun {
		fmt.Fprintln(w, "dry run: nothing was changed")
	}
	fmt.Fprintf(w, "found %d data files of %d bytes in quarantine that no row names\n", r.Files, r.Bytes)
	if r.Discarded > 0 {
		fmt.Fprintf(w, "removed %d of them\n", r.Discarded)
		return
	}
	fmt.Fprintf(w, "brought back %d objects, %d of them over an older one of that name, and %d files of objects that lacked them; made %d containers anew\n",
		r.Restored, r.Replaced, r.Slots, r.Containers)
	fmt.Fprintf(w, "left %d bodies for whose name there is a newer or the same one, %d without enough fragments, %d damaged files\n",
		r.Superseded, r.Incomplete, r.Damaged)
	writeNames(w, "damaged: file", r.DamagedFiles, r.Damaged)
	fmt.Fprintf(w, "took %.1f s\n", r.Took.Seconds())
}
