// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/engine"
)

// inspectedStore is a closed store with a small and a large object; it gives the
// path of the large one's file.
func inspectedStore(t *testing.T) (dir, file string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	e, err := engine.Open(dir, engine.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	id := objstore.ObjectID{Account: "AUTH_a", Container: "c"}
	update := objstore.MetadataUpdate{Set: objstore.Metadata{{Name: "X-Account-Meta-Color", Value: "red"}, {Name: "X-Account-Meta-Temp-Url-Key", Value: "hunter2"}}}
	if _, err := e.PostAccount(t.Context(), id.Account, update); err != nil {
		t.Fatal(err)
	}
	if _, err := e.PutContainer(t.Context(), id.ContainerID(), objstore.PutContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[objstore.ObjectName]int{"small/one": 100, "large\n\xff": 4 * checksum.BlockBytes} {
		id.Object = name
		if _, err := e.PutObject(t.Context(), id, bytes.NewReader(make([]byte, size)), objstore.PutOptions{SizeBytes: int64(size), ContentType: "text/plain"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "data/*/*/*"))
	if len(found) != 1 {
		t.Fatalf("data files %v", found)
	}
	return dir, found[0]
}

// flip changes one byte of a file.
func flip(t *testing.T, path string, at int64, whence int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if at, err = f.Seek(at, whence); err == nil {
		_, err = f.ReadAt(b[:], at)
	}
	b[0] ^= 1
	if err == nil {
		_, err = f.WriteAt(b[:], at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestInspect(t *testing.T) {
	dir, file := inspectedStore(t)
	large := "/v1/AUTH_a/c/large\n\xff"
	check := func(code int, says string, args ...string) {
		t.Helper()
		out, got := runCommand(t, append([]string{"inspect", "--data", dir}, args...)...)
		if got != code || !strings.Contains(out, says) {
			t.Errorf("%q: code %d, want %d; no %q in\n%s", args, got, code, says, out)
		}
	}
	check(0, "metadata      X-Account-Meta-Color: red", "AUTH_a")
	check(0, "X-Account-Meta-Temp-Url-Key: (hidden)", "AUTH_a")
	check(0, "containers    1", "AUTH_a")
	check(0, "objects       2", "AUTH_a/c")
	check(0, "body          inline, ", "AUTH_a/c/small/one")
	check(0, `object        "/AUTH_a/c/large\n\xff"`, large)
	check(0, "state         ok", large)
	check(0, "blocks        4 of 131072", "--read-data", large)
	check(0, "blocks        4 of 131072", file)
	check(exitNotFound, "is no file", "AUTH_a/c/x")
	check(exitNotFound, "is no file", "AUTH_x")
	check(exitNotFound, "", "--data", dir+"x", "AUTH_a")
	check(exitUsage, "neither a file", "a//c")
	check(exitUsage, "accepts 1 arg")

	flip(t, file, 2*checksum.BlockBytes, io.SeekStart)
	check(0, "state         ok", large) // the trailer and the footer are
	check(exitFailure, "block 2", "--read-data", large)
	check(exitFailure, "block 2", file)
	flip(t, file, -1, io.SeekEnd)
	check(exitFailure, "damage        data file is corrupt", large)
	check(exitFailure, "state         damaged", file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	check(exitFailure, "state         missing", large)

	e, err := engine.Open(dir, engine.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	check(exitInUse, "in use", "AUTH_a")
}

// TestInspectOtherFile: a file in the place of another is damage, though the
// file itself is whole.
func TestInspectOtherFile(t *testing.T) {
	dir, file := inspectedStore(t)
	_, other := inspectedStore(t)
	if err := os.Rename(other, file); err != nil {
		t.Fatal(err)
	}
	if out, code := runCommand(t, "inspect", file); code != 0 {
		t.Errorf("the file itself: code %d\n%s", code, out)
	}
	if out, code := runCommand(t, "inspect", "--data", dir, "AUTH_a/c/large\n\xff"); code != exitFailure || !strings.Contains(out, "another body") {
		t.Errorf("in its place: code %d\n%s", code, out)
	}
}

func TestInspectJSON(t *testing.T) {
	dir, file := inspectedStore(t)
	for _, args := range [][]string{{file}, {"--data", dir, "AUTH_a"}, {"--data", dir, "AUTH_a/c"}, {"--data", dir, "AUTH_a/c/small/one"}} {
		out, code := runCommand(t, append([]string{"inspect", "--json"}, args...)...)
		var v inspected
		if err := json.Unmarshal([]byte(out), &v); err != nil || code != 0 {
			t.Errorf("%v: %v, code %d\n%s", args, err, code, out)
		}
	}
	var v inspected
	out, _ := runCommand(t, "inspect", "--json", file)
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	f := v.Files[0]
	if f.State != stateOK || *f.Blocks != 4 || f.Object.Size != 4*checksum.BlockBytes || f.ID != filepath.Base(file) || f.Object.ETag == "" {
		t.Errorf("%s", out)
	}
}
