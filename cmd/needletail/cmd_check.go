// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"needletail/objstore/datafolder"
	"needletail/objstore/engine"
	"needletail/objstore/fsck"
)

// checkRequest says what a check looks at.
type checkRequest struct {
	ReadData    bool `json:"read_data"`
	Part, Parts int
}

// checkLine is one line of a check's answer. Exactly one field is set.
type checkLine struct {
	Finding  *fsck.Finding     `json:"finding,omitempty"`
	Progress *fsck.Progress    `json:"progress,omitempty"`
	Report   *fsck.CheckReport `json:"report,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func newCheckCommand() *cobra.Command {
	var config, data, subset string
	var readData, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that index, counters, listings and data files agree; of a running server too",
		Long: "Check compares rows, counters, listings, expiry entries, queues and data files.\n" +
			"If a server uses the data folder, the server checks; else the command does.\n\n" +
			"Exit codes: 0 nothing found, 1 damage found or failed, 2 usage, 3 no store,\n" +
			"4 a server uses the folder and does not answer, 5 only chores of the store found:\n" +
			"files without an object, bodies that wait for healing, a copy of the index that is filled.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&config, "config", "", "the server's TOML `FILE`")
	cmd.Flags().StringVar(&data, "data", "", "`DIR` of the server")
	cmd.Flags().BoolVar(&readData, "read-data", false, "read every body and check its checksums")
	cmd.Flags().StringVar(&subset, "subset", "", "look at part `N/M` of the bodies only")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON lines: findings, then the report")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		request := checkRequest{ReadData: readData}
		var err error
		if request.Part, request.Parts, err = parseSubset(subset); err != nil {
			return err
		}
		cfg, err := loadEngineConfig(config, data)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		p := &checkPrinter{out: cmd.OutOrStdout(), progress: newProgress(cmd.ErrOrStderr()), json: asJSON}
		if err := runCheck(ctx, cfg, request, p.line); err != nil {
			return err
		}
		return p.verdict()
	}
	return cmd
}

// loadStoreConfig returns the settings of a command that looks at a store.
// data, if not "", goes before the file.
func loadStoreConfig(path, data string) (settings, error) {
	cfg, err := loadSettings(path)
	if err != nil {
		return cfg, err
	}
	if data != "" {
		cfg.Data = data
	}
	return cfg, cfg.Validate()
}

// loadEngineConfig is loadStoreConfig for a command about the embedded store.
func loadEngineConfig(path, data string) (settings, error) {
	cfg, err := loadStoreConfig(path, data)
	if err == nil && cfg.Cluster.On() {
		err = fmt.Errorf("%w: the server is a proxy of the cluster of %s, which has tools of its own: swift-recon, swift-dispersion-report", errUsage, cfg.Cluster.SwiftDir)
	}
	return cfg, err
}

// parseSubset reads "N/M"; "" is all.
func parseSubset(s string) (part, parts int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	n, m, _ := strings.Cut(s, "/")
	part, err1 := strconv.Atoi(n)
	parts, err2 := strconv.Atoi(m)
	err = errors.Join(err1, err2)
	if err == nil && parts < 1 {
		err = errors.New("no parts")
	}
	if err == nil {
		err = (&fsck.CheckOptions{Part: part, Parts: parts}).Validate()
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: --subset %q: %w", errUsage, s, err)
	}
	return part, parts, nil
}

// runCheck checks a closed store, or asks the server that has the store open to
// check.
func runCheck(ctx context.Context, cfg settings, request checkRequest, visit func(checkLine) error) error {
	options, err := request.options(visit)
	if err != nil {
		return err
	}
	logger, err := newLogger(cfg.Log, nil, io.Discard)
	if err != nil {
		return err
	}
	report, err := fsck.CheckClosed(ctx, cfg.folder(logger), options)
	if !errors.Is(err, datafolder.ErrLocked) {
		if err != nil {
			return err
		}
		return visit(checkLine{Report: &report})
	}
	return callControl(ctx, cfg.Data, "/check", request, func(b []byte) error {
		var line checkLine
		if err := json.Unmarshal(b, &line); err != nil {
			return err
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
		return visit(line)
	})
}

// options returns the engine's options. visit gets each finding.
func (r checkRequest) options(visit func(checkLine) error) (fsck.CheckOptions, error) {
	o := fsck.CheckOptions{
		ReadData: r.ReadData, Part: r.Part, Parts: r.Parts,
		Found:    func(f fsck.Finding) { _ = visit(checkLine{Finding: &f}) }, // its errors come again at the end
		Progress: func(p fsck.Progress) { _ = visit(checkLine{Progress: &p}) },
	}
	return o, o.Validate()
}

// answerCheck is a server's side of a check.
func answerCheck(w http.ResponseWriter, r *http.Request, e *engine.Engine) {
	var request checkRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, controlBodyMax)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	told := time.Now()
	send := func(line checkLine) error {
		if line.Progress != nil && time.Since(told) < progressOnTTY {
			return nil
		}
		told = time.Now()
		return errors.Join(out.Encode(line), flush.Flush())
	}
	options, err := request.options(send)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	report, err := e.Check(r.Context(), options)
	last := checkLine{Report: &report}
	if err != nil {
		last = checkLine{Error: err.Error()}
	}
	_ = send(last) // whoever asked is gone
}

// checkPrinter prints the findings of a check.
type checkPrinter struct {
	out      io.Writer
	progress *progressMeter
	json     bool
	report   *fsck.CheckReport
}

func (p *checkPrinter) line(l checkLine) error {
	if l.Progress != nil {
		p.progress.show(*l.Progress)
		return nil
	}
	p.progress.clear()
	if l.Report != nil {
		p.report = l.Report
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(l)
	}
	if f := l.Finding; f != nil {
		fmt.Fprint(p.out, f.Kind, ":")
		for _, field := range [][2]string{{"object", f.Object}, {"file", f.File}, {"device", f.Device}} {
			if field[1] != "" {
				fmt.Fprintf(p.out, " %s %q", field[0], field[1])
			}
		}
		fmt.Fprintf(p.out, " %s\n", f.What)
	}
	if r := l.Report; r != nil {
		i := r.Index
		fmt.Fprintf(p.out, "%d accounts, %d containers, %d objects of %d bytes: %d in the index, %d in data files; %d files wait for their removal\n",
			i.Accounts, i.Containers, i.Objects, i.Bytes, i.InlineBodies, i.Files, i.Queued)
		fmt.Fprintf(p.out, "looked at %d files on %d devices, read %d bodies of %d bytes in %.1f s; the index has %d copies\n",
			r.Files, r.Devices, r.BodiesRead, r.BytesRead, r.Seconds, r.IndexCopies)
		if r.DarkFiles > 0 {
			fmt.Fprintf(p.out, "quarantine holds %d files of %d bytes that no row names\n", r.DarkFiles, r.DarkBytes)
		}
		fmt.Fprintf(p.out, "damage: %d, chores of the store: %d\n", r.Damage, r.Chores)
	}
	return nil
}

// errDamage marks a check with findings of damage.
var errDamage = errors.New("damage was found")

func (p *checkPrinter) verdict() error {
	switch {
	case p.report == nil:
		return errNoControl
	case p.report.Damage > 0:
		return fmt.Errorf("%w: %d places", errDamage, p.report.Damage)
	case p.report.Chores > 0:
		return fmt.Errorf("%w: %d chores of the store are left", errWarning, p.report.Chores)
	}
	return nil
}
