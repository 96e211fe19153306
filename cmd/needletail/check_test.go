// SPDX-License-Identifier: Apache-2.0

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

	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/objstore/fsck"
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
	logger, err := newLogger(cfg.Log, nil, &strings.Builder{})
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
	path, data := checkStore(t)
	st := openStore(t, path)
	logger, err := newLogger(config.Log{Level: "error", Format: "text"}, nil, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := st.objects.serveControl(logger)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(data + "/" + controlName); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	out, code := runApart(t, "check", "--config", path, "--read-data")
	if code != 0 || !strings.Contains(out, "damage: 0") {
		t.Errorf("open store: %d, %s", code, out)
	}
	if _, code := runApart(t, "repair", "--rebuild-index", "--config", path); code != exitInUse {
		t.Errorf("repair of an open store: %d", code)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, code := runApart(t, "check", "--config", path); code != exitInUse {
		t.Errorf("a server that does not answer: %d", code)
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(data + "/index"); err != nil {
		t.Fatal(err)
	}
	out, code = runApart(t, "repair", "--rebuild-index", "--config", path, "--json")
	var report fsck.RebuildReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || !report.Exact {
		t.Errorf("repair: %d, %v, %s", code, err, out)
	}
	out, code = runApart(t, "check", "--config", path, "--json", "--subset", "1/4")
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
	f(exitUsage, "repair", "--rebuild-index", "--dark-data", "--data", dir)
	f(exitUsage, "repair", "--dark-data", "--from", "files", "--data", dir)
	f(exitUsage, "repair", "--rebuild-index", "--discard", "--data", dir)
	f(exitUsage, "repair", "--new-rings", "--dry-run", "--data", dir)
	f(exitNotFound, "repair", "--dark-data", "--data", dir+"/nothing")
	f(exitNotFound, "repair", "--new-rings", "--data", dir+"/nothing")
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
		if err := p.line(checkLine{Report: &fsck.CheckReport{Damage: damage, Chores: chores}}); err != nil {
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
		p.show(fsck.Progress{Step: "bodies", Fraction: float64(now.Unix()) / 100, Done: now.Unix() * 10})
		now = now.Add(time.Second)
	}
	want := "bodies: 0.0 %, 0\nbodies: 10.0 %, 100, 10/s, 1m30s left\nbodies: 20.0 %, 200, 10/s, 1m20s left\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	p.terminal = true
	p.show(fsck.Progress{Step: "files", Fraction: 0.5, Done: 7})
	p.clear()
	if want := "\r\x1b[K[###############...............] files: 50.0 %, 7\r\x1b[K"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// A store with fragments and copies on six disks loses its data folder and the
// second copy of the index: repair puts it together from the files.
func TestRepairOfFragmentsAndCopies(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "c.toml")
	text := fmt.Sprintf("data = %q\n", dir+"/data")
	for i := range 6 {
		text += fmt.Sprintf("[[device]]\npath = %q\n", fmt.Sprint(dir, "/d", i))
	}
	text += "[[policy]]\nindex = 0\nname = \"coded\"\ndefault = true\ndata = 4\nparity = 2\n" +
		"[[policy]]\nindex = 1\nname = \"copied\"\ncopies = 3\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[objstore.ObjectID]string{}
	st := openStore(t, config)
	for policy := range objstore.PolicyIndex(2) {
		c := objstore.ContainerID{Account: "AUTH_a", Container: objstore.ContainerName(fmt.Sprint("c", policy))}
		if _, err := st.store.PutContainer(t.Context(), c, objstore.PutContainerOptions{Policy: &policy}); err != nil {
			t.Fatal(err)
		}
		for i, size := range []int{100, 200_000, 1_200_000} {
			o := c.Object(objstore.ObjectName(fmt.Sprint("o", i)))
			want[o] = strings.Repeat(string(rune('a'+i)), size)
			if _, err := st.store.PutObject(t.Context(), o, strings.NewReader(want[o]), objstore.PutOptions{SizeBytes: -1}); err != nil {
				t.Fatal(err)
			}
			if size == 100 {
				delete(want, o) // only the index had it
			}
		}
	}
	mirror := st.objects.home().MirrorDir()
	if err := errors.Join(st.close(), os.RemoveAll(dir+"/data"), os.RemoveAll(mirror)); err != nil {
		t.Fatal(err)
	}
	out, code := runApart(t, "repair", "--rebuild-index", "--config", config, "--json")
	var report fsck.RebuildReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitWarning || report.Exact || report.Files != 2*6+2*3 || report.Restored != 4 {
		t.Errorf("repair: %d, %v, %s", code, err, out)
	}
	out, code = runApart(t, "check", "--config", config, "--read-data")
	if code != exitWarning || !strings.Contains(out, "damage: 0, chores of the store: 1") { // the second copy comes with the next start
		t.Errorf("check: %d, %s", code, out)
	}
	st = openStore(t, config)
	for o, body := range want {
		r, err := st.store.OpenObject(t.Context(), o, objstore.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Range(0, r.Info().SizeBytes))
		if err := errors.Join(err, r.Close()); err != nil || string(got) != body {
			t.Errorf("%v: %d bytes, %v", o, len(got), err)
		}
	}
	for policy := range objstore.PolicyIndex(2) {
		c := objstore.ContainerID{Account: "AUTH_a", Container: objstore.ContainerName(fmt.Sprint("c", policy))}
		info, err := st.store.HeadContainer(t.Context(), c, objstore.InfoOptions{})
		if err != nil || info.Policy != policy || info.ObjectCount != 2 || info.BytesUsed != 1_400_000 {
			t.Errorf("%v: %+v, %v", c, info, err)
		}
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
}
