// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"needletail/cmd/harness/testserver"
)

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
