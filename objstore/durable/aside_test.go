// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A second database that is set aside leaves the first one as it is.
func TestSetAsideKeepsAll(t *testing.T) {
	fs := vfs.NewMem()
	for _, content := range []string{"first", "second"} {
		if err := fs.MkdirAll("store/db", 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create("store/db/"+content, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		to, err := SetAside(fs, "store/db")
		if err != nil || !strings.HasPrefix(to, "store/db.aside.") {
			t.Fatalf("set aside as %q: %v", to, err)
		}
		if _, err := fs.Stat(to + "/" + content); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
	if _, err := fs.Stat("store/db.aside.0/first"); err != nil {
		t.Errorf("the first one is gone: %v", err)
	}
}
