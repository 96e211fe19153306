// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Dark data are published files without a row in the index. They may be uploads
// cut off by a crash, or objects whose rows were lost, and nothing tells which.
// They lie in quarantine by the hour of their finding:
//
//	quarantine/dark/2026-11-30T21/ID
const (
	darkDir      = "dark"
	darkHour     = "2006-01-02T15" // UTC
	darkHoursMax = 100             // files of one id that a device keeps
)

// DarkFile is a file of the dark data.
type DarkFile struct {
	ID        ID
	Found     time.Time // the hour in which it was found
	SizeBytes int64
	path      string
}

// darkSyncs are the folders whose entries SyncDark makes durable.
type darkSyncs struct {
	mu      sync.Mutex          // protects the fields below
	targets map[string]struct{} // folders that got a file
	sources map[string]struct{} // folders that gave one
}

// SetAside moves a published file to the dark data and returns the size of the
// file. The move is durable after SyncDark; until then a crash may leave the
// file at either place.
func (d *Device) SetAside(id ID, found time.Time) (sizeBytes int64, err error) {
	if err := d.Sealed(); err != nil {
		return 0, err
	}
	stat, err := d.fs.Stat(d.dataPath(id))
	if err != nil {
		return 0, opError("set aside", err)
	}
	folder, err := d.darkFolder(id, found)
	if err != nil {
		return 0, err
	}
	if err := d.fs.MkdirAll(folder, 0o750); err != nil {
		return 0, opError("create folder", err)
	}
	if err := d.fs.Rename(d.dataPath(id), d.fs.PathJoin(folder, id.String())); err != nil {
		return 0, opError("set aside", err)
	}
	d.dark.mu.Lock()
	defer d.dark.mu.Unlock()
	if d.dark.targets == nil {
		d.dark.targets, d.dark.sources = map[string]struct{}{}, map[string]struct{}{}
	}
	d.dark.targets[folder], d.dark.sources[d.leafPath(id)] = struct{}{}, struct{}{}
	return stat.Size(), nil
}

// darkFolder returns the folder of the hour, or of the first later hour without
// a file of the name: a present file is never replaced.
func (d *Device) darkFolder(id ID, found time.Time) (string, error) {
	for n := range darkHoursMax {
		hour := found.Add(time.Duration(n) * time.Hour).UTC().Format(darkHour)
		folder := d.fs.PathJoin(d.darkPath(), hour)
		_, err := d.fs.Stat(d.fs.PathJoin(folder, id.String()))
		if errors.Is(err, fs.ErrNotExist) {
			return folder, nil
		}
		if err != nil {
			return "", opError("set aside", err)
		}
	}
	return "", fmt.Errorf("device: set aside %s: %d of that name are there: %w", id, darkHoursMax, fs.ErrExist)
}

func (d *Device) darkPath() string { return d.fs.PathJoin(d.dir, quarantineDir, darkDir) }

// SyncDark makes the moves of SetAside durable, the new places first.
func (d *Device) SyncDark() error {
	d.dark.mu.Lock()
	targets, sources := d.dark.targets, d.dark.sources
	d.dark.targets, d.dark.sources = nil, nil
	d.dark.mu.Unlock()
	if len(targets) == 0 {
		return nil
	}
	folders := append(slices.Sorted(maps.Keys(targets)), d.darkPath(), d.fs.PathJoin(d.dir, quarantineDir))
	for _, path := range append(folders, slices.Sorted(maps.Keys(sources))...) {
		if err := d.syncDir(path); err != nil {
			return err
		}
	}
	return nil
}

// WalkDark calls visit for each file of the dark data, the oldest hour first.
// Foreign names are passed over. An error from visit ends the walk and is
// returned unchanged. Memory holds the names of a single hour.
func (d *Device) WalkDark(visit func(DarkFile) error) error {
	hours, err := d.darkHours()
	if err != nil {
		return err
	}
	for _, found := range hours {
		folder := d.fs.PathJoin(d.darkPath(), found.Format(darkHour))
		names, err := d.fs.List(folder)
		if err != nil {
			return opError("list dark data", err)
		}
		for _, name := range names {
			id, err := ParseID(name)
			if err != nil {
				continue
			}
			f, err := d.darkFile(id, found)
			if errors.Is(err, fs.ErrNotExist) {
				continue // an operator removed it meanwhile
			}
			if err == nil {
				err = visit(f)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// darkHours returns the hours with dark data, in order.
func (d *Device) darkHours() ([]time.Time, error) {
	names, err := d.fs.List(d.darkPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, opError("list dark data", err)
	}
	var hours []time.Time
	for _, name := range names {
		if t, err := time.Parse(darkHour, name); err == nil && t.Format(darkHour) == name {
			hours = append(hours, t)
		}
	}
	slices.SortFunc(hours, time.Time.Compare)
	return hours, nil
}

func (d *Device) darkFile(id ID, found time.Time) (DarkFile, error) {
	f := DarkFile{ID: id, Found: found, path: d.fs.PathJoin(d.darkPath(), found.Format(darkHour), id.String())}
	stat, err := d.fs.Stat(f.path)
	if err != nil {
		return f, opError("look up dark data", err)
	}
	f.SizeBytes = stat.Size()
	return f, nil
}

// FindDark returns the dark file of a name, the last found of several. A
// missing file matches fs.ErrNotExist.
func (d *Device) FindDark(id ID) (DarkFile, error) {
	hours, err := d.darkHours()
	if err != nil {
		return DarkFile{}, err
	}
	for _, found := range slices.Backward(hours) {
		if f, err := d.darkFile(id, found); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return DarkFile{}, fmt.Errorf("device: dark data %s: %w", id, fs.ErrNotExist)
}

// OpenDark opens a file of the dark data for reading.
func (d *Device) OpenDark(f DarkFile) (vfs.File, error) {
	file, err := d.fs.Open(f.path)
	if err != nil {
		return nil, opError("open dark data", err)
	}
	return file, nil
}

// BringBack publishes a dark file again, durably. It does not replace a
// published file: fs.ErrExist.
func (d *Device) BringBack(f DarkFile) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	if err := d.makeLeaf(f.ID); err != nil {
		return err
	}
	if _, err := d.fs.Stat(d.dataPath(f.ID)); err == nil {
		return fmt.Errorf("device: bring back %s: %w", f.ID, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return opError("bring back", err)
	}
	if err := d.fs.Rename(f.path, d.dataPath(f.ID)); err != nil {
		return opError("bring back", err)
	}
	if err := d.syncDir(d.leafPath(f.ID)); err != nil {
		return err
	}
	return d.syncDir(d.fs.PathDir(f.path))
}

// RemoveDark deletes a dark file, and the folder of its hour with the last
// file. A missing file is no error. The removal is not synced: after a loss of
// power the file may be back.
func (d *Device) RemoveDark(f DarkFile) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	if err := d.unlink(f.path); err != nil {
		return err
	}
	folder := d.fs.PathDir(f.path)
	if names, err := d.fs.List(folder); err == nil && len(names) == 0 {
		return d.unlink(folder)
	}
	return nil
}
