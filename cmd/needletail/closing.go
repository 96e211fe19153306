// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"time"
)

// closeLeast is the time for closing the stores after requests have used up the
// grace.
const closeLeast = 5 * time.Second

var errCloseHangs = errors.New("the stores did not close in time: a disk hangs; what was acknowledged is on it")

// closeBy closes the stores and gives up at the deadline: a disk that hangs
// must not keep the process.
func closeBy(deadline time.Time, close func() error) error {
	done := make(chan error, 1)
	go func() { done <- close() }()
	t := time.NewTimer(max(time.Until(deadline), closeLeast))
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return errCloseHangs
	}
}
