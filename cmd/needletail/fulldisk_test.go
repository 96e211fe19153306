// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"needletail/cmd/harness/testserver"
)

// smallDisk mounts a file system in memory of so many bytes; needs root.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, options); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes what is free on a disk, and gives it back.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "fill")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close() // says again that the disk is full
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// TestIdentitiesOnAFullDisk: with no byte free what would grow is 507, changes
// that are taken anyway come to a sealed store at last, which answers 503 and
// still validates tokens; the process ends on SIGTERM, and the next one finds
// what was acknowledged.
func TestIdentitiesOnAFullDisk(t *testing.T) {
	disk := smallDisk(t, "size=96m")
	config := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(config, []byte("[storage]\nreserve_bytes = 0\nreserve_percent = 0\n[timeouts]\nshutdown = \"10s\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := testserver.Start(t, filepath.Join(disk, "data"), "--config", config)
	token, project := adminToken(t, p)
	free := fill(t, disk)
	send := func(method, path, body string) (int, string) {
		res, text := testserver.Answer(t, method, p.URL+"/identity/v3"+path, body, "X-Auth-Token", token, "X-Subject-Token", token, "Content-Type", "application/json")
		return res.StatusCode, text
	}
	if code, body := send("POST", "/projects", `{"project": {"name": "new"}}`); code != 507 || !strings.Contains(body, `"code":507`) {
		t.Errorf("a new project: %d %s", code, body)
	}
	long, acked := strings.Repeat("x", 3000), ""
	code := 200
	for i := 0; code == 200 && i < 2000; i++ {
		text := strings.Repeat("y", i%7) + long
		if code, _ = send("PATCH", "/projects/"+project, `{"project": {"description": "`+text+`"}}`); code == 200 {
			acked = text
		}
	}
	if code != 503 {
		t.Errorf("the change that did not fit: %d", code)
	}
	free()
	for range 3 {
		if code, body := send("PATCH", "/projects/"+project, `{"project": {"description": "z"}}`); code != 503 || !strings.Contains(body, `"title":"Service Unavailable"`) {
			t.Errorf("a sealed store: %d %s", code, body)
		}
	}
	if code, _ := send("GET", "/auth/tokens", ""); code != 200 {
		t.Errorf("a token of before: %d", code)
	}
	p.Stop() // a process that stays ends the test run
	p = testserver.Start(t, filepath.Join(disk, "data"), "--config", config)
	token, _ = adminToken(t, p)
	if code, body := send("GET", "/projects/"+project, ""); code != 200 || !strings.Contains(body, acked) {
		t.Errorf("after a restart: %d, and not what was acknowledged", code)
	}
}
