// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore"
	"needletail/objstore/durable"
)

var box = objstore.ContainerID{Account: "AUTH_a", Container: "box"}

func TestNamesKeepTheirOrder(t *testing.T) {
	names := []string{"a", "a\x01", "a-b", "a/b", "a/b/c", "ab", "b", "\xff", "\xff\xff", "a\xff", "\x01"}
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		x := appendObjectsKey(nil, objstore.ContainerID{Account: "A", Container: objstore.ContainerName(names[i-1])})
		y := appendObjectsKey(nil, objstore.ContainerID{Account: "A", Container: objstore.ContainerName(names[i])})
		if bytes.Compare(append(x, 0xff, 0xff), y) >= 0 {
			t.Errorf("objects of container %q do not all come before those of %q", names[i-1], names[i])
		}
		o, err := parseName(appendObjectKey(nil, box.Object(objstore.ObjectName(names[i])))[1:])
		if err != nil || o != box.Object(objstore.ObjectName(names[i])) {
			t.Errorf("%q came back as %v, %v", names[i], o, err)
		}
	}
}

func TestCountersMergeAndFold(t *testing.T) {
	fs := vfs.NewMem()
	db := openTest(t, fs)
	rng := rand.New(rand.NewPCG(1, 1))
	var want Counts
	for i := range 500 {
		d := Counts{Objects: rng.Int64N(5) - 2, Bytes: rng.Int64N(1<<40) - 1<<39}
		want = want.Add(d)
		commit(t, db, func(b *Batch) {
			b.AddContainer(box, d)
			b.AddAccount(box.Account, 3, Counts{Containers: 1})
			b.SetClock(objstore.Timestamp(1000 - i))
		})
		switch i {
		case 100:
			commit(t, db, func(b *Batch) { b.FoldContainer(box, want) })
		case 200:
			db = onDatabase(t, fs, db, (*durable.DB).Flush)
		case 300:
			closeTest(t, db)
			db = openTest(t, fs)
		}
	}
	db = onDatabase(t, fs, db, compact)
	if got, err := db.ContainerCounts(box); err != nil || got.Counts != want {
		t.Errorf("container: %+v, %v; want %+v", got, err, want)
	}
	if err := db.AccountCounts(box.Account, func(p objstore.PolicyIndex, c Counter) error {
		if p != 3 || c.Counts != (Counts{Containers: 500}) {
			t.Errorf("account: policy %d, %+v", p, c)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if c, err := db.Clock(); err != nil || c != 1000 {
		t.Errorf("clock %v, %v", c, err)
	}
	commit(t, db, func(b *Batch) { b.DeleteContainer(box) })
	commit(t, db, func(b *Batch) { b.AddContainer(box, Counts{Objects: 1}) })
	if got, err := db.ContainerCounts(box); err != nil || got != (Counter{Counts{Objects: 1}, 1}) {
		t.Errorf("a container deleted and made again has %+v, %v", got, err)
	}
	closeTest(t, db)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	db := openTest(t, fs)
	if err := db.change(func(b *pebble.Batch) error {
		return b.Set([]byte(keyVersion), binary.AppendUvarint(nil, schemaVersion+1), nil)
	}); err != nil {
		t.Fatal(err)
	}
	closeTest(t, db)
	if _, err := Open("index", Options{FS: fs}); !errors.Is(err, ErrVersion) {
		t.Errorf("opened: %v", err)
	}
}

func TestCleanStopIsNotedOnce(t *testing.T) {
	fs := vfs.NewMem()
	db := openTest(t, fs)
	if db.WasClean() {
		t.Error("a new index was never stopped")
	}
	closeTest(t, db)
	if db = openTest(t, fs); !db.WasClean() {
		t.Error("clean stop forgotten")
	}
	if err := db.Close(false); err != nil {
		t.Fatal(err)
	}
	if db = openTest(t, fs); db.WasClean() {
		t.Error("clean stop remembered after a stop that was not")
	}
	closeTest(t, db)
}

// A failed write of Pebble's log must not look like a success, then or later.
func TestFailedLogSeals(t *testing.T) {
	toggle := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo {
			return errorfs.ErrInjected
		}
		return nil
	})}
	var fatal error
	db, err := Open("index", Options{FS: errorfs.Wrap(vfs.NewMem(), toggle), Fatal: func(err error) { fatal = err }})
	if err != nil {
		t.Fatal(err)
	}
	toggle.On()
	b := db.NewBatch()
	b.SetAccount("A", &AccountRow{})
	if err := b.Commit(true); !errors.Is(err, ErrSealed) {
		t.Errorf("commit: %v", err)
	}
	toggle.Off()
	if !errors.Is(fatal, ErrSealed) {
		t.Errorf("Fatal was told %v", fatal)
	}
	b = db.NewBatch()
	b.SetAccount("A", &AccountRow{})
	if err := b.Commit(true); !errors.Is(err, ErrSealed) {
		t.Errorf("later commit: %v", err)
	}
	_ = db.Close(true) // repeats the injected error
}

func TestScansSeeWhatBatchesWrote(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	file, o := sampleRows()[1], box.Object("o")
	inline := sampleRows()[0]
	inline.ID = FileID{7}
	commit(t, db, func(b *Batch) {
		b.SetObject(o, &file)
		b.SetObject(box.Object("p"), &inline)
		b.SetInline(inline.ID, []byte("abc"))
	})
	if owner, found, err := db.FileOwner(file.ID); err != nil || !found || owner != o {
		t.Error(owner, found, err)
	}
	if body, found, err := db.Inline(inline.ID, nil); err != nil || !found || string(body) != "abc" {
		t.Error(body, found, err)
	}
	n := 0
	if err := db.Expiries(func(at int64, got objstore.ObjectID) error {
		n++
		if at != 99 || got != o {
			t.Error(at, got)
		}
		return nil
	}); err != nil || n != 1 {
		t.Error(n, err)
	}
	commit(t, db, func(b *Batch) {
		b.DeleteObject(o)
		b.DeleteExpiry(99, o)
		b.DropBody(&file)
		b.DropBody(&inline)
	})
	if queued, err := db.InGCQueue(0, file.ID); err != nil || !queued {
		t.Error("a dropped file is not queued", err)
	}
	if _, found, _ := db.FileOwner(file.ID); found {
		t.Error("a dropped file still has an owner")
	}
	if _, found, _ := db.Inline(inline.ID, nil); found {
		t.Error("a dropped inline body is still there")
	}
	if err := db.Expiries(func(int64, objstore.ObjectID) error { t.Error("expiry left"); return nil }); err != nil {
		t.Error(err)
	}
}
