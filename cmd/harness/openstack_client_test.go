// SPDX-License-Identifier: Apache-2.0

//go:build openstack

package harness

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// debianPython is the Python that Debian's packages are for; another may come
// before it in PATH.
const debianPython = "/usr/bin/python3"

// warmClients is a server of `openstack` and `glance`: it has their modules
// loaded and forks for each command, which otherwise spends seconds on imports.
// A request is one line of JSON {args, env, dir}, its answer {code, out, err,
// seconds}; it ends with its standard input.
const warmClients = `
import json, os, signal, socket, sys, tempfile, threading, time
import openstackclient.shell, glanceclient.shell
import openstackclient.identity.client, openstackclient.image.client
import openstack, keystoneclient.v3.client, keystoneauth1.session, glanceclient.v2.client

def command(r, out, err):
    os.dup2(out.fileno(), 1); os.dup2(err.fileno(), 2)
    sys.stdout = os.fdopen(1, 'w', closefd=False); sys.stderr = os.fdopen(2, 'w', closefd=False)
    os.environ.clear(); os.environ.update(r['env']); os.chdir(r['dir'] or '/')
    sys.argv = r['args']
    code = 1
    try:
        if r['args'][0] == 'openstack':
            code = openstackclient.shell.main(r['args'][1:])
        else:
            glanceclient.shell.main(); code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
    except BaseException as e:
        print(e, file=sys.stderr)
    finally:
        sys.stdout.flush(); sys.stderr.flush()
        os._exit(code or 0)

def serve(conn):
    f = conn.makefile('rwb')
    r = json.loads(f.readline())
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.time()
        pid = os.fork()
        if pid == 0:
            command(r, out, err)
        _, status = os.waitpid(pid, 0)
        out.seek(0); err.seek(0)
        f.write(json.dumps({'code': os.waitstatus_to_exitcode(status), 'seconds': time.time() - start,
            'out': out.read().decode(errors='replace'), 'err': err.read().decode(errors='replace')}).encode() + b'\n')
        f.flush()
    os._exit(0)

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1]); listener.listen(16)
# A terminal: of anything else, image create reads the image.
stdin = os.dup(0); terminal = os.openpty(); os.dup2(terminal[1], 0)
def watch():
    os.read(stdin, 1)
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
print('ready', flush=True)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    conn, _ = listener.accept()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(stdin); listener.close()
        serve(conn)
    conn.close()
`

// warmCommand stands in PATH as openstack and glance for shell scripts.
const warmCommand = `#!/usr/bin/python3 -SE
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ['WARM_SOCKET'])
f = s.makefile('rwb')
f.write(json.dumps({'args': [os.path.basename(sys.argv[0])] + sys.argv[1:], 'env': dict(os.environ), 'dir': os.getcwd()}).encode() + b'\n')
f.flush()
a = json.loads(f.readline())
sys.stdout.write(a['out']); sys.stderr.write(a['err'])
sys.exit(a['code'])
`

// clients runs commands of `openstack` and `glance`.
type clients struct{ socket, bin string }

type commandResult struct {
	Code    int     `json:"code"`
	Seconds float64 `json:"seconds"`
	Out     string  `json:"out"`
	Err     string  `json:"err"`
}

func startClients(t *testing.T) *clients {
	t.Helper()
	dir := t.TempDir()
	c := &clients{socket: filepath.Join(dir, "s"), bin: filepath.Join(dir, "bin")}
	if err := os.Mkdir(c.bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"openstack", "glance"} {
		if err := os.WriteFile(filepath.Join(c.bin, name), []byte(warmCommand), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(debianPython, "-c", warmClients, c.socket)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	ready := make([]byte, 16)
	if n, err := stdout.Read(ready); err != nil || !strings.HasPrefix(string(ready[:n]), "ready") {
		_ = cmd.Wait()
		t.Fatalf("the clients do not start: %v\n%s", err, stderr.String())
	}
	return c
}

// do runs a command whatever comes of it.
func (c *clients) do(t *testing.T, env map[string]string, args ...string) commandResult {
	t.Helper()
	conn, err := net.DialTimeout("unix", c.socket, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	var r commandResult
	if err := json.NewEncoder(conn).Encode(map[string]any{"args": args, "env": env, "dir": "/"}); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// script runs a shell script whose openstack and glance are the loaded ones.
func (c *clients) script(t *testing.T, path string, env map[string]string) {
	t.Helper()
	cmd := exec.Command("sh", "-x", path)
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	// The last of a name counts.
	cmd.Env = append(cmd.Env, "WARM_SOCKET="+c.socket, "PATH="+c.bin+":/usr/bin:/bin")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, testserver.Tail(string(out), 1000))
	}
	t.Logf("%6.2fs  %s", time.Since(start).Seconds(), path)
}
