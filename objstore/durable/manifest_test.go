// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// manifestOf makes a database with several edits in its manifest and gives the
// manifest's path and content.
func manifestOf(t *testing.T, fs vfs.FS) (path string, content []byte) {
	t.Helper()
	db, err := pebble.Open("db", &pebble.Options{FS: fs, Logger: quietLogger{}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := errors.Join(db.Set(fmt.Appendf(nil, "key%d", i), make([]byte, 100), pebble.Sync), db.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := fs.List("db")
	if err != nil {
		t.Fatal(err)
	}
	path = "db/" + currentManifest(names)
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	content = make([]byte, stat.Size())
	if _, err := f.ReadAt(content, 0); err != nil {
		t.Fatal(err)
	}
	return path, content
}

type quietLogger struct{}

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}
func (quietLogger) Fatalf(f string, a ...any) {
	panic(fmt.Sprintf(f, a...))
}

func checkContent(t *testing.T, fs vfs.FS, path string, b []byte) error {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(append([]byte(nil), b...)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return CheckManifest(fs, "db")
}

// Each flipped bit of a manifest is told, also in its last record.
func TestManifestFlips(t *testing.T) {
	fs := vfs.NewMem()
	path, good := manifestOf(t, fs)
	if err := CheckManifest(fs, "db"); err != nil {
		t.Fatal(err)
	}
	for bit := range len(good) * 8 {
		b := append([]byte(nil), good...)
		b[bit/8] ^= 1 << (bit % 8)
		if err := checkContent(t, fs, path, b); !errors.Is(err, ErrDamaged) {
			t.Errorf("bit %d of byte %d of %d: %v", bit%8, bit/8, len(good), err)
		}
	}
}

// A manifest that a crash cut off, or of which the last sectors were never
// written, is one.
func TestManifestIsCut(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	fs := vfs.NewMem()
	path, good := manifestOf(t, fs)
	for n := range len(good) {
		if err := checkContent(t, fs, path, good[:n]); err != nil {
			t.Errorf("cut to %d of %d: %v", n, len(good), err)
		}
		zeros := append(append([]byte(nil), good[:n]...), make([]byte, rng.IntN(3*sectorBytes))...)
		if len(zeros)-n < sectorBytes {
			continue
		}
		if err := checkContent(t, fs, path, zeros); err != nil {
			t.Errorf("%d of %d, then %d zeros: %v", n, len(good), len(zeros)-n, err)
		}
	}
}
