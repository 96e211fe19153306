package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// youngFile is the age up to which a file without a row may belong to an upload
// that is about to be committed.
const youngFile = time.Minute

// orphans looks for files that no row names.
func (k *checker) orphans() error {
	for on, dev := range k.devices {
		k.seen = 0
		err := dev.Walk(func(id device.ID) error {
			if k.seen++; k.seen%1024 == 0 {
				k.step(fmt.Sprintf("files of device %v", on), float64(int(id[0])<<8|int(id[1]))/65536)
			}
			if err := k.ctx.Err(); err != nil {
				return err
			}
			return k.orphan(dev, on, id)
		})
		if err != nil && k.ctx.Err() == nil {
			k.found(Finding{Kind: findDevice, Device: on.String(), What: err.Error()})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// orphan looks a file up in the index of now: in that of the check's moment a
// new one would be missing.
func (k *checker) orphan(dev *device.Device, on device.Index, id device.ID) error {
	owner, found, err := k.live.FileOwner(meta.FileID(id))
	if err != nil {
		return err
	}
	what := "no row names it"
	if found {
		row, exists, err := k.live.Object(owner)
		if err != nil || exists && row.ID == meta.FileID(id) && row.Placement.Holds(on) {
			return err
		}
		what = fmt.Sprintf("the row of %s does not place it here", owner)
	}
	if queued, err := k.live.InGCQueue(on, meta.FileID(id)); err != nil || queued {
		return err
	}
	if k.online && young(dev, id) {
		return nil
	}
	k.found(Finding{Kind: findOrphan, File: id.String(), Device: on.String(), What: what})
	return nil
}

// indexCopies are the folders of the index.
func (e *Engine) indexCopies(dir string, m mirror) []meta.Mirror {
	copies := []meta.Mirror{{FS: e.opts.FS, Dir: e.opts.FS.PathJoin(dir, indexName)}}
	if m.exists() {
		copies = append(copies, meta.Mirror{FS: m.fs, Dir: m.fs.PathJoin(m.dir, indexName)})
	}
	return copies
}

// tables reads every block of the index's tables.
func (k *checker) tables() error {
	if !k.o.ReadData {
		return nil
	}
	for _, c := range k.copies {
		k.step("tables of "+c.Dir, -1)
		err := meta.VerifyTables(k.ctx, c.FS, c.Dir, func(path string, err error) {
			k.found(Finding{Kind: findIndex, What: fmt.Sprintf("table %s: %v", path, err)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dark counts the files in quarantine that no row names: one finding a device.
func (k *checker) dark() error {
	for on, dev := range k.devices {
		var s DarkStatus
		err := dev.WalkDark(func(f device.DarkFile) error {
			s.add(1, f.SizeBytes, f.Found.Unix())
			return k.ctx.Err()
		})
		if err != nil && k.ctx.Err() != nil {
			return err
		}
		if err != nil {
			k.found(Finding{Kind: findDevice, Device: on.String(), What: err.Error()})
		}
		if s.Files == 0 {
			continue
		}
		k.out.DarkFiles, k.out.DarkBytes = k.out.DarkFiles+s.Files, k.out.DarkBytes+s.Bytes
		k.found(Finding{Kind: findDark, Device: on.String(), What: fmt.Sprintf(
			"%d data files of %d bytes that no row names are in quarantine, the oldest since %s; `needletail repair --dark-data` brings objects back",
			s.Files, s.Bytes, time.Unix(s.OldestSeconds, 0).UTC().Format(time.RFC3339))})
	}
	return nil
}

func young(dev *device.Device, id device.ID) bool {
	f, err := dev.OpenFile(id)
	if err != nil {
		return true // it is gone by now
	}
	defer f.Close()
	info, err := f.Stat()
	return err == nil && time.Since(info.ModTime()) < youngFile
}

// CheckClosed is Check for a store that no process has open: ErrLocked.
// Nothing is changed, but for what uploads left in tmp/.
func CheckClosed(ctx context.Context, dir string, o Options, co CheckOptions) (CheckReport, error) {
	o.EnsureDefaults()
	if err := errors.Join(o.Validate(), co.Validate()); err != nil {
		return CheckReport{}, &objstore.Error{Kind: objstore.KindInvalid, Op: "check store", Name: dir, Err: err}
	}
	var err error
	e := &Engine{opts: o, log: o.Logger}
	var report CheckReport
	if _, err = o.FS.Stat(dir); err == nil {
		e.lock, err = lockFolder(o.FS, dir)
	}
	if err == nil {
		report, err = e.checkClosed(ctx, dir, co)
	}
	for _, l := range []io.Closer{e.mirrorLock, e.lock} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return report, onFolder("check store", dir, err)
}

func (e *Engine) checkClosed(ctx context.Context, dir string, co CheckOptions) (CheckReport, error) {
	id, err := readIdentity(e.opts.FS, dir)
	if err != nil {
		return CheckReport{}, err
	}
	m, err := e.opts.findMirror(dir, false)
	if err != nil {
		return CheckReport{}, err
	}
	copies := e.compareCopies(dir, m) // before one of them is open
	db, err := openReadOnly(e.opts.FS, dir)
	if err != nil {
		return CheckReport{}, err
	}
	k := newChecker(ctx, co, db.View)
	if m.exists() {
		k.out.IndexCopies = 2
	}
	k.copies = e.indexCopies(dir, m)
	if tail := db.Tail(); tail.Acknowledged {
		k.found(Finding{Kind: findIndex, What: "acknowledged changes are lost: " + tail.String()})
	} else if tail.DroppedBytes > 0 {
		k.found(Finding{Kind: findLog, What: tail.String()})
	}
	if copies != "" {
		k.found(Finding{Kind: findCopy, What: copies})
	}
	k.openDevices(&e.opts, dir, id)
	err = errors.Join(k.run(), db.Close())
	return k.out, err
}

// compareCopies says what is wrong with the two copies of the index, or "".
func (e *Engine) compareCopies(dir string, m mirror) string {
	if !m.exists() {
		return ""
	}
	first, err1 := meta.PeekAge(e.opts.FS, e.opts.FS.PathJoin(dir, indexName))
	second, err2 := meta.PeekAge(m.fs, m.fs.PathJoin(m.dir, indexName))
	switch {
	case err1 != nil || err2 != nil:
		return fmt.Sprint("a copy of the index cannot be read: ", errors.Join(err1, err2))
	case first != second:
		return fmt.Sprintf("the copies of the index are not in step: %+v and %+v", first, second)
	}
	return ""
}

// openDevices opens the disks of a store; one that cannot be is a finding.
func (k *checker) openDevices(o *Options, dir, store string) {
	k.devices = map[device.Index]*device.Device{}
	for i := range o.Devices {
		d := &o.Devices[i]
		fs := d.FS
		if fs == nil {
			fs = o.FS
		}
		id, err := device.ReadIdentity(fs, d.Path)
		if err == nil && id.Store != store {
			err = device.ErrForeign
		}
		var dev *device.Device
		if err == nil {
			dev, err = device.Open(fs, d.Path, device.Options{})
		}
		if err != nil {
			k.found(Finding{Kind: findDevice, Device: d.Path, What: err.Error()})
			continue
		}
		k.devices[id.Index] = dev
	}
	if k.devices[0] != nil {
		return
	}
	if dev, err := device.Open(o.FS, dir, device.Options{}); err == nil {
		k.devices[0] = dev
	} else {
		k.found(Finding{Kind: findDevice, Device: dir, What: err.Error()})
	}
}

// disks are the open devices by index; one that is away is a finding.
func (e *Engine) disks(k *checker) {
	k.devices = map[device.Index]*device.Device{}
	for _, d := range e.fleet.devices {
		if dev := e.fleet.set.Device(d.index); dev != nil {
			k.devices[d.index] = dev
		} else {
			k.found(Finding{Kind: findDevice, Device: d.Path, What: "it is away"})
		}
	}
}
