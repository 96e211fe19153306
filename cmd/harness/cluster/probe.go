// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"needletail/cmd/harness/swiftcluster"
	"needletail/cmd/harness/swiftsource"
)

//go:embed fast_start.py
var fastStart []byte

const (
	python = "/usr/bin/python3"
	// probeTestTimeout bounds a test; some start and stop dozens of servers.
	probeTestTimeout = 15 * time.Minute
	// probeTimeout bounds a whole run.
	probeTimeout = 6 * time.Hour
)

// probe runs Swift's probe tests, which start, stop and kill the servers of a cluster
// by themselves. A test that fails is an error.
func probe(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("cluster probe", flag.ContinueOnError)
	var o swiftcluster.Options
	flags.StringVar(&o.Source, "swift-src", "", "`DIR` with a checkout of Swift; default Debian's packages")
	flags.StringVar(&o.ECType, "ec-type", "", "of the policy ec42; default liberasurecode_rs_vand")
	tests := flags.String("tests", "", "`DIR` with a Swift whose tests run; default the checkout, or Debian's source package")
	files := flags.String("files", "test_object_handoff.py", "comma-separated files of test/probe")
	match := flags.String("match", "", "only tests that match this expression (pytest's -k)")
	proxy := flags.String("proxy", "swift", "which proxy: swift, or needletail in its place")
	binary := flags.String("needletail", "bin/needletail", "the `FILE` of needletail")
	plain := flags.Bool("plain", false, "start each server with a Python of its own: slow")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *tests == "" {
		*tests = o.Source
	}
	if *tests == "" {
		if *tests, err = swiftsource.Debian(ctx); err != nil {
			return fmt.Errorf("source of Swift: %w", err)
		}
	}
	work, err := os.MkdirTemp("", "needletail-probe-")
	if err != nil {
		return err
	}
	// test_signals.py watches the workers of reloaded servers.
	o.Dir, o.Bare, o.Workers = filepath.Join(work, "cluster"), true, 1
	c, err := swiftcluster.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	switch *proxy {
	case "swift":
	case "needletail":
		if err := c.ReplaceProxy(ctx, *binary); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%q is no proxy", *proxy)
	}
	if err := copyTests(*tests, work); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	argv := probeArguments(work, strings.Split(*files, ","), *match, *plain)
	cmd := c.Command(ctx, python, argv...)
	cmd.Env = append(cmd.Env, "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+work+":"+pythonPath(cmd.Env))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w; configuration and logs are in %s", err, work)
	}
	return os.RemoveAll(work)
}

// probeArguments are the arguments of Python.
func probeArguments(work string, files []string, match string, plain bool) []string {
	args := []string{"-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider", "-W", "ignore", "--durations=10", "--rootdir=" + work,
		fmt.Sprintf("--timeout=%d", int(probeTestTimeout.Seconds()))}
	if !plain {
		args = append(args, "-p", "fast_start")
	}
	if match != "" {
		args = append(args, "-k", match)
	}
	for _, f := range files {
		args = append(args, filepath.Join(work, "test", "probe", f))
	}
	return args
}

// pythonPath is the PYTHONPATH of an environment, of which the last value counts.
func pythonPath(env []string) string {
	path := ""
	for _, kv := range env {
		if value, ok := strings.CutPrefix(kv, "PYTHONPATH="); ok {
			path = value
		}
	}
	return path
}

// copyTests copies the probe tests into a folder of their own, with the modules that
// they need. Beside them there is no Swift: the tests take the cluster's.
func copyTests(source, work string) error {
	for _, dir := range []string{"test", filepath.Join("test", "probe")} {
		paths, err := filepath.Glob(filepath.Join(source, dir, "*.py"))
		if err != nil {
			return err
		}
		if len(paths) == 0 {
			return fmt.Errorf("%s has no tests of Swift", filepath.Join(source, dir))
		}
		if err := os.MkdirAll(filepath.Join(work, dir), 0o755); err != nil {
			return err
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(work, dir, filepath.Base(path)), text, 0o644); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(work, "nose.py"), []byte(noseModule), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, "fast_start.py"), fastStart, 0o644)
}

// noseModule is all that Swift's tests want of nose: test_sharder.py of Swift 2.30
// takes SkipTest from there. Python 3.12 cannot load nose any more.
const noseModule = "from unittest import SkipTest\n"
