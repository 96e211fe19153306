// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/datafolder"
)

// onDevices is a store whose data folder, "store", is no device.
func onDevices(fs vfs.FS, paths ...string) Options {
	o := Options{FS: fs, InlineMaxBytes: 4096}
	for _, p := range paths {
		o.Devices = append(o.Devices, DeviceOptions{Path: p, Weight: 1})
	}
	return o
}

func dumpOf(t testing.TB, e *Engine) string {
	t.Helper()
	lines, sum, err := e.db.DumpSum()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(lines, " ", sum)
}

func waitInStep(t testing.TB, e *Engine) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !e.db.Copies().InStep {
		if time.Now().After(deadline) {
			t.Fatalf("the copies of the index are not in step: %+v", e.db.Copies())
		}
		time.Sleep(time.Millisecond)
	}
}

func fillWithSmall(t testing.TB, e *Engine, n int) {
	t.Helper()
	makeBox(t, e)
	for i := range n {
		name := objstore.ObjectName(fmt.Sprint("o/", i))
		put(t, e, name, randomBody(uint64(i+1), i*7))
		if i%3 == 0 {
			must[objstore.ObjectInfo](t)(e.PostObject(ctx, box.Object(name), objstore.PostOptions{
				Metadata: objstore.Metadata{{Name: "X-Object-Meta-Color", Value: fmt.Sprint(i)}}}))
		}
	}
}

// The data folder's disk is lost: an empty one in its place becomes the same
// store, with every row, small body and counter.
func TestLostDataFolder(t *testing.T) {
	fs := memFS()
	o := onDevices(fs, "d1", "d2")
	e := openTest(t, "store", o)
	waitInStep(t, e)
	fillWithSmall(t, e, 60)
	id, want := e.ID(), dumpOf(t, e)
	closeTest(t, e)
	if err := fs.RemoveAll("store"); err != nil {
		t.Fatal(err)
	}
	e = openTest(t, "store", o)
	if e.ID() != id || dumpOf(t, e) != want {
		t.Errorf("the store is %s, was %s; its dump %s, was %s", e.ID(), id, dumpOf(t, e), want)
	}
	for i := range 60 {
		if body, err := get(e, objstore.ObjectName(fmt.Sprint("o/", i))); err != nil || string(body) != string(randomBody(uint64(i+1), i*7)) {
			t.Errorf("object %d: %d bytes, %v", i, len(body), err)
		}
	}
	wantRecount(t, e)
	waitInStep(t, e)
	put(t, e, "later", []byte("x"))
	closeTest(t, e)
}

// A second copy of another store is not taken for this one's.
func TestForeignMirrorIsRefused(t *testing.T) {
	fs := memFS()
	for _, name := range []string{"store", "other"} {
		e := openTest(t, name, onDevices(fs, "device-of-"+name, "d2-of-"+name))
		makeBox(t, e)
		closeTest(t, e)
	}
	if err := fs.RemoveAll("device-of-store/" + datafolder.SecondName); err != nil {
		t.Fatal(err)
	}
	if err := fs.Rename("device-of-other/"+datafolder.SecondName, "device-of-store/"+datafolder.SecondName); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("store", quiet(onDevices(fs, "device-of-store", "d2-of-store"))); !errors.Is(err, datafolder.ErrForeign) {
		t.Errorf("opened: %v", err)
	}
}

// Two processes may not use one second copy.
func TestMirrorIsLocked(t *testing.T) {
	dir := t.TempDir()
	o := onDevices(nil, dir+"/d1", dir+"/d2")
	e := openTest(t, dir+"/store", o)
	defer closeTest(t, e)
	if _, err := Open(dir+"/else", quiet(o)); !errors.Is(err, datafolder.ErrLocked) {
		t.Errorf("opened: %v", err)
	}
}
