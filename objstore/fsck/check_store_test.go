// SPDX-License-Identifier: Apache-2.0

package fsck_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/engine"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

var (
	ctx = context.Background()
	box = objstore.ContainerID{Account: "AUTH_a", Container: "box"}
	// options keep bodies of more than 4096 bytes in data files.
	options = engine.Options{InlineMaxBytes: 4096, Logger: slog.New(slog.DiscardHandler)}
)

func openStore(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func closeStore(t *testing.T, e *engine.Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func makeBox(t *testing.T, e *engine.Engine) {
	t.Helper()
	if _, err := e.PutContainer(ctx, box, objstore.PutContainerOptions{}); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, e *engine.Engine, name objstore.ObjectName, body []byte) {
	t.Helper()
	if _, err := e.PutObject(ctx, box.Object(name), bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))}); err != nil {
		t.Fatal(err)
	}
}

// randomBody returns size bytes that differ from seed to seed.
func randomBody(seed byte, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return b
}

// check checks the open store, or the closed store in dir if e is nil, and
// counts the findings by kind.
func check(t *testing.T, e *engine.Engine, dir string, o fsck.CheckOptions) (kinds map[string]int, r fsck.CheckReport) {
	t.Helper()
	kinds = map[string]int{}
	o.Found = func(f fsck.Finding) { kinds[f.Kind]++ }
	var err error
	if e != nil {
		r, err = e.Check(ctx, o)
	} else {
		r, err = fsck.CheckClosed(ctx, options.Folder(dir), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return kinds, r
}

// flip changes a bit of the byte at a position; a negative position counts from
// the end.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoilStore makes a fault of each sort in a closed store.
func spoilStore(t *testing.T, dir string) {
	t.Helper()
	db, err := meta.Open(dir+"/"+datafolder.IndexName, meta.Options{FS: vfs.Default, Logger: options.Logger})
	if err != nil {
		t.Fatal(err)
	}
	row := func(name objstore.ObjectName) meta.ObjectRow {
		row, found, err := db.Object(box.Object(name))
		if err != nil || !found {
			t.Fatal(name, found, err)
		}
		return row
	}
	path := func(name objstore.ObjectName) string {
		return device.DataPath(vfs.Default, dir, device.ID(row(name).ID))
	}
	if err := os.Remove(path("gone")); err != nil {
		t.Fatal(err)
	}
	flip(t, path("flipped"), 5000)
	flip(t, path("footless"), -10)
	b := db.NewBatch()
	b.SetInline(row("small").ID, randomBody(99, 100))
	b.AddContainer(box, meta.Counts{Objects: 1}) // two findings: the account's is off too
	b.DeleteExpiry(1<<40, box.Object("small"))
	if err := errors.Join(b.Commit(true), db.Close(true)); err != nil {
		t.Fatal(err)
	}
}

// A check finds each fault, once, and nothing where there is none.
func TestCheckFindsEachFault(t *testing.T) {
	dir := t.TempDir()
	e := openStore(t, dir)
	makeBox(t, e)
	for i, name := range []objstore.ObjectName{"whole", "gone", "flipped", "footless", "stray", "small"} {
		size := 10_000
		if name == "small" {
			size = 100
		}
		put(t, e, name, randomBody(byte(i+1), size))
	}
	if _, err := e.PostObject(ctx, box.Object("small"), objstore.PostOptions{DeleteAt: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	closeStore(t, e)
	for _, deep := range []bool{false, true} {
		kinds, r := check(t, nil, dir, fsck.CheckOptions{ReadData: deep})
		if len(kinds) != 0 || r.Damage+r.Chores != 0 || r.Files != 5 || deep != (r.BytesRead == 50_100) {
			t.Errorf("a sound store, read data %v: %v, %+v", deep, kinds, r)
		}
	}
	e = openStore(t, dir)
	if kinds, r := check(t, e, "", fsck.CheckOptions{ReadData: true}); len(kinds) != 0 || r.BodiesRead != 6 {
		t.Errorf("a sound store at work: %v, %+v", kinds, r)
	}
	closeStore(t, e)
	spoilStore(t, dir)
	e = openStore(t, dir)
	want := map[string]int{fsck.KindMissing: 1, fsck.KindCorrupt: 3, fsck.KindIndex: 3}
	if kinds, _ := check(t, e, "", fsck.CheckOptions{ReadData: true}); !maps.Equal(kinds, want) {
		t.Errorf("at work: %v, want %v", kinds, want)
	}
	want[fsck.KindCorrupt] = 1 // the flipped bodies show only when they are read
	if kinds, _ := check(t, e, "", fsck.CheckOptions{}); !maps.Equal(kinds, want) {
		t.Errorf("without reading: %v, want %v", kinds, want)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	want[fsck.KindCorrupt], want[fsck.KindOrphan] = 3, 1
	if err := os.MkdirAll(dir+"/data/aa/bb", 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/data/aa/bb/aabb0000000000000000000000000000", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	kinds, r := check(t, nil, dir, fsck.CheckOptions{ReadData: true})
	if !maps.Equal(kinds, want) || r.Damage != 7 || r.Chores != 1 {
		t.Errorf("closed: %v, want %v; %+v", kinds, want, r)
	}
}

// The parts of a check are all of it.
func TestCheckParts(t *testing.T) {
	dir := t.TempDir()
	e := openStore(t, dir)
	defer closeStore(t, e)
	makeBox(t, e)
	for i := range 40 {
		put(t, e, objstore.ObjectName(rune('a'+i)), randomBody(byte(i+1), 3000+i%2*3000))
	}
	sum := int64(0)
	for part := range 3 {
		_, r := check(t, e, "", fsck.CheckOptions{ReadData: true, Part: part + 1, Parts: 3})
		if r.BodiesRead == 0 || r.BodiesRead == 40 {
			t.Errorf("part %d has %d of 40 bodies", part, r.BodiesRead)
		}
		sum += r.BodiesRead
	}
	if sum != 40 {
		t.Errorf("the parts have %d of 40 bodies", sum)
	}
}

func TestCheckOfClosedStores(t *testing.T) {
	dir := t.TempDir()
	if _, err := fsck.CheckClosed(ctx, options.Folder(dir+"/nothing"), fsck.CheckOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
	e := openStore(t, dir)
	defer closeStore(t, e)
	if _, err := fsck.CheckClosed(ctx, options.Folder(dir), fsck.CheckOptions{}); !errors.Is(err, datafolder.ErrLocked) {
		t.Errorf("a store in use: %v", err)
	}
}
