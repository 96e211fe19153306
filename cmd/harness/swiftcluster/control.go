// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// order is a request to the nursery (nursery.py: answer).
type order struct {
	Do        string   `json:"do"`
	Name      string   `json:"name,omitempty"`
	Program   string   `json:"program,omitempty"`
	Arguments []string `json:"arguments,omitempty"`
	Exec      bool     `json:"exec,omitempty"`
	Signal    int      `json:"signal,omitempty"`
}

// outcome is the nursery's answer.
type outcome struct {
	Error   string         `json:"error"`
	PID     int            `json:"pid"`
	Ended   bool           `json:"ended"`
	Code    int            `json:"code"`
	Output  string         `json:"output"`
	Servers map[string]int `json:"servers"`
}

// maxOutcomeBytes bounds an answer of the nursery.
const maxOutcomeBytes = 1 << 20

func controlSocket(dir string) string { return filepath.Join(dir, "run", "control.sock") }

// ask sends an order and waits for the answer, or for the end of ctx.
func (c *Cluster) ask(ctx context.Context, o order) (*outcome, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", controlSocket(c.Dir))
	if err != nil {
		return nil, fmt.Errorf("the cluster does not run: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := json.NewEncoder(conn).Encode(o); err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.Do, o.Name, err)
	}
	var got outcome
	if err := json.NewDecoder(io.LimitReader(conn, maxOutcomeBytes)).Decode(&got); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("%s %s: %w", o.Do, o.Name, err)
	}
	if got.Error != "" {
		return nil, fmt.Errorf("%s %s: %s", o.Do, o.Name, got.Error)
	}
	return &got, nil
}

// StartServer starts servers and daemons by their names, all at the same time, and
// returns when all are ready: a server listens then.
func (c *Cluster) StartServer(ctx context.Context, names ...string) error {
	return c.each(names, func(name string) error {
		program, config, err := configOf(name)
		if err != nil {
			return err
		}
		return c.start(ctx, order{Do: "start", Name: name, Program: program, Arguments: []string{config}})
	})
}

func (c *Cluster) start(ctx context.Context, o order) error {
	got, err := c.ask(ctx, o)
	if err == nil && got.Ended {
		err = fmt.Errorf("%s ended with status %d before it was ready: %s", o.Name, got.Code, strings.TrimSpace(got.Output))
	}
	return err
}

// StopServer ends servers and daemons: with SIGTERM, after a while with SIGKILL.
func (c *Cluster) StopServer(ctx context.Context, names ...string) error {
	return c.each(names, func(name string) error {
		_, err := c.ask(ctx, order{Do: "stop", Name: name})
		return err
	})
}

// Signal sends a signal to the processes of a server or daemon, such as SIGSTOP for
// a server that hangs, SIGCONT for one that goes on, SIGKILL for a crash.
func (c *Cluster) Signal(ctx context.Context, name string, s syscall.Signal) error {
	_, err := c.ask(ctx, order{Do: "signal", Name: name, Signal: int(s)})
	return err
}

// Running returns the process IDs, inside the namespaces, of all running servers and
// daemons by name.
func (c *Cluster) Running(ctx context.Context) (map[string]int, error) {
	got, err := c.ask(ctx, order{Do: "list"})
	if err != nil {
		return nil, err
	}
	return got.Servers, nil
}

// HostPIDs returns the process IDs, outside of the namespaces, of all running servers
// and daemons by name.
func (c *Cluster) HostPIDs(ctx context.Context) (map[string]int, error) {
	running, err := c.Running(ctx)
	if err != nil {
		return nil, err
	}
	statuses, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return nil, err
	}
	outside := map[int]int{} // by the ID inside
	for _, path := range statuses {
		status, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended meanwhile
		}
		if parent, host, inside := readStatus(string(status)); parent == c.pid {
			outside[inside] = host
		}
	}
	pids := map[string]int{}
	for name, inside := range running {
		host, ok := outside[inside]
		if !ok {
			return nil, fmt.Errorf("%s: process %d of the cluster is not in /proc", name, inside)
		}
		pids[name] = host
	}
	return pids, nil
}

// readStatus finds the parent and the process IDs in a /proc/PID/status: the ID in
// the namespace of /proc, and the ID in the innermost namespace (proc(5): NSpid).
func readStatus(text string) (parent, host, inside int) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		ids := strings.Fields(value)
		if len(ids) == 0 {
			continue
		}
		switch name {
		case "PPid":
			parent, _ = strconv.Atoi(ids[0])
		case "NSpid":
			host, _ = strconv.Atoi(ids[0])
			inside, _ = strconv.Atoi(ids[len(ids)-1])
		}
	}
	return parent, host, inside
}

// Once runs one pass of a daemon: with "/N" that of node N, else those of all nodes at
// the same time. More arguments come behind "once", such as "--devices=sdb1".
func (c *Cluster) Once(ctx context.Context, daemon string, arguments ...string) error {
	names := []string{daemon}
	if _, _, err := configOf(daemon); err != nil {
		names = names[:0]
		for node := 1; node <= Nodes; node++ {
			names = append(names, Name(daemon, node))
		}
	}
	return c.each(names, func(name string) error {
		program, config, err := configOf(name)
		if err != nil {
			return err
		}
		base, node, _ := strings.Cut(name, "/")
		got, err := c.ask(ctx, order{
			Do: "once", Name: base + "-once/" + node, Program: program,
			Arguments: append([]string{config, "once"}, arguments...),
		})
		if err == nil && got.Code != 0 {
			err = fmt.Errorf("%s once: status %d: %s", name, got.Code, strings.TrimSpace(got.Output))
		}
		return err
	})
}
