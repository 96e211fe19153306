// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	python = "/usr/bin/python3" // the interpreter that finds Debian's modules
	// testTimeout bounds a test, and runTimeout a whole run. A test of large objects
	// compares megabytes byte by byte, which takes minutes on a busy machine.
	testTimeout = 10 * time.Minute
	runTimeout  = 2 * time.Hour
)

// launcher starts pytest. Swift's modules read the swift.conf of the run in place of
// the machine's file. test_access_control.py looks for keystoneclient.v3.ksc, a name
// that python-keystoneclient does not have, and skips all tests without the name.
const launcher = `
import os, sys
sys.path.insert(0, os.getcwd())
from swift.common.utils import set_swift_dir
set_swift_dir(os.environ["CONFORMANCE_SWIFT_DIR"])
import keystoneclient.v3, keystoneclient.v3.client
keystoneclient.v3.ksc = keystoneclient.v3.client
import pytest
sys.exit(pytest.main(sys.argv[1:]))
`

// noTestsCollected is pytest's status for a checkout without the tests of a run.
const noTestsCollected = 5

// commander makes a command on this machine, or in a cluster.
type commander func(ctx context.Context, name string, arguments ...string) *exec.Cmd

// pytest runs test files of a checkout with the test.conf and swift.conf in dir, and
// returns the outcome of each test. A failed test is no error.
func pytest(ctx context.Context, command commander, source, dir string, files []string, match, policy string) (results, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	report := filepath.Join(dir, "junit.xml")
	args := []string{"-c", launcher, "-q", "--tb=short", "-p", "no:cacheprovider", "-W", "ignore",
		fmt.Sprintf("--timeout=%d", int(testTimeout.Seconds())), "--junitxml=" + report}
	if match != "" {
		args = append(args, "-k", match)
	}
	paths, err := testFiles(source, files)
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, "env", slices.Concat([]string{"-C", source, python}, args, paths)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(cmd.Environ(), "SWIFT_TEST_IN_PROCESS=0", "PYTHONDONTWRITEBYTECODE=1", "no_proxy=*",
		"SWIFT_TEST_CONFIG_FILE="+filepath.Join(dir, "test.conf"), "CONFORMANCE_SWIFT_DIR="+dir)
	if policy != "" {
		cmd.Env = append(cmd.Env, "SWIFT_TEST_POLICY="+policy)
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && (exit.ExitCode() == 1 || exit.ExitCode() == noTestsCollected):
	case err != nil:
		return nil, fmt.Errorf("pytest: %w", err)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		return nil, err
	}
	return parseJUnit(text)
}

// testFiles returns the files below test/functional that match a pattern, as paths
// relative to the checkout. No file at all is an error.
func testFiles(source string, patterns []string) ([]string, error) {
	var paths []string
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(source, "test", "functional", p))
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			paths = append(paths, strings.TrimPrefix(f, source+string(filepath.Separator)))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has none of %s below test/functional", source, strings.Join(patterns, ", "))
	}
	return paths, nil
}
