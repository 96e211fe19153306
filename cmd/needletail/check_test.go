package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"needletail/objstore/engine"
)

// runApart is runCommand without what goes to standard error.
func runApart(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	root := newRootCommand()
	var o strings.Builder
	root.SetOut(&o)
	root.SetErr(io.Discard)
	root.SetArgs(args)
	code = exitCode(root.Execute())
	return o.String(), code
}

// checkStore makes a store on two devices and gives its configuration's path.
func checkStore(t *testing.T) (config, data string) {
	t.Helper()
	dir := t.TempDir()
	data = dir + "/data"
	config = filepath.Join(dir, "c.toml")
	text := fmt.Sprintf("data = %q\n[[device]]\npath = %q\n[[device]]\npath = %q\n", data, dir+"/d1", dir+"/d2")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, data
}

func openStore(t *testing.T, config string) *storage {
	t.Helper()
	cfg, err := loadStoreConfig(config, "")
	if err != nil {
		t.Fatal(err)
	}
	logger, err := newLogger(cfg.Log, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := openStorage(cfg, logger)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// Check works on a store that a process has open, and on one that none has;
// repair only on the latter.
func TestCheckAndRepairCommands(t *testing.T) {
	config, data := checkStore(t)
	st := openStore(t, config)
	logger, err := newLogger(LogConfig{Level: "error", Format: "text"}, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := serveControl(data, st.engine, logger)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(data + "/" + controlName); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	out, code := runApart(t, "check", "--config", config, "--read-data")
	if code != 0 || !strings.Contains(out, "damage: 0") {
		t.Errorf("open store: %d, %s", code, out)
	}
	if _, code := runApart(t, "repair", "--rebuild-index", "--config", config); code != exitInUse {
		t.Errorf("repair of an open store: %d", code)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, code := runApart(t, "check", "--config", config); code != exitInUse {
		t.Errorf("a server that does not answer: %d", code)
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(data + "/index"); err != nil {
		t.Fatal(err)
	}
	out, code = runApart(t, "repair", "--rebuild-index", "--config", config, "--json")
	var report engine.RebuildReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || !report.Exact {
		t.Errorf("repair: %d, %v, %s", code, err, out)
	}
	out, code = runApart(t, "check", "--config", config, "--json", "--subset", "1/4")
	var line checkLine
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.Report == nil {
		t.Errorf("closed store: %d, %v, %s", code, err, out)
	}
}

func TestCheckAndRepairUsage(t *testing.T) {
	dir := t.TempDir()
	f := func(want int, args ...string) {
		t.Helper()
		if _, code := runApart(t, args...); code != want {
			t.Errorf("%q: exit code %d, want %d", args, code, want)
		}
	}
	f(exitNotFound, "check", "--data", dir+"/nothing")
	f(exitNotFound, "repair", "--rebuild-index", "--data", dir+"/nothing")
	f(exitUsage, "repair", "--data", dir)
	f(exitUsage, "repair", "--rebuild-index", "--from", "memory", "--data", dir)
	for _, subset := range []string{"0/2", "3/2", "1/0", "a/b", "1", "1/65537", "-1/2"} {
		f(exitUsage, "check", "--subset", subset, "--data", dir)
	}
	if part, parts, err := parseSubset("65536/65536"); part != 65536 || parts != 65536 || err != nil {
		t.Error(part, parts, err)
	}
}

func TestCheckVerdict(t *testing.T) {
	f := func(damage, chores int64, want int) {
		t.Helper()
		var out strings.Builder
		p := &checkPrinter{out: &out, progress: newProgress(&out)}
		if err := p.line(checkLine{Report: &engine.CheckReport{Damage: damage, Chores: chores}}); err != nil {
			t.Error(err)
		}
		if err := p.verdict(); exitCode(err) != want {
			t.Errorf("%d damaged, %d chores: %v", damage, chores, err)
		}
	}
	f(0, 0, 0)
	f(1, 5, exitFailure)
	f(0, 1, exitWarning)
	if err := (&checkPrinter{}).verdict(); !errors.Is(err, errNoControl) || exitCode(err) != exitInUse {
		t.Errorf("no report: %v", err)
	}
}

func TestProgressLines(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	for range 30 {
		p.show(engine.RebuildProgress{Step: "bodies", Fraction: float64(now.Unix()) / 100, Done: now.Unix() * 10})
		now = now.Add(time.Second)
	}
	want := "bodies: 0.0 %, 0\nbodies: 10.0 %, 100, 10/s, 1m30s left\nbodies: 20.0 %, 200, 10/s, 1m20s left\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	p.terminal = true
	p.show(engine.RebuildProgress{Step: "files", Fraction: 0.5, Done: 7})
	p.clear()
	if want := "\r\x1b[K[###############...............] files: 50.0 %, 7\r\x1b[K"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
