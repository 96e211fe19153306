// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/page"
	"needletail/cmd/harness/testserver"
)

// pageRun is a page while its blocks are run. All commands share a folder, their
// variables and a server.
type pageRun struct {
	t      *testing.T
	dir    string // where the commands run; the page's absolute paths lie below
	addr   string // of the page's server, in place of docsListen
	server *testserver.Process
}

const (
	// docsListen is the address that the pages name.
	docsListen = "127.0.0.1:8080"
	// commandTimeout bounds a command, which may wait for a server to do something.
	commandTimeout = 2 * time.Minute
	// stateFile keeps the variables and functions of a block for the next block.
	stateFile = ".state"
)

// docsPaths are absolute paths of pages, which lie below the test's folder.
var docsPaths = regexp.MustCompile(`/(etc/needletail|var/lib/needletail|srv)\b`)

// serveCommand is a server that goes on, with variables before. A command line with
// more behind, an exit code for example, expects the server to end.
var serveCommand = regexp.MustCompile(`^([A-Z_]+=\S+ )*needletail serve[^;|]*$`)

// runPage runs the blocks of a page in a new folder. With e2e it runs commands of
// Debian's packages too.
func runPage(t *testing.T, blocks []page.Block, e2e bool) {
	r := &pageRun{t: t, dir: t.TempDir(), addr: freeAddress(t)}
	for _, dir := range []string{"bin", "etc/needletail", "var/lib", "srv"} {
		if err := os.MkdirAll(filepath.Join(r.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	binary, err := testserver.Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(r.dir, "bin", "needletail")); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		text := docsPaths.ReplaceAllString(strings.ReplaceAll(b.Text, docsListen, r.addr), r.dir+"/$1")
		var err error
		switch b.Kind {
		case page.Console:
			err = r.console(text)
		case page.E2E:
			if e2e {
				err = r.console(text)
			} else {
				err = r.syntax(text)
			}
		case page.Syntax:
			err = r.syntax(text)
		case page.TOML:
			err = r.toml(text)
		case page.Stop:
			r.stop()
		case page.Text:
			if strings.HasPrefix(text, "$ ") {
				err = errors.New("a block of text begins with a command")
			}
		default:
			err = fmt.Errorf("%q is no kind of block", b.Kind)
		}
		if err != nil {
			t.Fatalf("line %d: %v", b.Line, err)
		}
	}
}

// freeAddress returns an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// syntax checks commands without running them.
func (r *pageRun) syntax(text string) error {
	commands, err := page.Commands(text)
	if err != nil {
		return err
	}
	for _, c := range commands {
		cmd := exec.Command("bash", "-n", "-c", c.Text)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", c.Text, err, out)
		}
	}
	return nil
}

// toml writes the configuration where its first line says, and has the server's
// loader judge it.
func (r *pageRun) toml(text string) error {
	path, rest, _ := strings.Cut(text, "\n")
	path = strings.TrimPrefix(path, "# ")
	if !strings.HasPrefix(path, r.dir) {
		path, rest = filepath.Join(r.dir, "example.toml"), text
	}
	if err := os.WriteFile(path, []byte(rest), 0o600); err != nil {
		return err
	}
	cfg, err := loadSettings(path)
	if err == nil {
		err = cfg.Validate()
	}
	return err
}

// console runs commands and compares what they print.
func (r *pageRun) console(text string) error {
	commands, err := page.Commands(text)
	if err != nil {
		return err
	}
	for _, c := range commands {
		var out string
		plain, _, _ := strings.Cut(c.Text, " #") // a comment of the shell
		switch words := strings.Fields(plain); {
		case words[0] == "make":
			out, err = r.make(words[1:])
		case serveCommand.MatchString(c.Text):
			out, err = r.serve(plain)
		default:
			out, err = r.bash(c.Text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", c.Text, err, out)
		}
		if line := missingLine(out, c.Output); line != "" {
			return fmt.Errorf("%s\nprints no line (or not in this order)\n%s\nbut\n%s", c.Text, line, out)
		}
	}
	return nil
}

// bash runs a command with the variables and functions that were set before.
func (r *pageRun) bash(text string) (string, error) {
	script := "set -aeo pipefail\n[ ! -e " + stateFile + " ] || . ./" + stateFile + "\n" + text + "\n{ declare -p | grep -v '^declare -[a-z]*r'; declare -f; } >" + stateFile + "\n"
	ctx, cancel := context.WithTimeout(r.t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(r.dir, "bin")+":"+os.Getenv("PATH"), "HOME="+r.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// make asks make for the commands of targets. The last command of `make run` is
// the server's, which is started.
func (r *pageRun) make(args []string) (string, error) {
	cmd := exec.Command("make", append([]string{"-n", "-C", repositoryRoot(r.t), "LISTEN=" + r.addr}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil || args[0] != "run" {
		return string(out), err
	}
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 1 && words[1] == "serve" {
			return r.serve("needletail " + strings.Join(words[1:], " "))
		}
	}
	return string(out), errors.New("no server is started")
}

// serve starts the page's server, on the page's address, and returns what it
// prints until it listens.
func (r *pageRun) serve(line string) (string, error) {
	r.stop()
	if !strings.Contains(line, "--listen") {
		line += " --listen " + r.addr
	}
	script := "cd " + r.dir + "; exec env PATH=" + filepath.Join(r.dir, "bin") + ":$PATH " + line
	r.server = testserver.StartCommand(r.t, "", "bash", "-c", script)
	return r.server.Output(), nil
}

// stop ends the page's server, as Ctrl-C does.
func (r *pageRun) stop() {
	if r.server != nil {
		r.server.Stop()
		r.server = nil
	}
}
