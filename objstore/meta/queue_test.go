// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/device"
)

// Each device has a queue of its own, and device 0's is not mixed with others.
func TestGCQueues(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	one := sampleRows()[1]
	many := sampleRows()[3] // on 5, 0 and 2
	many.ID = FileID{0, 5, 3}
	commit(t, db, func(b *Batch) {
		b.DropBody(&one)
		b.DropBody(&many)
	})
	type entry struct {
		device device.Index
		id     FileID
	}
	all := func() (got []entry) {
		if err := db.GCQueue(func(d device.Index, id FileID, r GCRow) error {
			got = append(got, entry{d, id})
			return nil
		}); err != nil {
			t.Error(err)
		}
		return got
	}
	want := []entry{{0, many.ID}, {0, one.ID}, {2, many.ID}, {5, many.ID}}
	if got := all(); !reflect.DeepEqual(got, want) {
		t.Errorf("queued are %v", got)
	}
	commit(t, db, func(b *Batch) { b.DoneGC(2, many.ID); b.DoneGC(0, one.ID) })
	if got := all(); !reflect.DeepEqual(got, []entry{want[0], want[3]}) {
		t.Errorf("left are %v", got)
	}
	for d, want := range map[device.Index]int{0: 1, 2: 0, 5: 1, 9: 0} {
		n := 0
		if err := db.DeviceGCQueue(d, FileID{}, func(id FileID, r GCRow) error {
			n++
			if id != many.ID || r.Policy != many.Policy || r.SizeBytes != many.Info.SizeBytes {
				t.Errorf("device %d: %v, %+v", d, id, r)
			}
			return nil
		}); err != nil || n != want {
			t.Errorf("device %d: %d entries, %v", d, n, err)
		}
		if err := db.DeviceGCQueue(d, many.ID, func(id FileID, _ GCRow) error {
			t.Errorf("device %d: %v is not after %v", d, id, many.ID)
			return nil
		}); err != nil {
			t.Error(err)
		}
		if in, err := db.InGCQueue(d, many.ID); err != nil || in != (want == 1) {
			t.Errorf("device %d: %v, %v", d, in, err)
		}
	}
}

func TestHealQueueAndCursor(t *testing.T) {
	db := openTest(t, vfs.NewMem())
	defer closeTest(t, db)
	row := sampleRows()[2]
	commit(t, db, func(b *Batch) {
		for i := range byte(5) {
			row.ID = FileID{i + 1}
			b.QueueHeal(row.ID, HealRow{Verify: i == 2})
			b.SetObject(box.Object("o"), &row)
		}
		b.SetScrub(ScrubRow{Bytes: 9, Last: box.Object("o")})
	})
	commit(t, db, func(b *Batch) { b.DoneHeal(FileID{4}) })
	var heal, files []byte
	if err := db.HealQueue(FileID{2}, func(id FileID, r HealRow) error {
		if heal = append(heal, id[0]); r.Verify != (id[0] == 3) {
			t.Errorf("%v: %+v", id, r)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := db.FilesAfter(FileID{1, 15: 1}, func(id FileID, _ objstore.ObjectID) error { files = append(files, id[0]); return nil }); err != nil {
		t.Error(err)
	}
	if string(heal) != "\x03\x05" || string(files) != "\x02\x03\x04\x05" {
		t.Errorf("heal %v, files %v", heal, files)
	}
	for after, want := range map[objstore.ObjectID]int{{}: 1, box.Object("n"): 1, box.Object("o"): 0} {
		n := 0
		if err := db.ObjectsAfter(after, func(objstore.ObjectID, ObjectRow) error { n++; return nil }); err != nil || n != want {
			t.Errorf("after %v: %d objects, %v", after, n, err)
		}
	}
	if r, err := db.Scrub(); err != nil || r.Bytes != 9 || r.Last != box.Object("o") {
		t.Error(r, err)
	}
}
