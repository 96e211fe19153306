// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/meta"
)

// files are the paths below dir that match a pattern of three levels.
func files(t *testing.T, dir, pattern string) []string {
	t.Helper()
	return must[[]string](t)(filepath.Glob(filepath.Join(dir, pattern)))
}

const published = "data/??/??/*"

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir, Options{})
	if _, err := Open(dir, quiet(Options{})); !errors.Is(err, datafolder.ErrLocked) || !errors.Is(err, objstore.KindUnavailable) {
		t.Errorf("second open: %v", err)
	}
	makeBox(t, e)
	put(t, e, "o", []byte("still works"))
	closeTest(t, e)
	e = openTest(t, dir, Options{})
	if body, err := get(e, "o"); err != nil || string(body) != "still works" {
		t.Error(string(body), err)
	}
	closeTest(t, e)
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeTest(t, openTest(t, dir, Options{}))
	path := filepath.Join(dir, "needletail.json")
	for content, want := range map[string]error{
		`{"format":2,"id":"0123456789abcdef0123456789abcdef"}`: meta.ErrVersion,
		`{"format":1,"id":"0123456789abcdef0123456789abcdef"}`: datafolder.ErrForeign,
		`{"format":1}`: datafolder.ErrForeign,
		``:             datafolder.ErrForeign,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, quiet(Options{})); !errors.Is(err, want) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// A lost index must not make the data files orphans, at the first start
// without it or at the second.
func TestLostIndexRemovesNothing(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir, Options{})
	makeBox(t, e)
	put(t, e, "large", randomBody(1, 200_000))
	closeTest(t, e)
	if err := os.RemoveAll(filepath.Join(dir, datafolder.IndexName)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Open(dir, quiet(Options{})); !errors.Is(err, datafolder.ErrForeign) {
			t.Errorf("open without the index: %v", err)
		}
	}
	if n := len(files(t, dir, published)); n != 1 {
		t.Errorf("%d data files are left of 1", n)
	}
}

// Damage is reported, never served; the file goes to quarantine and the row
// stays until the object is written again.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	var events atomic.Int64
	e := openTest(t, dir, Options{Events: EventListener{Corrupt: func(o objstore.ObjectID, quarantined bool, err error) {
		if o == box.Object("large") && quarantined && err != nil {
			events.Add(1)
		}
	}}})
	defer closeTest(t, e)
	makeBox(t, e)
	body := randomBody(3, 400_000)
	put(t, e, "large", body)
	path := files(t, dir, published)[0]
	f := must[*os.File](t)(os.OpenFile(path, os.O_RDWR, 0))
	if _, err := f.WriteAt([]byte{body[300_000] ^ 1}, 300_000); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	obj := must[objstore.Object](t)(e.OpenObject(ctx, box.Object("large"), objstore.OpenOptions{}))
	var out bytes.Buffer
	_, err := out.ReadFrom(obj.Range(0, 400_000))
	if !errors.Is(err, objstore.KindCorrupt) || !bytes.HasPrefix(body, out.Bytes()) {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
	if err := obj.Close(); err != nil {
		t.Error(err)
	}
	if n, q := len(files(t, dir, published)), len(files(t, dir, "quarantine/*")); n != 0 || q != 1 || events.Load() != 1 {
		t.Errorf("%d files, %d in quarantine, %d events", n, q, events.Load())
	}
	if _, err := get(e, "large"); !errors.Is(err, objstore.KindCorrupt) {
		t.Errorf("second read: %v", err)
	}
	if _, err := e.HeadObject(ctx, box.Object("large"), objstore.OpenOptions{}); err != nil {
		t.Errorf("HEAD: %v", err)
	}
	put(t, e, "large", body)
	if got, err := get(e, "large"); err != nil || !bytes.Equal(got, body) {
		t.Error(len(got), err)
	}
	if q := len(files(t, dir, "quarantine/*")); q != 1 {
		t.Errorf("%d files in quarantine", q)
	}
	if m := e.Metrics(); m.CorruptBodies != 2 {
		t.Errorf("%d corrupt bodies", m.CorruptBodies)
	}
}

// An inline body that does not match the checksum in its row is not served.
func TestDamagedInlineBody(t *testing.T) {
	e := openTest(t, "store", Options{FS: memFS()})
	defer closeTest(t, e)
	makeBox(t, e)
	put(t, e, "o", []byte("abc"))
	row, _, err := e.db.Object(box.Object("o"))
	if err != nil {
		t.Fatal(err)
	}
	b := e.db.NewBatch()
	b.SetInline(row.ID, []byte("abd"))
	if err := b.Commit(true); err != nil {
		t.Fatal(err)
	}
	if _, err := get(e, "o"); !errors.Is(err, objstore.KindCorrupt) {
		t.Errorf("read: %v", err)
	}
}

// A file that holds another object than its row says is not served.
func TestMisplacedFile(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir, Options{})
	defer closeTest(t, e)
	makeBox(t, e)
	put(t, e, "a", randomBody(1, 100_000))
	first := files(t, dir, published)[0]
	content := must[[]byte](t)(os.ReadFile(first))
	put(t, e, "b", randomBody(2, 100_000))
	for _, path := range files(t, dir, published) {
		if path != first {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := get(e, "b"); !errors.Is(err, objstore.KindCorrupt) {
		t.Errorf("read: %v", err)
	}
}

// The version that was opened stays readable when it is replaced and removed.
func TestOpenObjectPinsItsVersion(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir, Options{})
	defer closeTest(t, e)
	makeBox(t, e)
	body := randomBody(1, 300_000)
	put(t, e, "o", body)
	obj := must[objstore.Object](t)(e.OpenObject(ctx, box.Object("o"), objstore.OpenOptions{}))
	put(t, e, "o", []byte("new"))
	if _, err := e.gc.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(files(t, dir, published)); n != 0 {
		t.Errorf("%d files are left", n)
	}
	got, err := io.ReadAll(obj.Range(0, 300_000))
	if err != nil || !bytes.Equal(got, body) {
		t.Error(len(got), err)
	}
	if err := obj.Close(); err != nil {
		t.Error(err)
	}
}
