// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"os"
	"testing"

	"needletail/objstore/datafolder"
	"needletail/objstore/fsck"
)

// checkTest runs a check, of the open store or of the closed one.
func checkTest(t testing.TB, e *Engine, dir string, o Options, co fsck.CheckOptions) (kinds map[string]int, r fsck.CheckReport) {
	t.Helper()
	kinds = map[string]int{}
	co.Found = func(f fsck.Finding) { kinds[f.Kind]++ }
	var err error
	if e != nil {
		r, err = e.Check(ctx, co)
	} else {
		r, err = fsck.CheckClosed(ctx, folder(dir, o), co)
	}
	if err != nil {
		t.Fatal(err)
	}
	return kinds, r
}

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	b := must[[]byte](t)(os.ReadFile(path))
	if at < 0 {
		at += int64(len(b))
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func equalKinds(a, b map[string]int) bool {
	for k, n := range b {
		if a[k] != n {
			return false
		}
	}
	return len(a) == len(b)
}

// A copy of the index that is not in step is a chore of the store.
func TestCheckComparesCopies(t *testing.T) {
	dir := t.TempDir()
	o := onDevices(nil, dir+"/d1", dir+"/d2")
	e := openTest(t, dir+"/store", o)
	waitInStep(t, e)
	makeBox(t, e)
	closeTest(t, e)
	if kinds, r := checkTest(t, nil, dir+"/store", o, fsck.CheckOptions{}); len(kinds) != 0 || r.IndexCopies != 2 || r.Devices != 3 {
		t.Errorf("in step: %v, %+v", kinds, r)
	}
	if err := removeLike(dir+"/d1/"+datafolder.SecondName+"/"+datafolder.IndexName, "MANIFEST"); err != nil {
		t.Fatal(err)
	}
	if kinds, r := checkTest(t, nil, dir+"/store", o, fsck.CheckOptions{}); kinds[fsck.KindCopy] != 1 || r.Damage != 0 {
		t.Errorf("a copy that cannot be read: %v, %+v", kinds, r)
	}
}
