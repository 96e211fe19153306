package main

import (
	"fmt"
	"net"
)

// validateListen checks HOST:PORT before anything is made or opened. Whether
// the address is this machine's, and free, shows when it is listened on.
func validateListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("there is no port %q", port)
	}
	return nil
}

// resolveListen looks the host up: a name that is none is a mistake in the
// command line, to be told before a store is made.
func resolveListen(address string) error {
	if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
		return fmt.Errorf("%w: listen: %w", errUsage, err)
	}
	return nil
}
