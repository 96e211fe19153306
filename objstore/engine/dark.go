// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Dark data are data files that no row names (device/dark.go). There are two
// causes: a crash cut an upload off, or the row of an object was lost, for
// example with the end of a damaged log. A dark file does not tell the cause.
// The store keeps dark data until an operator decides (RepairDark), or until the
// files are older than Options.DarkDataAge.

const (
	// DarkDataAge is how long dark data are kept by default: long enough for an
	// operator to notice after a week of holidays.
	DarkDataAge = 7 * 24 * time.Hour
	// darkEvery is the pause between two looks at the age of dark data.
	darkEvery = time.Hour
	// darkWait bounds the look at one device, which may hang.
	darkWait = time.Minute
)

// DarkStatus is what an operator sees of dark data.
type DarkStatus struct {
	Files         int64
	Bytes         int64
	OldestSeconds int64 `json:",omitempty"` // when the oldest was found, Unix
}

func (s *DarkStatus) add(files, bytes, oldest int64) {
	s.Files, s.Bytes = s.Files+files, s.Bytes+bytes
	if files > 0 && (s.OldestSeconds == 0 || oldest < s.OldestSeconds) {
		s.OldestSeconds = oldest
	}
}

// dark looks for dark data, and remembers the result of the last look at each
// device.
type dark struct {
	e   *Engine
	now chan struct{} // holds one token while a look is due

	mu   sync.Mutex // protects the field below
	seen map[device.Index]DarkStatus
}

func (d *dark) init(e *Engine) {
	d.e = e
	d.now, d.seen = make(chan struct{}, 1), map[device.Index]DarkStatus{}
	d.wake()
}

func (d *dark) wake() {
	select {
	case d.now <- struct{}{}:
	default: // a look is due already
	}
}

func (d *dark) note(i device.Index, s DarkStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[i] = s
}

// status returns the sum over all devices.
func (d *dark) status() (sum DarkStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seen {
		sum.add(s.Files, s.Bytes, s.OldestSeconds)
	}
	return sum
}

// find moves the files without a row of a device to the dark data of the device.
// Uploads may run meanwhile: inUse protects the files of running uploads.
func (d *dark) find(ctx context.Context, i device.Index, dev *device.Device) error {
	files, found, bytes := 0, int64(0), int64(0)
	now := time.Now()
	err := dev.Walk(func(id device.ID) error {
		if !d.e.gate.enter() {
			return context.Canceled
		}
		defer d.e.gate.leave()
		files++
		size, moved, err := d.setAside(i, dev, id, now)
		if moved {
			found, bytes = found+1, bytes+size
			d.e.stats.darkFound.Add(1)
		}
		return errors.Join(err, ctx.Err())
	})
	err = errors.Join(err, dev.SyncDark())
	if files > 0 {
		d.e.log.Info("compared the data files of a device with the index", "device", i, "files", files, "dark", found)
	}
	if found > 0 {
		d.e.log.Warn("data files that no row names are in quarantine: uploads that were cut off, or objects whose rows were lost; `needletail repair --dark-data` brings objects back",
			"device", i, "files", found, "bytes", bytes, "kept_for", d.e.opts.DarkDataAge)
		d.wake()
	}
	return err
}

// setAside moves one file to the dark data. A file stays if a row names the
// file, a removal queue has the file, or an upload is writing the file.
func (d *dark) setAside(i device.Index, dev *device.Device, file device.ID, now time.Time) (size int64, moved bool, err error) {
	id := meta.FileID(file)
	defer d.e.files.lock(id)()
	if d.e.inUse.has(d.e.inUse.writers, id) {
		return 0, false, nil // asked first: an upload that has ended has committed the row
	}
	if held, err := d.e.holds(id, i); err != nil || held {
		return 0, false, err
	}
	if queued, err := d.e.db.InGCQueue(i, id); err != nil || queued {
		return 0, false, err
	}
	result := make(chan int64, 1)
	err = within(presenceWait, func() error {
		n, err := dev.SetAside(file, now)
		result <- n
		return err
	})
	if isNotExist(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return <-result, true, nil
}

// pass counts the dark data of all devices and removes files that are older than
// Options.DarkDataAge. If the disk is full, pass logs how to make room.
func (d *dark) pass(ctx context.Context) (removed int, err error) {
	for i := range d.e.fleet.devices {
		on := d.e.fleet.devices[i].index
		dev := d.e.fleet.set.Device(on)
		if dev == nil || d.e.fleet.several() && d.e.fleet.set.State(on) == device.StateFailed {
			continue
		}
		result := make(chan int, 1)
		failed := within(darkWait, func() error {
			n, err := d.lookAt(ctx, on, dev)
			result <- n
			return err
		})
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("dark data of device %v: %w", on, failed))
			continue
		}
		removed += <-result
	}
	if s := d.status(); s.Files > 0 && errors.Is(d.e.dev.Reserve(0), device.ErrNoSpace) {
		d.e.log.Warn("the disk is full, and quarantine holds data files that no row names; `needletail repair --dark-data` brings objects back, and with --discard removes the rest",
			"files", s.Files, "bytes", s.Bytes, "kept_for", d.e.opts.DarkDataAge)
	}
	return removed, err
}

// lookAt counts the dark data of one device and removes files older than
// Options.DarkDataAge. status shows the rest.
func (d *dark) lookAt(ctx context.Context, on device.Index, dev *device.Device) (removed int, err error) {
	var kept, old DarkStatus
	limit := time.Now().Add(-d.e.opts.DarkDataAge - time.Hour) // the folder names only the hour: a file may be an hour younger
	err = dev.WalkDark(func(f device.DarkFile) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.e.opts.DarkDataAge < 0 || f.Found.After(limit) {
			kept.add(1, f.SizeBytes, f.Found.Unix())
			return nil
		}
		old.add(1, f.SizeBytes, f.Found.Unix())
		return dev.RemoveDark(f)
	})
	if err != nil {
		return 0, err
	}
	d.note(on, kept)
	if old.Files > 0 {
		d.e.stats.darkRemoved.Add(old.Files)
		d.e.log.Warn("removed data files that no row names and nobody asked for", "device", on,
			"files", old.Files, "bytes", old.Bytes, "older_than", d.e.opts.DarkDataAge)
	}
	return int(old.Files), nil
}
