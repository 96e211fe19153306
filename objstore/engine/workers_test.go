// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"needletail/objstore"
)

func TestExpirer(t *testing.T) {
	e := openTest(t, "store", Options{FS: memFS(), ExpireEvery: time.Hour})
	defer closeTest(t, e)
	makeBox(t, e)
	now := time.Now().Unix()
	for i := range 40 {
		_, err := e.PutObject(ctx, box.Object(objstore.ObjectName(fmt.Sprint(i))), bytes.NewReader([]byte("abc")),
			objstore.PutOptions{SizeBytes: 3, DeleteAt: now - 20 + int64(i)*1000*int64(i%2)})
		if err != nil {
			t.Fatal(err)
		}
	}
	// An entry of a version that is no more must not remove the new one.
	put(t, e, "0", []byte("never"))
	n, err := e.ExpirePass(ctx)
	if err != nil || n != 19 {
		t.Errorf("%d expired, %v", n, err)
	}
	info, err := e.HeadContainer(ctx, box, objstore.InfoOptions{})
	if err != nil || info.ObjectCount != 21 {
		t.Errorf("%d objects are left, %v", info.ObjectCount, err)
	}
	if n, err := e.ExpirePass(ctx); n != 0 || err != nil {
		t.Errorf("second pass: %d, %v", n, err)
	}
	wantRecount(t, e)
}

func TestExpirerLoop(t *testing.T) {
	e := openTest(t, "store", Options{FS: memFS(), ExpireEvery: time.Millisecond})
	defer closeTest(t, e)
	makeBox(t, e)
	_, err := e.PutObject(ctx, box.Object("o"), bytes.NewReader(nil), objstore.PutOptions{DeleteAt: 1})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "expiry", func() bool { return e.Metrics().Expired == 1 })
}

// waitFor polls for what a worker does.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(time.Minute * time.Duration(chaosSize(t)))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %s", what)
		}
	}
}

// TestFold: a reader that met many deltas has them added up, while writers go on.
func TestFold(t *testing.T) {
	e := openTest(t, "store", Options{FS: memFS()})
	defer closeTest(t, e)
	makeBox(t, e)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range foldDeltas {
				put(t, e, objstore.ObjectName(fmt.Sprintf("%d-%d", w, i%100)), []byte("abcd")[:i%5])
				if i%64 == 0 {
					must[objstore.ContainerInfo](t)(e.HeadContainer(ctx, box, objstore.InfoOptions{}))
					must[objstore.AccountInfo](t)(e.HeadAccount(ctx, box.Account, objstore.InfoOptions{}))
				}
			}
		})
	}
	wg.Wait()
	waitFor(t, "fold", func() bool {
		must[objstore.ContainerInfo](t)(e.HeadContainer(ctx, box, objstore.InfoOptions{}))
		n, err := e.db.ContainerCounts(box)
		return err != nil || n.Deltas <= foldDeltas
	})
	wantRecount(t, e)
	info := must[objstore.ContainerInfo](t)(e.HeadContainer(ctx, box, objstore.InfoOptions{}))
	if info.ObjectCount != 400 {
		t.Errorf("%d objects", info.ObjectCount)
	}
}

// TestCountsUnderWriters: puts, overwrites and deletes of the same names by
// many writers leave counters that equal the rows.
func TestCountsUnderWriters(t *testing.T) {
	e := openTest(t, "store", Options{FS: memFS(), InlineMaxBytes: 1000})
	defer closeTest(t, e)
	makeBox(t, e)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 60 {
				o := box.Object(objstore.ObjectName(fmt.Sprint((w*7 + i) % 10)))
				if i%3 == 2 {
					_, err := e.DeleteObject(ctx, o, objstore.DeleteOptions{})
					if err != nil && objstore.KindOf(err) != objstore.KindNotFound {
						t.Error(err)
					}
					continue
				}
				put(t, e, o.Object, randomBody(uint64(i), i*40))
				if _, err := get(e, o.Object); err != nil && objstore.KindOf(err) != objstore.KindNotFound {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantTidy(t, e, "after the writers")
	m := e.Metrics()
	if m.Puts != 8*40 || m.InlinePuts+m.FilePuts != m.Puts || m.FilePuts == 0 || m.Commits.Count < m.Puts {
		t.Errorf("%+v", m)
	}
}

// TestContainerDeleteIsExact: as soon as its objects are deleted a container
// can be, and never before.
func TestContainerDeleteIsExact(t *testing.T) {
	e := openTest(t, "store", Options{FS: memFS()})
	defer closeTest(t, e)
	for range 50 {
		makeBox(t, e)
		for i := range 5 {
			put(t, e, objstore.ObjectName(fmt.Sprint(i)), []byte("segment"))
		}
		for i := range 5 {
			if err := e.DeleteContainer(ctx, box); objstore.KindOf(err) != objstore.KindNotEmpty || err == nil {
				t.Fatalf("with %d objects: %v", 5-i, err)
			}
			if _, err := e.DeleteObject(ctx, box.Object(objstore.ObjectName(fmt.Sprint(i))), objstore.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.DeleteContainer(ctx, box); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClockGoesOnAfterReopen(t *testing.T) {
	fs := memFS()
	e := openTest(t, "store", Options{FS: fs})
	makeBox(t, e)
	future := objstore.TimestampOf(time.Now().Add(24 * time.Hour))
	_, err := e.PutObject(ctx, box.Object("o"), bytes.NewReader(nil), objstore.PutOptions{Timestamp: future})
	if err != nil {
		t.Fatal(err)
	}
	closeTest(t, e)
	e = openTest(t, "store", Options{FS: fs})
	defer closeTest(t, e)
	if got := put(t, e, "another", nil).Created; got <= future {
		t.Errorf("created %v, the store has seen %v", got, future)
	}
}
