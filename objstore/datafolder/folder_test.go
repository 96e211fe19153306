// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"errors"
	iofs "io/fs"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
)

// onDevices returns the folder "store" of a store with devices.
func onDevices(fs vfs.FS, paths ...string) Folder {
	f := Folder{Dir: "store", FS: fs, Logger: slog.New(slog.DiscardHandler)}
	for _, path := range paths {
		f.Devices = append(f.Devices, Device{Path: path, FS: fs})
	}
	return f
}

// identified locks and identifies a folder until the end of the test step.
func identified(f Folder, step func(*Held)) error {
	h, err := f.Lock()
	if err != nil {
		return err
	}
	if _, err = h.Identify(); err == nil {
		step(h)
	}
	return errors.Join(err, h.Close())
}

func idOf(t *testing.T, f Folder) (id string) {
	t.Helper()
	if err := identified(f, func(h *Held) { id = h.ID() }); err != nil {
		t.Fatal(err)
	}
	return id
}

// A folder has one user at a time, and a missing folder is made by Lock alone.
func TestLock(t *testing.T) {
	f := onDevices(vfs.Default)
	f.Dir = filepath.Join(t.TempDir(), "store")
	if _, err := f.LockExisting(); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
	for range 2 {
		h, err := f.Lock()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.LockExisting(); !errors.Is(err, ErrLocked) {
			t.Errorf("a folder in use: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The id of a store survives the loss of each disk, and comes back from the
// second copy, from the devices, or from device.json of the data folder.
func TestIdentifyAfterLosses(t *testing.T) {
	fs := vfs.NewMem()
	f := onDevices(fs, "d1", "d2")
	id := idOf(t, f)
	if len(id) != 32 {
		t.Fatalf("id %q", id)
	}
	for i, d := range []string{"store", "d1", "d2"} {
		if err := device.Format(fs, d, device.Identity{Store: id, Index: device.Index(i)}); err != nil {
			t.Fatal(err)
		}
	}
	second := "d1/" + SecondName
	for _, lost := range [][]string{{}, {"store"}, {second}, {"store", second}, {"store/" + identityName, second}} {
		for _, path := range lost {
			if err := fs.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
		if got := idOf(t, f); got != id {
			t.Errorf("lost %q: the id is %q, was %q", lost, got, id)
		}
		if got, err := readIdentity(fs, second); err != nil || got.ID != id {
			t.Errorf("lost %q: the second copy has %+v, %v", lost, got, err)
		}
	}
	alone := onDevices(fs) // only device.json of the data folder has the id
	if err := errors.Join(device.Format(fs, "store", device.Identity{Store: id}), fs.RemoveAll("store/"+identityName)); err != nil {
		t.Fatal(err)
	}
	if got := idOf(t, alone); got != id {
		t.Errorf("without devices the id is %q, was %q", got, id)
	}
	// A new data folder takes the first device for the second copy, formatted or
	// not. An older data folder passes over d1: d1 looks like an empty mount point.
	for _, c := range []struct {
		lost   []string
		second string
	}{{[]string{"store", "d1"}, "d1/" + SecondName}, {[]string{"d1"}, "d2/" + SecondName}} {
		for _, path := range c.lost {
			if err := fs.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := identified(f, func(h *Held) {
			if h.ID() != id || h.Second().Dir != c.second {
				t.Errorf("lost %q: id %q, second copy in %q", c.lost, h.ID(), h.Second().Dir)
			}
		}); err != nil {
			t.Error(err)
		}
	}
}

// Parts of two stores are refused.
func TestIdentifyRefusesTwoStores(t *testing.T) {
	fs := vfs.NewMem()
	for i, store := range []string{"11111111111111111111111111111111", "22222222222222222222222222222222"} {
		if err := device.Format(fs, []string{"d1", "d2"}[i], device.Identity{Store: store, Index: device.Index(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := identified(onDevices(fs, "d1", "d2"), func(*Held) {}); !errors.Is(err, ErrForeign) {
		t.Errorf("devices of two stores: %v", err)
	}
	idOf(t, onDevices(fs)) // an id that is neither
	id := identity{Format: formatVersion, ID: "11111111111111111111111111111111"}
	if err := errors.Join(fs.MkdirAll("d1/"+SecondName, 0o700), writeIdentity(fs, "d1/"+SecondName, id)); err != nil {
		t.Fatal(err)
	}
	if err := identified(onDevices(fs, "d1"), func(*Held) {}); !errors.Is(err, ErrForeign) {
		t.Errorf("a second copy of another store: %v", err)
	}
}

// A store without data has nothing to repair, and a lost index is told by the
// note.
func TestExistsAndManifests(t *testing.T) {
	fs := vfs.NewMem()
	f := onDevices(fs)
	if err := f.Exists(); !errors.Is(err, iofs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := identified(f, func(h *Held) {
		if err := h.CheckManifests(); err != nil {
			t.Errorf("a new store: %v", err)
		}
		if err := h.Note(IndexNote); err != nil {
			t.Error(err)
		}
		if err := h.CheckManifests(); !errors.Is(err, ErrIndex) || !errors.Is(err, ErrForeign) {
			t.Errorf("a noted index that is not there: %v", err)
		}
		if err := h.Forget(IndexNote); err != nil || h.Noted(IndexNote) {
			t.Errorf("forgotten: %v", err)
		}
	}); err != nil {
		t.Error(err)
	}
	if err := f.Exists(); err != nil {
		t.Errorf("a store: %v", err)
	}
	if _, err := f.OpenReadOnly(); !errors.Is(err, iofs.ErrNotExist) && !errors.Is(err, ErrIndex) {
		t.Errorf("a missing index: %v", err)
	}
}
