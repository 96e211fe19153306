package main

import (
	"errors"
	"time"
)

// closeLeast is what closing the stores gets in any case, when requests took all
// of the grace.
const closeLeast = 5 * time.Second

var errCloseHangs = errors.New("the stores did not close in time: a disk hangs; what was acknowledged is on it")

// closeBy closes the stores, and gives up at the deadline, so that a disk that
// hangs does not keep the process.
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
