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

// stopTimeout is how long a server may take to stop when told to.
const stopTimeout = 30 * time.Second

// buildServer compiles the server of the module around the current folder.
func buildServer(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "needletail")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "needletail/cmd/needletail")
	cmd.Stderr = os.Stderr
	return binary, cmd.Run()
}

// startServer starts the server on a free port with its data and its log in dir,
// and waits until it listens.
func startServer(ctx context.Context, binary, dir, config string) (*server, error) {
	path := filepath.Join(dir, "needletail.toml")
	head := fmt.Sprintf("data = %q\nlisten = \"127.0.0.1:0\"\n", filepath.Join(dir, "data"))
	// bcrypt at its cheapest: the tests log in thousands of times.
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
				for lines.Scan() { // the pipe must not fill up
				}
			}()
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("the server did not start: see "+log.Name()), s.process.Wait())
}

// stop ends the server, by force if it does not go by itself.
func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(stopTimeout, func() { _ = s.process.Process.Kill() })
	defer timer.Stop()
	_ = s.process.Wait()
}
