// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package swiftcluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// client sends requests about the tester's account.
type client struct {
	*Client
	t *testing.T
}

func newClient(t *testing.T, c *Cluster) *client {
	k, err := c.Login(t.Context(), ProxyAddr, "test:tester", "testing")
	require.NoError(t, err)
	return &client{k, t}
}

// do asks Swift's proxy.
func (k *client) do(method, path, body string, headers ...string) (int, string) {
	k.t.Helper()
	return k.at(ProxyAddr, method, path, body, headers...)
}

// at asks the proxy at an address.
func (k *client) at(addr, method, path, body string, headers ...string) (int, string) {
	k.t.Helper()
	got, err := k.Do(k.t.Context(), addr, method, "/v1/AUTH_test"+path, []byte(body), headers...)
	require.NoError(k.t, err)
	return got.Status, string(got.Body)
}

func start(t *testing.T, o Options) *Cluster {
	t.Helper()
	o.Dir = t.TempDir()
	began := time.Now()
	c, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Logf("started after %.1f s", time.Since(began).Seconds())
	t.Cleanup(func() { require.NoError(t, c.Stop()) })
	return c
}

func TestPoliciesAndFaults(t *testing.T) {
	c := start(t, Options{})
	k := newClient(t, c)
	ctx := t.Context()
	body := strings.Repeat("0123456789abcdef", 1<<17)
	for _, p := range Policies {
		status, _ := k.do("PUT", "/"+p, "", "X-Storage-Policy", p)
		require.Equal(t, 201, status)
		status, _ = k.do("PUT", "/"+p+"/o", body)
		require.Equal(t, 201, status)
		status, got := k.do("GET", "/"+p+"/o", "")
		require.Equal(t, 200, status)
		require.True(t, got == body, "another body comes back")
	}
	// A node has at most two of the six fragments of an object; four are enough.
	require.NoError(t, c.StopServer(ctx, "object-server/1"))
	status, _ := k.do("GET", "/ec42/o", "")
	require.Equal(t, 200, status)
	require.NoError(t, c.StopServer(ctx, "object-server/2"))
	require.NoError(t, c.Signal(ctx, "object-server/3", syscall.SIGKILL))
	status, _ = k.do("PUT", "/gold/o", "1")
	require.Equal(t, 503, status, "one node takes an object of three copies")
	require.NoError(t, c.StartServer(ctx, "object-server/1", "object-server/2", "object-server/3"))
	running, err := c.Running(ctx)
	require.NoError(t, err)
	require.Len(t, running, len(StorageServers())+3)
	pids, err := c.HostPIDs(ctx)
	require.NoError(t, err)
	require.Len(t, pids, len(running))
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pids["object-server/3"]))
	require.NoError(t, err)
	require.Contains(t, string(command), "/etc/swift/object-server/3.conf")
	require.Error(t, c.StartServer(ctx, "object-server/1"), "the server runs already")
	require.Error(t, c.StopServer(ctx, "object-auditor/1"), "the daemon does not run")
	require.Error(t, c.Once(ctx, "object-replicator/5"))
	require.DirExists(t, c.Path("/srv/4/node/sdb8"))
	require.NoDirExists(t, "/srv/4/node/sdb8", "the devices are the cluster's alone")
}

func TestAsyncPendingIsSent(t *testing.T) {
	c := start(t, Options{DefaultPolicy: "silver"})
	k := newClient(t, c)
	status, _ := k.do("PUT", "/c", "")
	require.Equal(t, 201, status)
	var containers []string
	for node := 1; node <= Nodes; node++ {
		containers = append(containers, Name("container-server", node))
	}
	// The proxy finds the container in memcached.
	status, _ = k.do("PUT", "/c/first", "1")
	require.Equal(t, 201, status)
	require.NoError(t, c.StopServer(t.Context(), containers...))
	status, _ = k.do("PUT", "/c/second", "2")
	require.Equal(t, 201, status)
	require.NoError(t, c.StartServer(t.Context(), containers...))
	_, names := k.do("GET", "/c", "")
	require.Equal(t, "first\n", names)
	require.NoError(t, c.Once(t.Context(), "object-updater"))
	_, names = k.do("GET", "/c", "")
	require.Equal(t, "first\nsecond\n", names)
}

func TestClustersSideBySide(t *testing.T) {
	first, second := start(t, Options{Bare: true}), start(t, Options{Bare: true, OnDisk: true})
	for _, c := range []*Cluster{first, second} {
		running, err := c.Running(t.Context())
		require.NoError(t, err)
		require.Len(t, running, 2)
		cmd := c.Command(t.Context(), "sh", "-c", "swift-init proxy-server status; cat /proc/1/cmdline; [ -d /etc/swift/object-server ]")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), c.Dir)
	}
	require.NotEqual(t, first.Dir, second.Dir)
	found, err := Open(first.Dir)
	require.NoError(t, err)
	require.NoError(t, found.Stop())
	require.NoError(t, found.Stop(), "a cluster that has ended")
	_, err = second.Running(t.Context())
	require.NoError(t, err)
	_, err = first.Running(t.Context())
	require.Error(t, err)
}

// TestCommandEnds: the end of the context ends the program inside and its children.
func TestCommandEnds(t *testing.T) {
	c := start(t, Options{Bare: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := c.Command(ctx, "sh", "-c", "echo begun; sleep 1000 & sleep 1001")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, len("begun\n")))
	require.NoError(t, err)
	cancel()
	// All holders of the pipe have ended at its end.
	_, err = io.Copy(io.Discard, out)
	require.NoError(t, err)
	require.Error(t, cmd.Wait())
}

// TestSwiftInitTakesNeedletailForTheProxy: swift-init waits until needletail listens,
// knows the process, and ends it.
func TestSwiftInitTakesNeedletailForTheProxy(t *testing.T) {
	c := start(t, Options{Bare: true})
	binary := filepath.Join(c.Dir, "needletail")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/bash\n[ $1 != cluster ] || exec printf '[cluster]\\n[swift]\\n'\n"+
		"[ $1 = serve ] && [ -e $3 ] || exit\necho begun\necho listening on $3\nexec -a swift-proxy-server sleep 1000\n"), 0o755))
	require.NoError(t, c.ReplaceProxy(t.Context(), binary))
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	swiftInit := func(command string) string {
		out, err := c.Command(ctx, "swift-init", "proxy-server", command).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	swiftInit("start")
	log, err := os.ReadFile(filepath.Join(c.Dir, "log", "needletail.out"))
	require.NoError(t, err)
	require.Equal(t, "begun\nlistening on /etc/swift/needletail.toml\n", string(log))
	config, err := os.ReadFile(filepath.Join(c.Dir, "etc", "needletail.toml"))
	require.NoError(t, err)
	require.Regexp(t, `^\[cluster\]\nwhole_shard_ranges = (true|false)\n\[swift\]\n$`, string(config))
	require.Contains(t, swiftInit("status"), "proxy-server running")
	require.Contains(t, swiftInit("stop"), "appears to have stopped")
}

// TestEndOfTheParentEndsTheCluster starts a cluster in a process of its own, kills the
// process, and waits for the end of the nursery.
func TestEndOfTheParentEndsTheCluster(t *testing.T) {
	const folder, started = "SWIFTCLUSTER_TEST_FOLDER", "started\n"
	if dir := os.Getenv(folder); dir != "" {
		_, err := Start(t.Context(), Options{Dir: dir, Bare: true})
		require.NoError(t, err)
		fmt.Print(started)
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	dir := t.TempDir()
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), folder+"="+dir)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := make([]byte, len(started))
	_, err = io.ReadFull(out, said)
	require.NoError(t, err)
	require.Equal(t, started, string(said))
	c, err := Open(dir)
	require.NoError(t, err)
	nursery, err := unix.PidfdOpen(c.pid, 0)
	require.NoError(t, err)
	defer unix.Close(nursery)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	// A descriptor of a process is readable at its end (pidfd_open(2)).
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(nursery), Events: unix.POLLIN}}, int(stopTimeout.Milliseconds()))
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
