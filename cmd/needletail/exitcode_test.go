// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"needletail/objstore/datafolder"
	"needletail/ring"
)

func TestExitCodes(t *testing.T) {
	_, noFile := os.Open(t.TempDir() + "/x")
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("disk on fire"), 1},
		{fmt.Errorf("%w: no such flag", errUsage), 2},
		{fmt.Errorf("%w: %w", errUsage, noFile), 2},
		{&ring.Error{Op: "load", Path: "x", Err: noFile}, 3},
		{fmt.Errorf("%w: device 7", ring.ErrNoDevice), 3},
		{fmt.Errorf("open: %w", datafolder.ErrLocked), 4},
		{fmt.Errorf("%w: nothing moved", errWarning), 5},
	} {
		if got := exitCode(c.err); got != c.code {
			t.Errorf("%v: code %d, want %d", c.err, got, c.code)
		}
	}
}
