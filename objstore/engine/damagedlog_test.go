// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/fsck"
)

// An index whose newest log is damaged in the middle is refused, a check says
// so, and a rebuild brings back what the data files hold.
func TestDamagedLog(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir+"/live", Options{InlineMaxBytes: 4096})
	makeBox(t, e)
	seeds := map[objstore.ObjectName]uint64{}
	for i := range uint64(20) {
		name := objstore.ObjectName(fmt.Sprint("o", i))
		seeds[name] = i + 1
		put(t, e, name, randomBody(i+1, 50_000))
	}
	if err := os.CopyFS(dir+"/killed", os.DirFS(dir+"/live")); err != nil {
		t.Fatal(err)
	}
	closeTest(t, e)
	logs := must[[]string](t)(filepath.Glob(dir + "/killed/" + datafolder.IndexName + "/*.log"))
	path := slices.Max(logs)
	content := must[[]byte](t)(os.ReadFile(path))
	used := len(content)
	for used > 0 && content[used-1] == 0 {
		used--
	}
	flip(t, path, int64(used/2))
	o := quiet(Options{InlineMaxBytes: 4096})
	for range 2 {
		if _, err := Open(dir+"/killed", o); !errors.Is(err, datafolder.ErrIndex) {
			t.Errorf("open: %v", err)
		}
	}
	if kinds, r := checkTest(t, nil, dir+"/killed", o, fsck.CheckOptions{}); kinds[fsck.KindIndex] != 1 || r.Damage != 1 {
		t.Errorf("check: %v, %+v", kinds, r)
	}
	r, err := fsck.Rebuild(ctx, o.Folder(dir+"/killed"), fsck.RebuildOptions{})
	if err != nil || r.Exact || r.Restored == 0 || len(r.Skipped) != 1 {
		t.Errorf("rebuild: %+v, %v", r, err)
	}
	e = openTest(t, dir+"/killed", o)
	defer closeTest(t, e)
	wantBodies(t, e, seeds, 50_000)
	wantRecount(t, e)
	if kinds, _ := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true}); len(kinds) != 0 {
		t.Errorf("rebuilt: %v", kinds)
	}
}
