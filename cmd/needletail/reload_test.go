// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"needletail/cmd/harness/testserver"
	"needletail/proxy/swift/middleware/proxylogging"
	"needletail/proxy/web"
)

// reloading is a reloader over a file, and what it reloads.
type reloading struct {
	*reloader
	t      *testing.T
	path   string
	out    bytes.Buffer
	logger *slog.Logger
	access *accessLog
	st     storage
}

const reloadable = "[log]\nlevel = %q\nswift_access = true\nswift_access_file = %q\n[tempauth]\nusers = [%s]\n%s"

func newReloading(t *testing.T, level, file, users, more string) *reloading {
	t.Helper()
	l := &reloading{t: t, path: filepath.Join(t.TempDir(), "c.toml")}
	load := func() (settings, error) {
		cfg, err := loadSettings(l.path)
		if err != nil {
			return cfg, err
		}
		return cfg, cfg.Validate()
	}
	l.write(level, file, users, more)
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	cfg.live = new(liveLog)
	l.reloader = &reloader{load: load, started: cfg}
	if l.logger, err = newLogger(cfg.Log, cfg.live, &l.out); err != nil {
		t.Fatal(err)
	}
	if l.access, err = openAccessLog(cfg.Log, &l.out); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.access.close(); err != nil {
			t.Error(err)
		}
	})
	if l.st.users, err = cfg.TempAuth.Open(nil); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *reloading) write(level, file, users, more string) {
	l.t.Helper()
	if err := os.WriteFile(l.path, fmt.Appendf(nil, reloadable, level, file, users, more), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// hangup reloads, and gives what was logged.
func (l *reloading) hangup() string {
	l.out.Reset()
	l.reload(l.t.Context(), l.logger, new(ports), l.access, l.st.users)
	return l.out.String()
}

func (l *reloading) line(text string) {
	l.t.Helper()
	if err := l.access.lines.Write(proxylogging.Outcome{Method: text}, web.LogInfo{Line: &proxylogging.AccessLine{}}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *reloading) login(user, key string) string {
	token, err := l.st.users.Login(l.t.Context(), "a", user, key)
	if err != nil {
		return ""
	}
	return token.Value
}

func (l *reloading) valid(token string) bool {
	_, err := l.st.users.Validate(l.t.Context(), token)
	return err == nil
}

func lineCount(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestReloadOpensTheAccessLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "access.log")
	l := newReloading(t, "info", file, `"a:one=1"`, "")
	l.line("FIRST")
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	l.line("SECOND")
	if said := l.hangup(); !strings.Contains(said, "reloaded") || strings.Contains(said, "level=WARN") {
		t.Error(said)
	}
	l.line("THIRD")
	if lineCount(t, file+".1") != 2 || lineCount(t, file) != 1 {
		t.Errorf("%d lines before, %d after", lineCount(t, file+".1"), lineCount(t, file))
	}
	l.write("info", filepath.Join(file, "no folder"), `"a:one=1"`, "")
	if said := l.hangup(); !strings.Contains(said, "level=ERROR") {
		t.Error(said)
	}
	l.line("FOURTH")
	if lineCount(t, file) != 2 {
		t.Error("a file that cannot be opened took lines away")
	}
}

func TestReloadChangesWhatMayChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "access.log")
	l := newReloading(t, "info", file, `"a:one=1", "a:two=2", "a:three=3,.admin"`, "")
	one, two, three := l.login("one", "1"), l.login("two", "2"), l.login("three", "3")
	l.write("error", file, `"a:one=1", "a:two=other", "a:three=3", "a:four=4"`, "")
	if said := l.hangup(); said != "" {
		t.Errorf("at level error: %s", said)
	}
	if l.logger.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("the level is as it was")
	}
	for name, c := range map[string]struct{ got, want bool }{
		"a token of the same user": {l.valid(one), true}, "of a user with another key": {l.valid(two), false},
		"of a user with other groups": {l.valid(three), false}, "the old key": {l.login("two", "2") != "", false},
		"the new key": {l.login("two", "other") != "", true}, "a new user": {l.login("four", "4") != "", true},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	l.write("info", file, `"a:one=1"`, "[limits]\nmax_file_size = 10\n")
	if said := l.hangup(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "next start") {
		t.Errorf("a change that takes a start: %s", said)
	}
	if l.login("four", "4") != "" {
		t.Error("a user that was taken out logs in")
	}
}

// TestWrongConfigurationIsNotTaken: nothing of it counts, and the one before
// goes on.
func TestWrongConfigurationIsNotTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "access.log")
	l := newReloading(t, "info", file, `"a:one=1"`, "")
	for _, more := range []string{"unknown = 1\n", "[limits]\nmax_file_size = -1\n", "garbage"} {
		l.write("error", file, `"a:two=2"`, more)
		if said := l.hangup(); !strings.Contains(said, "level=ERROR") || !strings.Contains(said, "the one before counts") {
			t.Errorf("%s: %s", more, said)
		}
	}
	for _, users := range []string{`"nonsense"`, `"a:one=1", "a:one=2"`} {
		l.write("error", file, users, "")
		if said := l.hangup(); !strings.Contains(said, "level=ERROR") {
			t.Errorf("%s: %s", users, said)
		}
	}
	l.write("shout", file, `"a:two=2"`, "")
	if said := l.hangup(); !strings.Contains(said, "level=ERROR") {
		t.Error(said)
	}
	if l.login("one", "1") == "" || l.login("two", "2") != "" {
		t.Error("users of a wrong configuration")
	}
}

// TestSignalsDoNotStop: a closed terminal, logrotate and a reader of the log that
// has gone end no server.
func TestSignalsDoNotStop(t *testing.T) {
	p := testserver.Start(t, t.TempDir(), "--tempauth-user", "test:tester=testing,.admin")
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGHUP} {
		if err := p.Cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if status, _, body := asked(t, p, "/healthcheck", "h"); status != 200 {
			t.Errorf("after %v: %d %s", s, status, body)
		}
	}
	p.Stop()
}

// TestLogWithoutAReader: the server goes on when the program that reads its log
// ends.
func TestLogWithoutAReader(t *testing.T) {
	binary, err := testserver.Build()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	_ = w.Close()
	p := &testserver.Process{Cmd: cmd}
	for out := bufio.NewReader(r); p.URL == ""; {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if _, url, ok := strings.Cut(line, "listening on "); ok {
			p.URL = strings.TrimSpace(url)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, _, _ := asked(t, p, "/healthcheck", "h"); status != 200 {
			t.Errorf("status %d", status)
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}
