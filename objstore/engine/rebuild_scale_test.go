// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/fsck"
)

// rebuildObjects is how many objects the test of rebuilding makes: a few, or
// what `make rebuild` asks for.
func rebuildObjects(t testing.TB) int {
	s := os.Getenv("NEEDLETAIL_REBUILD_OBJECTS")
	if s == "" {
		return 600
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Of the objects one in scaleLarge lies in a data file, and one in scalePosted
// was changed by a POST.
const (
	scaleLarge   = 50
	scalePosted  = 10
	scaleWriters = 32
)

func scaleSize(i int) int {
	if i%scaleLarge == 0 {
		return 5000 + i%3000
	}
	return 100 + i%400
}

func fillScale(t testing.TB, e *Engine, n int) {
	t.Helper()
	for c := range 10 {
		must[bool](t)(e.PutContainer(ctx, scaleBox(c), objstore.PutContainerOptions{MetadataUpdate: objstore.MetadataUpdate{
			Set: objstore.Metadata{{Name: "X-Container-Meta-Number", Value: strconv.Itoa(c)}}}}))
	}
	body := randomBody(1, 16_000)
	var wg sync.WaitGroup
	for w := range scaleWriters {
		wg.Go(func() {
			for i := w; i < n; i += scaleWriters {
				o := scaleBox(i % 10).Object(objstore.ObjectName(fmt.Sprintf("dir%d/object-%d", i%97, i)))
				size := scaleSize(i)
				if _, err := e.PutObject(ctx, o, bytes.NewReader(body[i%1000:][:size]), objstore.PutOptions{SizeBytes: int64(size), ContentType: "a/b"}); err != nil {
					t.Error(err)
					return
				}
				if i%scalePosted != 0 {
					continue
				}
				if _, err := e.PostObject(ctx, o, objstore.PostOptions{Metadata: objstore.Metadata{{Name: "X-Object-Meta-Color", Value: "red"}}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func scaleBox(c int) objstore.ContainerID {
	return objstore.ContainerID{Account: "AUTH_a", Container: objstore.ContainerName(fmt.Sprint("box", c))}
}

// TestRebuildScale loses the index of a store on two devices: rebuilt from its
// second copy it is what it was; rebuilt from the data files alone it has all
// that those hold, and the list says so exactly.
func TestRebuildScale(t *testing.T) {
	n := rebuildObjects(t)
	dir := t.TempDir()
	o := onDevices(nil, dir+"/d1", dir+"/d2")
	begin := time.Now()
	e := openTest(t, dir+"/store", o)
	waitInStep(t, e)
	fillScale(t, e, n)
	t.Logf("%d objects, one in %d in a data file, one in %d changed by POST, put in %v", n, scaleLarge, scalePosted, time.Since(begin).Round(time.Millisecond))
	want := dumpOf(t, e)
	closeTest(t, e)
	if err := os.RemoveAll(dir + "/store/" + datafolder.IndexName); err != nil {
		t.Fatal(err)
	}
	report := rebuildTest(t, dir+"/store", o, fsck.RebuildOptions{})
	t.Logf("from the second copy: %d keys, %d bytes in %v; exact %v", report.Copied.Keys, report.Copied.Bytes, report.Took.Round(time.Millisecond), report.Exact)
	e = openTest(t, dir+"/store", o)
	if got := dumpOf(t, e); got != want || !report.Exact || report.Recounted.Objects != int64(n) {
		t.Errorf("the dump is %s, was %s; %+v", got, want, report)
	}
	t.Logf("dump before and after: %s", want)
	kinds, checked := checkTest(t, e, "", o, fsck.CheckOptions{})
	if len(kinds) != 0 {
		t.Errorf("check: %v, %+v", kinds, checked)
	}
	closeTest(t, e)
	scaleFromFiles(t, dir+"/store", o, n)
}

func scaleFromFiles(t *testing.T, dir string, o Options, n int) {
	listed := map[string]int64{}
	report := rebuildTest(t, dir, o, fsck.RebuildOptions{From: fsck.RebuildFiles, Restored: func(o objstore.ObjectID, size int64) { listed[o.String()] = size }})
	t.Logf("from data files alone: %d files, %d objects, %d bytes in %v", report.Files, report.Restored, report.Recounted.Bytes, report.Took.Round(time.Millisecond))
	e := openTest(t, dir, o)
	defer closeTest(t, e)
	waitInStep(t, e) // the second copy is made anew
	large := 0
	for i := 0; i < n; i += scaleLarge {
		large++
		id := scaleBox(i % 10).Object(objstore.ObjectName(fmt.Sprintf("dir%d/object-%d", i%97, i)))
		info, err := e.HeadObject(ctx, id, objstore.OpenOptions{})
		if err != nil || info.SizeBytes != int64(scaleSize(i)) || listed[id.String()] != info.SizeBytes || info.ContentType != "a/b" {
			t.Errorf("%v: %+v, %v; listed with %d bytes", id, info, err, listed[id.String()])
		}
	}
	if len(listed) != large || report.Recounted.Objects != int64(large) {
		t.Errorf("%d objects are listed, %d are in the index, %d had a data file", len(listed), report.Recounted.Objects, large)
	}
	if kinds, checked := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true}); len(kinds) != 0 || checked.Files != int64(large) {
		t.Errorf("check: %v, %+v", kinds, checked)
	}
}
