// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Cluster is a running cluster.
type Cluster struct {
	Dir string // the folder

	pid     int // of the nursery
	env     []string
	process *exec.Cmd      // nil for a cluster of another process
	tie     io.WriteCloser // whose end ends the cluster; nil for a detached one
}

//go:embed nursery.py
var nursery []byte

const (
	// startTimeout bounds the start of a cluster on a busy machine.
	startTimeout = 3 * time.Minute
	// stopTimeout bounds the wait for the kernel to end a cluster's processes.
	stopTimeout = 30 * time.Second
	// stateFile marks a folder as a cluster's.
	stateFile = "cluster.json"
	// argumentRoom is what a server's command line in ps may grow by.
	argumentRoom = 200
)

// state is the content of stateFile.
type state struct {
	PID         int      `json:"pid"`
	Environment []string `json:"environment"`
}

// plan is what the nursery reads from nursery.json.
type plan struct {
	Mounts  map[string]string `json:"mounts"`
	Folders []string          `json:"folders"`
	Rings   []ring            `json:"rings"`
	Entries map[string]string `json:"entries"`
}

// Start starts a cluster, and returns when all servers listen. After an error no
// process of it runs.
func Start(ctx context.Context, o Options) (c *Cluster, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a cluster needs root, for its namespaces and mounts")
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	in, err := findInstallation(o.Source)
	if err != nil {
		return nil, err
	}
	if err := clearFolder(o.Dir); err != nil {
		return nil, err
	}
	if err := writeFolder(o, in); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c = &Cluster{Dir: o.Dir, env: in.environment(o.Dir)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if err := c.startNursery(ctx, o.Detached); err != nil {
		return c, err
	}
	text, err := json.Marshal(state{c.pid, c.env})
	if err != nil {
		return c, err
	}
	if err := os.WriteFile(filepath.Join(o.Dir, stateFile), text, 0o600); err != nil {
		return c, err
	}
	return c, c.startAll(ctx, o)
}

// clearFolder makes the folder empty. A folder with anything but a cluster that has
// ended is left alone.
func clearFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	} else if err != nil {
		return err
	}
	if _, err := Open(dir); err == nil {
		return fmt.Errorf("a cluster runs in %s already", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err != nil {
		return fmt.Errorf("%s is not empty, and no cluster's folder", dir)
	}
	return os.RemoveAll(dir)
}

func writeFolder(o Options, in *installation) error {
	for _, name := range []string{"bin", "cache", filepath.Join("etc", "backups"), "log", "run", "srv"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, name), 0o755); err != nil {
			return err
		}
	}
	p := plan{Rings: rings(), Entries: in.entries, Mounts: map[string]string{
		"/etc/swift":       filepath.Join(o.Dir, "etc"),
		"/run/swift":       filepath.Join(o.Dir, "run"),
		"/var/cache/swift": filepath.Join(o.Dir, "cache"),
		"/srv":             filepath.Join(o.Dir, "srv"),
	}}
	if !o.OnDisk {
		p.Mounts["/srv"] = fmt.Sprintf("tmpfs:%d", o.DiskBytes)
	}
	for node := 1; node <= Nodes; node++ {
		p.Folders = append(p.Folders, fmt.Sprintf("/var/cache/swift/%d", node))
		for _, disk := range disks(node) {
			p.Folders = append(p.Folders, fmt.Sprintf("/srv/%d/node/%s", node, disk))
		}
	}
	planText, err := json.Marshal(p)
	if err != nil {
		return err
	}
	files := map[string][]byte{"nursery.py": nursery, "nursery.json": planText, stateFile: []byte("{}")}
	for name, text := range o.configs() {
		files[filepath.Join("etc", name)] = []byte(text)
	}
	for name, text := range files {
		path := filepath.Join(o.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return in.write(o.Dir)
}

// startNursery starts the first process of new namespaces, and returns when the
// process takes orders.
func (c *Cluster) startNursery(ctx context.Context, detached bool) error {
	log, err := os.Create(filepath.Join(c.Dir, "log", "nursery.out"))
	if err != nil {
		return err
	}
	defer log.Close()
	ready, readyEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	cmd := exec.Command(python, filepath.Join(c.Dir, "nursery.py"), c.Dir, strings.Repeat("-", argumentRoom))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", c.env, log, log
	cmd.ExtraFiles = []*os.File{readyEnd}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET, Setsid: true}
	if !detached {
		if c.tie, err = cmd.StdinPipe(); err != nil {
			_ = readyEnd.Close()
			return err
		}
	}
	err = cmd.Start()
	_ = readyEnd.Close()
	if err != nil {
		return fmt.Errorf("namespaces: %w", err)
	}
	c.process, c.pid = cmd, cmd.Process.Pid
	stop := context.AfterFunc(ctx, func() { _ = ready.SetReadDeadline(time.Now()) })
	defer stop()
	said, err := io.ReadAll(io.LimitReader(ready, 64))
	if err == nil && string(said) != "ready\n" {
		text, _ := os.ReadFile(log.Name())
		err = fmt.Errorf("the nursery ended: %s", bytes.TrimSpace(text))
	}
	return err
}

// startAll starts the servers in their order: a proxy looks for memcached once.
func (c *Cluster) startAll(ctx context.Context, o Options) error {
	for _, s := range []order{
		{Name: memcached, Program: "memcached", Arguments: []string{"-u", "root", "-l", "127.0.0.1", "-p", "11211", "-m", "64"}},
		{Name: rsyncd, Program: "rsync", Arguments: []string{"--daemon", "--no-detach", "--config=/etc/swift/rsyncd.conf"}},
	} {
		s.Do, s.Exec = "start", true
		if err := c.start(ctx, s); err != nil {
			return err
		}
	}
	for name, addr := range map[string]string{memcached: memcachedAddr, rsyncd: rsyncAddr} {
		if err := c.awaitPort(ctx, name, addr); err != nil {
			return err
		}
	}
	if o.Bare {
		return nil
	}
	names := append(StorageServers(), ProxyServer)
	if o.Daemons {
		names = append(names, Daemons()...)
	}
	return c.StartServer(ctx, names...)
}

// awaitPort returns when the server with the name listens on an address inside the
// cluster. The end of the server is an error.
func (c *Cluster) awaitPort(ctx context.Context, name, addr string) error {
	for {
		conn, err := c.Dial(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		running, askErr := c.Running(ctx)
		if _, ok := running[name]; askErr == nil && !ok {
			return fmt.Errorf("%s ended before it listened", name)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on %s: %w", name, addr, errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Open finds the cluster that runs in a folder.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, fmt.Errorf("no cluster: %w", err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", stateFile, err)
	}
	c := &Cluster{Dir: dir, pid: s.PID, env: s.Environment}
	if !c.runs() {
		return nil, fmt.Errorf("no cluster runs in %s", dir)
	}
	return c, nil
}

// runs tells whether the nursery runs. A later process with the same ID has another
// command line.
func (c *Cluster) runs() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.pid))
	return err == nil && c.pid > 0 && bytes.Contains(text, []byte("\x00"+filepath.Join(c.Dir, "nursery.py")+"\x00"))
}

// Stop ends all processes of the cluster at once, and returns when they have ended.
// Logs and configuration stay; devices in memory are gone.
func (c *Cluster) Stop() error {
	if c.tie != nil {
		defer c.tie.Close()
	}
	if c.process != nil {
		_ = c.process.Process.Kill()
		_ = c.process.Wait()
		c.process = nil
		return nil
	}
	if !c.runs() {
		return nil
	}
	if err := syscall.Kill(c.pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("the nursery: %w", err)
	}
	for deadline := time.Now().Add(stopTimeout); c.runs(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d does not end", c.pid)
		}
	}
	return nil
}

// Path is where a path of the cluster lies for this process: "/srv/1/node/sdb1".
func (c *Cluster) Path(inside string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", c.pid), inside)
}

// each calls f for all names at the same time, and joins the errors.
func (c *Cluster) each(names []string, f func(name string) error) error {
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { errs[i] = f(name) })
	}
	all.Wait()
	return errors.Join(errs...)
}
