// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
)

// A flipped bit in any block of a table is found, whether a lookup needs the
// block or not.
func TestVerifyTablesFindsFlips(t *testing.T) {
	dir := t.TempDir() + "/index"
	for i := range 2 { // the second opening writes a table
		db, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		b := db.NewBatch()
		b.SetAccount("AUTH_a", &AccountRow{Created: objstore.Timestamp(i + 1)})
		if err := errors.Join(b.Commit(true), db.Close(true)); err != nil {
			t.Fatal(err)
		}
	}
	found := func() (n int) {
		if err := VerifyTables(t.Context(), vfs.Default, dir, func(string, error) { n++ }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := found(); n != 0 {
		t.Fatalf("%d bad tables of a sound index", n)
	}
	tables, err := filepath.Glob(dir + "/*.sst")
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	good, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		bad := append([]byte(nil), good...)
		bad[at] ^= 1 << (at % 8)
		if err := os.WriteFile(tables[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if found() != 1 {
			t.Errorf("byte %d of %d: not found", at, len(good))
		}
	}
}
