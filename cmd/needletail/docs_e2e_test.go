// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package main

import "testing"

// TestE2EDocs runs the blocks of all pages, with the clients of Debian's packages.
func TestE2EDocs(t *testing.T) {
	forEachPage(t, func(t *testing.T, _ string, blocks []block) { runPage(t, blocks, true) })
}
