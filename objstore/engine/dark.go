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

// Dark data are data files that no row names (device/dark.go). An upload that a
// crash cut off leaves one, and so does an object whose row was lost, for
// example with the end of a damaged log. Both look the same, so the store keeps
// them until an operator decides (RepairDark), or until they are older than
// Options.DarkDataAge.

const (
	// DarkDataAge is how long dark data are kept by default: long enough for
	// somebody to notice over a week of holidays.
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

// dark is what the last look saw on each device.
type dark struct {
	now chan struct{} // holds one token while a look is due

	mu   sync.Mutex // protects the field below
	seen map[device.Index]DarkStatus
}

func (d *dark) init() {
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

// status is the sum over all devices.
func (d *dark) status() (sum DarkStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seen {
		sum.add(s.Files, s.Bytes, s.OldestSeconds)
	}
	return sum
}

// findDark moves the files of a device that no row names to its dark data.
// Files that come and go meanwhile are told apart by who is writing.
func (e *Engine) findDark(ctx context.Context, i device.Index, dev *device.Device) error {
	files, found, bytes := 0, int64(0), int64(0)
	now := time.Now()
	err := dev.Walk(func(id device.ID) error {
		if !e.gate.enter() {
			return context.Canceled
		}
		defer e.gate.leave()
		files++
		size, moved, err := e.setAside(i, dev, id, now)
		if moved {
			found, bytes = found+1, bytes+size
			e.stats.darkFound.Add(1)
		}
		return errors.Join(err, ctx.Err())
	})
	err = errors.Join(err, dev.SyncDark())
	if files > 0 {
		e.log.Info("compared the data files of a device with the index", "device", i, "files", files, "dark", found)
	}
	if found > 0 {
		e.log.Warn("data files that no row names are in quarantine: uploads that were cut off, or objects whose rows were lost; `needletail repair --dark-data` brings objects back",
			"device", i, "files", found, "bytes", bytes, "kept_for", e.opts.DarkDataAge)
		e.dark.wake()
	}
	return err
}

// setAside moves one file to the dark data, unless a row names it, a queue has
// it, or somebody writes it.
func (e *Engine) setAside(i device.Index, dev *device.Device, file device.ID, now time.Time) (size int64, moved bool, err error) {
	id := meta.FileID(file)
	defer e.files.lock(id)()
	if e.inUse.has(e.inUse.writers, id) {
		return 0, false, nil // first: who is done with writing has a row by now
	}
	if held, err := e.holds(id, i); err != nil || held {
		return 0, false, err
	}
	if queued, err := e.db.InGCQueue(i, id); err != nil || queued {
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

// darkPass counts the dark data of all devices, removes what is older than
// DarkDataAge, and says what can be done if the disk is full.
func (e *Engine) darkPass(ctx context.Context) (removed int, err error) {
	for i := range e.fleet.devices {
		on := e.fleet.devices[i].index
		dev := e.fleet.set.Device(on)
		if dev == nil || e.fleet.several() && e.fleet.set.State(on) == device.StateFailed {
			continue
		}
		result := make(chan int, 1)
		failed := within(darkWait, func() error {
			n, err := e.lookAtDark(ctx, on, dev)
			result <- n
			return err
		})
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("dark data of device %v: %w", on, failed))
			continue
		}
		removed += <-result
	}
	if s := e.dark.status(); s.Files > 0 && errors.Is(e.dev.Reserve(0), device.ErrNoSpace) {
		e.log.Warn("the disk is full, and quarantine holds data files that no row names; `needletail repair --dark-data` brings objects back, and with --discard removes the rest",
			"files", s.Files, "bytes", s.Bytes, "kept_for", e.opts.DarkDataAge)
	}
	return removed, err
}

// lookAtDark counts the dark data of one device and removes what is too old.
func (e *Engine) lookAtDark(ctx context.Context, on device.Index, dev *device.Device) (removed int, err error) {
	var kept, old DarkStatus
	limit := time.Now().Add(-e.opts.DarkDataAge - time.Hour) // a file may have come at the end of its hour
	err = dev.WalkDark(func(f device.DarkFile) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.opts.DarkDataAge < 0 || f.Found.After(limit) {
			kept.add(1, f.SizeBytes, f.Found.Unix())
			return nil
		}
		old.add(1, f.SizeBytes, f.Found.Unix())
		return dev.RemoveDark(f)
	})
	if err != nil {
		return 0, err
	}
	e.dark.note(on, kept)
	if old.Files > 0 {
		e.stats.darkRemoved.Add(old.Files)
		e.log.Warn("removed data files that no row names and nobody asked for", "device", on,
			"files", old.Files, "bytes", old.Bytes, "older_than", e.opts.DarkDataAge)
	}
	return int(old.Files), nil
}
