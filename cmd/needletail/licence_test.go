// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"testing"
)

// licenceLine is the first line of every Go file, and the licence of LICENSE.
const licenceLine = "// SPDX-License-Identifier: Apache-2.0\n"

func TestEveryFileNamesItsLicence(t *testing.T) {
	for _, path := range goFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte(licenceLine+"\n")) {
			t.Errorf("%s does not begin with %q and an empty line; run: make headers", path, licenceLine)
		}
	}
}
