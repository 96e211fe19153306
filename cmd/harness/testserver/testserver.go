// SPDX-License-Identifier: Apache-2.0

// Package testserver starts the program for tests: the released binary, as a process
// of its own, on a free port of loopback. A process ends with its test.
package testserver

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// build builds the binary for a release.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "needletail-bin-")
	if err != nil {
		return "", err
	}
	built.Store(&dir)
	binary := filepath.Join(dir, "needletail")
	out, err := exec.Command("go", "build", "-o", binary, "needletail/cmd/needletail").CombinedOutput()
	if err != nil {
		return "", &buildError{out: string(out), err: err}
	}
	return binary, nil
})

type buildError struct {
	out string
	err error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// built is the folder of the binary, once there is a binary.
var built atomic.Pointer[string]

// Remove removes the binary that Build made. A package calls it from TestMain,
// after its tests.
func Remove() {
	if dir := built.Load(); dir != nil {
		_ = os.RemoveAll(*dir)
	}
}

// Build builds the binary, once for all tests of a package, and returns the path.
func Build() (string, error) { return build() }

// Process is a running `needletail serve`.
type Process struct {
	Cmd  *exec.Cmd
	URL  string // http://HOST:PORT
	Data string // the data folder

	t *testing.T

	mu  sync.Mutex // protects out
	out strings.Builder
	// done is closed when the output has ended.
	done chan struct{}
}

// Start runs `needletail serve` on the data folder and a free port, waits
// until it listens, and ends it with the test.
func Start(t *testing.T, data string, args ...string) *Process {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return StartCommand(t, data, binary, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, args...)...)
}

// StartCommand is Start with another command line.
func StartCommand(t *testing.T, data, name string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, Data: data, done: make(chan struct{})}
	p.Cmd = exec.Command(name, args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd.Stdout, p.Cmd.Stderr = w, w
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	listening := make(chan string, 1)
	go p.collect(r, listening)
	t.Cleanup(func() {
		_ = p.Cmd.Process.Kill()
		p.Wait()
		if t.Failed() {
			t.Logf("the server printed:\n%s", Tail(p.Output(), 8000))
		}
	})
	select {
	case p.URL = <-listening:
	case <-p.done:
		t.Fatalf("the server ended before it listened:\n%s", p.Output())
	case <-time.After(60 * time.Second):
		t.Fatalf("the server does not listen:\n%s", p.Output())
	}
	return p
}

func (p *Process) collect(r io.ReadCloser, listening chan<- string) {
	defer close(p.done)
	defer r.Close()
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		p.mu.Lock()
		p.out.WriteString(line)
		p.mu.Unlock()
		if _, url, ok := strings.Cut(line, "listening on "); ok {
			select {
			case listening <- strings.TrimSpace(url):
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// Output returns the lines printed so far.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// Wait returns the exit error once the process has ended.
func (p *Process) Wait() error {
	err := p.Cmd.Wait()
	<-p.done
	return err
}

// Stop ends the server as an operator does, and wants a good end.
func (p *Process) Stop() {
	p.t.Helper()
	_ = p.Cmd.Process.Signal(syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		p.t.Errorf("after SIGTERM: %v", err)
	}
}

// Kill is kill -9.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill()
	_ = p.Wait()
}

// Tail returns the last n bytes of s.
func Tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// Answer sends a request, with headers as names and values in turn, and returns
// the answer and the body.
func Answer(t *testing.T, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for ; len(headers) > 1; headers = headers[2:] {
		req.Header.Set(headers[0], headers[1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(read)
}

// WriteConfig writes a configuration file and returns the path.
func WriteConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "needletail.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
