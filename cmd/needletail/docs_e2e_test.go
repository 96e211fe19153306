// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package main

import (
	"testing"

	"needletail/cmd/harness/page"
)

// TestE2EDocs runs the blocks of all pages, with the clients of Debian's packages.
func TestE2EDocs(t *testing.T) {
	forEachPage(t, func(t *testing.T, _ string, blocks []page.Block) { runPage(t, blocks, true) })
}
