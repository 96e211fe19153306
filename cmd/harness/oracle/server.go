// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// needletail is a running server.
type needletail struct {
	addr string
	cmd  *exec.Cmd
}

// configuration is the TOML of every site: only errors are logged.
const configuration = "[log]\nlevel = \"error\"\n"

func startNeedletail(binary, data, more string) (*needletail, error) {
	config := data + ".toml"
	if err := os.WriteFile(config, []byte(configuration+more), 0o600); err != nil {
		return nil, err
	}
	args := []string{"serve", "--data", filepath.Clean(data), "--listen", "127.0.0.1:0", "--config", config}
	for _, u := range scriptUsers {
		args = append(args, "--tempauth-user", u.needletailFlag())
	}
	cmd := exec.Command(binary, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, addr, ok := strings.Cut(lines.Text(), "listening on http://"); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return &needletail{strings.TrimSpace(addr), cmd}, nil
		}
	}
	_ = cmd.Wait()
	return nil, errors.New("needletail ended before it listened")
}

func (n *needletail) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	_ = n.cmd.Wait()
}
