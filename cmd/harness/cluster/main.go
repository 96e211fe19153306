// SPDX-License-Identifier: Apache-2.0

// Command cluster starts a real OpenStack Swift cluster of four storage nodes on this
// machine, and runs programs inside; see the package swiftcluster.
//
//	cluster up [-dir DIR] [-policy NAME] [-ec-type TYPE] [-swift-src DIR] [-on-disk] [-daemons=false] [-bare]
//	cluster run [-dir DIR] PROGRAM [ARGUMENTS]
//	cluster once [-dir DIR] DAEMON...
//	cluster start|stop|hang|go-on [-dir DIR] NAME...
//	cluster status [-dir DIR]
//	cluster down [-dir DIR]
//	cluster probe [-files NAMES] [-match WORDS] [-proxy needletail] [-needletail FILE] [-swift-src DIR] [-tests DIR] [-plain]
//
// "up" returns when all servers listen, and leaves the cluster running. "down" ends
// all its processes and removes the folder. "probe" runs Swift's own probe tests in a
// cluster of their own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"needletail/cmd/harness/swiftcluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := cluster(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// commands are the commands besides up, for a cluster that runs.
var commands = map[string]func(ctx context.Context, c *swiftcluster.Cluster, arguments []string) error{
	"run": func(_ context.Context, c *swiftcluster.Cluster, arguments []string) error {
		if len(arguments) == 0 {
			return errors.New("which program?")
		}
		return c.Exec(arguments)
	},
	"once": func(ctx context.Context, c *swiftcluster.Cluster, daemons []string) error {
		for _, d := range daemons {
			if err := c.Once(ctx, d); err != nil {
				return err
			}
		}
		return nil
	},
	"start": func(ctx context.Context, c *swiftcluster.Cluster, names []string) error {
		return c.StartServer(ctx, names...)
	},
	"stop": func(ctx context.Context, c *swiftcluster.Cluster, names []string) error {
		return c.StopServer(ctx, names...)
	},
	"hang":  signals(syscall.SIGSTOP),
	"go-on": signals(syscall.SIGCONT),
	"status": func(ctx context.Context, c *swiftcluster.Cluster, _ []string) error {
		running, err := c.Running(ctx)
		for _, name := range slices.Sorted(maps.Keys(running)) {
			fmt.Printf("%7d %s\n", running[name], name)
		}
		return err
	},
	"down": func(_ context.Context, c *swiftcluster.Cluster, _ []string) error {
		if err := c.Stop(); err != nil {
			return err
		}
		return os.RemoveAll(c.Dir)
	},
}

func signals(s syscall.Signal) func(context.Context, *swiftcluster.Cluster, []string) error {
	return func(ctx context.Context, c *swiftcluster.Cluster, names []string) error {
		for _, name := range names {
			if err := c.Signal(ctx, name, s); err != nil {
				return err
			}
		}
		return nil
	}
}

func cluster(ctx context.Context, args []string) error {
	names := append(slices.Sorted(maps.Keys(commands)), "up", "probe")
	if len(args) > 0 && args[0] == "probe" {
		return probe(ctx, args[1:])
	}
	if len(args) == 0 || !slices.Contains(names, args[0]) {
		return fmt.Errorf("usage: cluster %s …", strings.Join(names, "|"))
	}
	flags := flag.NewFlagSet("cluster "+args[0], flag.ContinueOnError)
	o := swiftcluster.Options{Detached: true}
	flags.StringVar(&o.Dir, "dir", filepath.Join(os.TempDir(), "needletail-cluster"), "the cluster's `FOLDER`")
	if args[0] == "up" {
		flags.StringVar(&o.DefaultPolicy, "policy", "", "the default policy: "+strings.Join(swiftcluster.Policies, ", "))
		flags.StringVar(&o.ECType, "ec-type", "", "of the policy ec42; default liberasurecode_rs_vand")
		flags.StringVar(&o.Source, "swift-src", "", "`DIR` with a checkout of Swift; default Debian's packages")
		flags.BoolVar(&o.Encrypted, "encrypted", false, "Swift's proxy encrypts")
		flags.BoolVar(&o.OnDisk, "on-disk", false, "devices in the folder in place of memory")
		flags.BoolVar(&o.Bare, "bare", false, "start memcached and rsync alone")
		flags.BoolVar(&o.Daemons, "daemons", true, "start the daemons too")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if args[0] == "up" {
		return up(ctx, o)
	}
	c, err := swiftcluster.Open(o.Dir)
	if err != nil {
		return err
	}
	return commands[args[0]](ctx, c, flags.Args())
}

func up(ctx context.Context, o swiftcluster.Options) error {
	began := time.Now()
	c, err := swiftcluster.Start(ctx, o)
	if err != nil {
		return err
	}
	running, err := c.Running(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d servers and daemons after %.1f s; Swift's proxy is http://%s inside\n",
		len(running), time.Since(began).Seconds(), swiftcluster.ProxyAddr)
	return nil
}
