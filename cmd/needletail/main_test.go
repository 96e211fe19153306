// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"needletail/cmd/harness/testserver"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.Remove()
	os.Exit(code)
}
