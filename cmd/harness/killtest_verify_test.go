// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// killFilesDeadline bounds the wait for replaced files to be removed, which
// happens in the background.
const killFilesDeadline = 30 * time.Second

// verify checks a server that has just been started again: every key is what
// was acknowledged, or what the request in flight would have made; counters and
// listings agree with that; and no file is left over. What was "maybe" becomes
// what it turned out to be.
func (l *killLoad) verify(t *testing.T, c *killClient, data string) {
	t.Helper()
	ctx := context.Background()
	found := map[string]map[string]killState{}
	for _, container := range killContainers {
		found[container] = map[string]killState{}
	}
	for w := range killWriters {
		for _, k := range l.keys[w] {
			got, err := c.get(ctx, l.seed, k)
			if err != nil {
				t.Errorf("after kill: %v", err)
				continue
			}
			if !k.allows(got) {
				t.Errorf("after kill: %s is %v; acknowledged %v, in flight %v", k.path(), got, k.sure, k.maybe)
			}
			k.sure, k.maybe = got, nil
			if got.version > 0 {
				found[k.container][k.object] = got
			}
		}
	}
	var objects, sizeBytes int64
	for container, want := range found {
		n, size := l.verifyContainer(t, c, container, want)
		objects, sizeBytes = objects+n, sizeBytes+size
	}
	a, err := c.do(ctx, "HEAD", "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, "account", a.header, "X-Account-", objects, sizeBytes)
	if got := a.header.Get("X-Account-Container-Count"); got != strconv.Itoa(len(killContainers)) {
		t.Errorf("the account has %q containers", got)
	}
	verifyFiles(t, data, l.large())
}

// verifyContainer compares a listing with what GET found, and the counters of
// HEAD with the listing.
func (l *killLoad) verifyContainer(t *testing.T, c *killClient, container string, want map[string]killState) (objects, sizeBytes int64) {
	t.Helper()
	list, err := c.do(context.Background(), "GET", "/"+container+"?format=json&limit=10000", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct {
		Name  string
		Bytes int64
		Hash  string
	}
	if err := json.Unmarshal(list.body, &entries); err != nil {
		t.Fatalf("list %s: status %d, %v", container, list.status, err)
	}
	for _, e := range entries {
		s, ok := want[e.Name]
		if !ok {
			t.Errorf("%s lists %q, which is absent", container, e.Name)
			continue
		}
		k := &killKey{container: container, object: e.Name}
		if e.Bytes != s.sizeBytes || e.Hash != md5Hex(killBody(l.seed, k, s)) {
			t.Errorf("%s lists %+v, but GET gave %v", container, e, s)
		}
		objects, sizeBytes = objects+1, sizeBytes+e.Bytes
	}
	if len(entries) != len(want) {
		t.Errorf("%s lists %d objects, but %d are there", container, len(entries), len(want))
	}
	head, err := c.do(context.Background(), "HEAD", "/"+container, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, container, head.header, "X-Container-", objects, sizeBytes)
	return objects, sizeBytes
}

func wantCounts(t *testing.T, what string, h http.Header, prefix string, objects, sizeBytes int64) {
	t.Helper()
	count, used := h.Get(prefix+"Object-Count"), h.Get(prefix+"Bytes-Used")
	if count != strconv.FormatInt(objects, 10) || used != strconv.FormatInt(sizeBytes, 10) {
		t.Errorf("HEAD of %s says %s objects, %s bytes; a recount gives %d, %d", what, count, used, objects, sizeBytes)
	}
}

// verifyFiles waits until there are as many files as large objects, and none
// that is half written.
func verifyFiles(t *testing.T, data string, large int64) {
	t.Helper()
	deadline := time.Now().Add(killFilesDeadline)
	for {
		published, partial := countFiles(t, filepath.Join(data, "data")), countFiles(t, filepath.Join(data, "tmp"))
		if published == large && partial == 0 {
			return
		}
		if published < large || time.Now().After(deadline) {
			t.Errorf("%d files for %d large objects, %d files in tmp", published, large, partial)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// countFiles counts all files below a folder that may be absent. A file may go
// while it is counted.
func countFiles(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
