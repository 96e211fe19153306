// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net"
)

// validateListen checks HOST:PORT before anything is made or opened. Whether the
// address belongs to this machine and is free shows only when the server listens.
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
