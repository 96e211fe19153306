// SPDX-License-Identifier: Apache-2.0

package oserror

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestKinds(t *testing.T) {
	for errno, want := range map[syscall.Errno][2]bool{
		syscall.EMFILE: {true, false}, syscall.ENFILE: {true, false}, syscall.ENOMEM: {true, false},
		syscall.ENOSPC: {false, true}, syscall.EDQUOT: {false, true},
		syscall.EIO: {false, false}, syscall.ENOENT: {false, false},
	} {
		err := fmt.Errorf("wrapped: %w", &os.PathError{Op: "open", Path: "f", Err: errno})
		if Exhausted(err) != want[0] || NoSpace(err) != want[1] {
			t.Errorf("%v: exhausted %v, no space %v", errno, Exhausted(err), NoSpace(err))
		}
	}
	if Exhausted(nil) || NoSpace(fs.ErrNotExist) {
		t.Error("no such error")
	}
}
