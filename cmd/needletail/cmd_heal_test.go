// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/engine"
)

func runHeal(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newHealCommand()
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// The command shows what a store wrote, and takes a replaced disk into use.
func TestHealCommand(t *testing.T) {
	data := t.TempDir()
	if _, err := runHeal(t, "--data", data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a status: %v", err)
	}
	disk := filepath.Join(t.TempDir(), "disk")
	open := func() *engine.Engine {
		e, err := engine.Open(data, engine.Options{
			Logger: slog.New(slog.DiscardHandler), Devices: []engine.DeviceOptions{{Path: disk, Weight: 1}},
			ScrubBytesPerSecond: 1 << 20, Policies: objstore.DefaultPolicies(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	want := e.Status()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := runHeal(t, "--data", data)
	if err != nil || !strings.Contains(text, "device 1 ok "+disk) || !strings.Contains(text, "scrub") ||
		!strings.Contains(text, "copies of the index: in step\ncopies of the identity: one copy\n") || strings.Contains(text, "\x1b") {
		t.Errorf("%q, %v", text, err)
	}
	text, err = runHeal(t, "--data", data, "--json")
	var got engine.Status
	if err != nil || json.Unmarshal([]byte(text), &got) != nil || got.Store != want.Store || len(got.Devices) != 2 {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.RemoveAll(disk); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{data, t.TempDir()} {
		if _, err := runHeal(t, "--data", data, "--replaced", path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is taken for a device: %v", path, err)
		}
	}
	if _, err := runHeal(t, "--data", data, "--replaced", disk); !errors.Is(err, errUsage) {
		t.Errorf("a disk that the server has open: %v", err)
	}
	again := open() // sees that the disk is another, and says so in its status
	if state := again.Status().Devices[1].State; state != "failed" {
		t.Errorf("the lost disk is %s", state)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := runHeal(t, "--data", data, "--replaced", disk); err != nil || !strings.Contains(text, "device 1") {
		t.Errorf("%q, %v", text, err)
	}
	if err := device.Identify(vfs.Default, disk, device.Identity{Store: want.Store, Index: 1}); err != nil {
		t.Error(err)
	}
}

func TestBarAndSize(t *testing.T) {
	for percent, want := range map[float64]int{-1: 0, 0: 0, 50: 15, 99.9: 29, 100: 30, 200: 30} {
		if got := strings.Count(bar(true, percent), "#"); got != want {
			t.Errorf("%v %%: %d cells, want %d", percent, got, want)
		}
	}
	for bytes, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 3 << 29: "1.5 GiB", 1 << 62: "4096.0 PiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
