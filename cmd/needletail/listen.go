package main

import (
	"fmt"
	"net"
	"strconv"
)

// validateListen checks HOST:PORT before anything is made or opened. Whether
// the address is this machine's, and free, shows when it is listened on.
func validateListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	return nil
}
