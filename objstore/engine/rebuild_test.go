// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
)

func rebuildTest(t testing.TB, dir string, o Options, ro fsck.RebuildOptions) fsck.RebuildReport {
	t.Helper()
	r, err := fsck.Rebuild(ctx, folder(dir, o), ro)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Recounted.Problems {
		t.Error(p)
	}
	return r
}

// mixed is a store with small and large objects, some changed by POST, some
// overwritten, some deleted.
type mixed struct {
	small, large, posted map[objstore.ObjectName]version
}

func fillMixed(t testing.TB, e *Engine, n int, rng *rand.Rand) *mixed {
	t.Helper()
	m := &mixed{map[objstore.ObjectName]version{}, map[objstore.ObjectName]version{}, map[objstore.ObjectName]version{}}
	makeBox(t, e)
	for i := range n {
		name := objstore.ObjectName(fmt.Sprint("o/", i))
		for range 1 + rng.IntN(2) {
			v := version{size: rng.IntN(4000), seed: rng.Uint64N(1<<30) + 1}
			if i%4 == 0 {
				v.size += 5000
			}
			put(t, e, name, randomBody(v.seed, v.size))
			if i%4 == 0 {
				m.large[name] = v
			} else {
				m.small[name] = v
			}
		}
		switch i % 12 {
		case 0, 1:
			must[objstore.ObjectInfo](t)(e.PostObject(ctx, box.Object(name), objstore.PostOptions{
				DeleteAt: time.Now().Unix() + 1e6, Metadata: objstore.Metadata{{Name: "X-Object-Meta-Color", Value: "posted"}}}))
			m.posted[name] = version{}
		case 4, 5:
			must[objstore.ObjectInfo](t)(e.DeleteObject(ctx, box.Object(name), objstore.DeleteOptions{}))
			delete(m.small, name)
			delete(m.large, name)
		}
	}
	if _, err := e.gc.pass(ctx); err != nil { // else deleted files are found again
		t.Fatal(err)
	}
	return m
}

// wantOnly checks that the box holds exactly those bodies.
func (m *mixed) wantOnly(t testing.TB, e *Engine, all ...map[objstore.ObjectName]version) {
	t.Helper()
	n, bytes := int64(0), int64(0)
	for _, want := range all {
		for name, v := range want {
			n, bytes = n+1, bytes+int64(v.size)
			if body, err := get(e, name); err != nil || string(body) != string(randomBody(v.seed, v.size)) {
				t.Errorf("%q: %d bytes of %d, %v", name, len(body), v.size, err)
			}
		}
	}
	info := must[objstore.ContainerInfo](t)(e.HeadContainer(ctx, box, objstore.InfoOptions{}))
	if info.ObjectCount != n || info.BytesUsed != bytes {
		t.Errorf("the container counts %d objects and %d bytes, not %d and %d", info.ObjectCount, info.BytesUsed, n, bytes)
	}
	listed := int64(0)
	if err := e.ListObjects(ctx, box, objstore.ListOptions{Limit: 1e6}, func(*objstore.ObjectEntry) error { listed++; return nil }); err != nil || listed != n {
		t.Errorf("the listing has %d entries of %d, %v", listed, n, err)
	}
	wantRecount(t, e)
}

// On one device the data files give every large object as it was put, and
// nothing else.
func TestRebuildFromFiles(t *testing.T) {
	dir := t.TempDir()
	o := Options{InlineMaxBytes: 4096}
	e := openTest(t, dir, o)
	m := fillMixed(t, e, 120, rand.New(rand.NewPCG(1, 2)))
	id := e.ID()
	closeTest(t, e)
	if err := os.RemoveAll(dir + "/" + datafolder.IndexName); err != nil {
		t.Fatal(err)
	}
	listed := map[objstore.ObjectName]bool{}
	report := rebuildTest(t, dir, o, fsck.RebuildOptions{Restored: func(o objstore.ObjectID, _ int64) { listed[o.Object] = true }})
	if report.Source != "" || report.Exact || report.Restored != int64(len(m.large)) || len(listed) != len(m.large) ||
		report.Containers != 1 || report.Accounts != 1 || report.Unnamed != 0 || report.MadeContainers[0] != box.String() {
		t.Errorf("%+v", report)
	}
	e = openTest(t, dir, o)
	defer closeTest(t, e)
	if e.ID() != id {
		t.Error("the store has another id")
	}
	m.wantOnly(t, e, m.large)
	for name := range m.large {
		info := must[objstore.ObjectInfo](t)(e.HeadObject(ctx, box.Object(name), objstore.OpenOptions{}))
		if !listed[name] || info.Metadata.Get("X-Object-Meta-Color") != "" || info.DeleteAt != 0 {
			t.Errorf("%q: listed %v, %+v", name, listed[name], info)
		}
	}
	wantTidy(t, e, "rebuilt")
	if _, err := os.Stat(dir + "/index.new"); !os.IsNotExist(err) {
		t.Error("something of the rebuild is left", err)
	}
}

// Of the versions of a name the newest wins; the files of the others wait for
// their removal.
func TestRebuildTakesTheNewest(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir, Options{InlineMaxBytes: 4096, GCEvery: time.Hour})
	makeBox(t, e)
	e.stop() // no collection of the files that are replaced
	e.work.Wait()
	for i := range uint64(4) {
		put(t, e, "o", randomBody(i+1, 10_000))
	}
	closeTest(t, e)
	report := rebuildTest(t, dir, Options{}, fsck.RebuildOptions{From: fsck.RebuildFiles})
	if report.Files != 4 || report.Restored != 1 || report.Unnamed != 3 || report.Replaced == "" {
		t.Errorf("%+v", report)
	}
	e = openTest(t, dir, Options{InlineMaxBytes: 4096})
	defer closeTest(t, e)
	if body, err := get(e, "o"); err != nil || string(body) != string(randomBody(4, 10_000)) {
		t.Errorf("not the newest version: %v", err)
	}
	wantTidy(t, e, "rebuilt")
}

// With a second copy the index comes back as it was, whatever became of the
// first.
func TestRebuildFromCopy(t *testing.T) {
	dir := t.TempDir()
	o := onDevices(nil, dir+"/d1", dir+"/d2")
	e := openTest(t, dir+"/store", o)
	waitInStep(t, e)
	m := fillMixed(t, e, 120, rand.New(rand.NewPCG(3, 4)))
	want := dumpOf(t, e)
	closeTest(t, e)
	formatAll(t, e.ID(), dir+"/d1", dir+"/d2")
	spoil := map[string]func(string) error{
		"gone":   os.RemoveAll,
		"whole":  func(string) error { return nil },
		"no log": func(p string) error { return removeLike(p, "MANIFEST") },
	}
	for name, f := range spoil {
		if err := f(dir + "/store/" + datafolder.IndexName); err != nil {
			t.Fatal(err)
		}
		report := rebuildTest(t, dir+"/store", o, fsck.RebuildOptions{})
		if !report.Exact {
			t.Errorf("%s: %+v", name, report)
		}
		e = openTest(t, dir+"/store", o)
		waitInStep(t, e)
		if got := dumpOf(t, e); got != want {
			t.Errorf("%s: the dump is %s, was %s; %+v", name, got, want, report)
		}
		m.wantOnly(t, e, m.small, m.large)
		closeTest(t, e)
	}
}

func formatAll(t testing.TB, store string, dirs ...string) {
	t.Helper()
	for i, d := range dirs {
		if _, err := device.ReadIdentity(vfs.Default, d); err == nil {
			continue
		}
		if err := device.Format(vfs.Default, d, device.Identity{Store: store, Index: device.Index(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
}

func removeLike(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	for _, f := range entries {
		if strings.HasPrefix(f.Name(), prefix) {
			err = errors.Join(err, os.Remove(dir+"/"+f.Name()))
		}
	}
	return err
}

// What can be read of a damaged index is used before the data files are: small
// objects and metadata of POST outside the damage survive.
func TestRebuildFromRemains(t *testing.T) {
	dir := t.TempDir()
	o := Options{InlineMaxBytes: 4096}
	e := openTest(t, dir, o)
	m := fillMixed(t, e, 400, rand.New(rand.NewPCG(5, 6)))
	closeTest(t, e)
	e = openTest(t, dir, o) // what was in the log is in tables now
	closeTest(t, e)
	damageTable(t, dir+"/"+datafolder.IndexName)
	report := rebuildTest(t, dir, o, fsck.RebuildOptions{})
	if report.Exact || report.Copied.Gaps == 0 {
		t.Errorf("%+v", report)
	}
	e = openTest(t, dir, o)
	defer closeTest(t, e)
	for name, v := range m.large {
		if body, err := get(e, name); err != nil || string(body) != string(randomBody(v.seed, v.size)) {
			t.Errorf("%q: %v", name, err)
		}
	}
	wantTidy(t, e, "rebuilt")
	t.Logf("of %d small objects %d rows lost their body", len(m.small), report.LostInline)
}

// damageTable changes some bytes in the middle of the largest table.
func damageTable(t testing.TB, dir string) {
	t.Helper()
	var largest string
	var size int64
	for _, f := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		if info, err := f.Info(); err == nil && strings.HasSuffix(f.Name(), ".sst") && info.Size() > size {
			largest, size = dir+"/"+f.Name(), info.Size()
		}
	}
	b := must[[]byte](t)(os.ReadFile(largest))
	for i := range 64 {
		b[len(b)/3+i] ^= 0x55
	}
	if err := os.WriteFile(largest, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A dry run changes nothing, a damaged file goes to quarantine, a store in use
// is left alone.
func TestRebuildIsCareful(t *testing.T) {
	dir := t.TempDir()
	o := Options{InlineMaxBytes: 4096}
	e := openTest(t, dir, o)
	makeBox(t, e)
	put(t, e, "a", randomBody(1, 10_000))
	put(t, e, "b", randomBody(2, 10_000))
	if _, err := fsck.Rebuild(ctx, folder(dir, o), fsck.RebuildOptions{}); !errors.Is(err, datafolder.ErrLocked) {
		t.Errorf("a store in use: %v", err)
	}
	row, _, err := e.db.Object(box.Object("a"))
	if err != nil {
		t.Fatal(err)
	}
	want := dumpOf(t, e)
	closeTest(t, e)
	id := device.ID(row.ID).String()
	path := dir + "/data/" + id[:2] + "/" + id[2:4] + "/" + id
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	report := rebuildTest(t, dir, o, fsck.RebuildOptions{From: fsck.RebuildFiles, DryRun: true})
	if report.Damaged != 1 || report.Restored != 1 || report.Replaced != "" {
		t.Errorf("%+v", report)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("a dry run moved a file", err)
	}
	e = openTest(t, dir, o)
	if dumpOf(t, e) != want {
		t.Error("a dry run changed the index")
	}
	closeTest(t, e)
	rebuildTest(t, dir, o, fsck.RebuildOptions{From: fsck.RebuildFiles})
	if _, err := os.Stat(dir + "/quarantine/" + id); err != nil {
		t.Error("the damaged file is not in quarantine", err)
	}
}
