// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a running needletail.
type server struct {
	url           string // http://HOST:PORT
	adminPassword string
	process       *exec.Cmd
}

// stopTimeout bounds the time between SIGTERM and the end of a server.
const stopTimeout = 30 * time.Second

// buildServer compiles the server of the module around the current folder, and
// returns the path of the binary in dir.
func buildServer(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "needletail")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "needletail/cmd/needletail")
	cmd.Stderr = os.Stderr
	return binary, cmd.Run()
}

// startServer starts the server on a free port, with the data and the log in dir,
// and returns when the server listens.
func startServer(ctx context.Context, binary, dir, config string) (*server, error) {
	path := filepath.Join(dir, "needletail.toml")
	head := fmt.Sprintf("data = %q\nlisten = \"127.0.0.1:0\"\n", filepath.Join(dir, "data"))
	// bcrypt at the lowest cost: the tests log in thousands of times.
	head += "[identity]\npassword_hash_rounds = 4\n"
	if err := os.WriteFile(path, []byte(head+config), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	var random [16]byte
	_, _ = rand.Read(random[:]) // crypto/rand.Read does not fail
	s := &server{adminPassword: hex.EncodeToString(random[:])}
	s.process = exec.CommandContext(ctx, binary, "serve", "--config", path)
	s.process.Env = append(os.Environ(), "OS_BOOTSTRAP_PASSWORD="+s.adminPassword)
	s.process.Stderr = log
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			s.url = url
			go func() {
				for lines.Scan() { // a full pipe would block the server
				}
			}()
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("the server did not start: see "+log.Name()), s.process.Wait())
}

// stop ends the server: by SIGTERM, and by SIGKILL after stopTimeout.
func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(stopTimeout, func() { _ = s.process.Process.Kill() })
	defer timer.Stop()
	_ = s.process.Wait()
}
