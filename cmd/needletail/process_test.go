// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildBinary builds the release binary once for all tests of the run.
var buildBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "needletail-bin-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "needletail")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
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

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := buildBinary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// process is a running `needletail serve`.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string // http://HOST:PORT
	data string

	mu  sync.Mutex // protects out
	out strings.Builder
	// done is closed when the output has ended.
	done chan struct{}
}

// startServer runs `needletail serve` on the data folder and a free port, waits
// until it listens, and ends it with the test.
func startServer(t *testing.T, data string, args ...string) *process {
	t.Helper()
	binary, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return startCommand(t, data, binary, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, args...)...)
}

// startCommand is startServer with a command line of one's own.
func startCommand(t *testing.T, data, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, data: data, done: make(chan struct{})}
	p.cmd = exec.Command(name, args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	listening := make(chan string, 1)
	go p.collect(r, listening)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		p.wait()
		if t.Failed() {
			t.Logf("the server printed:\n%s", tail(p.output(), 8000))
		}
	})
	select {
	case p.url = <-listening:
	case <-p.done:
		t.Fatalf("the server ended before it listened:\n%s", p.output())
	case <-time.After(60 * time.Second):
		t.Fatalf("the server does not listen:\n%s", p.output())
	}
	return p
}

func (p *process) collect(r io.ReadCloser, listening chan<- string) {
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

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// wait gives the exit error once the process has ended.
func (p *process) wait() error {
	err := p.cmd.Wait()
	<-p.done
	return err
}

// stop ends the server as an operator does, and wants it to end well.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		p.t.Errorf("after SIGTERM: %v", err)
	}
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.wait()
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
