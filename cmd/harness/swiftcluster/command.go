// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// enterArguments are nsenter's: all namespaces of the cluster, and the folder.
func (c *Cluster) enterArguments(dir string, argv []string) []string {
	args := []string{"--target", fmt.Sprint(c.pid), "--mount", "--net", "--pid", "--wdns=" + dir, "--"}
	return append(args, argv...)
}

// Command is exec.CommandContext for a program inside the cluster. Swift's programs
// are on its path. The end of ctx kills the program and all its children that stayed
// in its process group.
func (c *Cluster) Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	// env looks for the program on the path of the cluster.
	argv := append([]string{"/usr/bin/env", name}, arguments...)
	cmd := exec.CommandContext(ctx, "nsenter", c.enterArguments(dir, argv)...)
	cmd.Env = c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Exec replaces this process by a program inside the cluster.
func (c *Cluster) Exec(argv []string) error {
	path, err := exec.LookPath("nsenter")
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	argv = append([]string{"/usr/bin/env"}, argv...)
	return syscall.Exec(path, append([]string{"nsenter"}, c.enterArguments(dir, argv)...), c.env)
}
