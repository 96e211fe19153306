// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/ec"
	"needletail/objstore/oserror"
)

// Reader is an open body. Several goroutines may use a Reader, each with a
// Range of its own.
type Reader struct {
	single *datafile.Reader // of a body with one copy; the rest is unset then

	set       *Set
	id        device.ID
	layout    Layout
	footer    datafile.Footer // set by open
	files     []slotFile
	refs      atomic.Int64 // one of the owner, one per running fetch
	fragments bool
	quiet     bool // damage is not told to Events
}

// slotFile is the file of a slot.
type slotFile struct {
	disk *disk // nil if there is none

	// opening has room for the single fetch that opens the file.
	opening chan struct{}
	file    *datafile.Reader // guarded by opening

	state   sync.Mutex // guards what follows
	slow    bool       // it was too slow once
	running int        // fetches that have not come back
	bad     error      // why it is not asked again
}

// Open opens a body by its id, layout and placement. Errors: *ShortError that
// matches ErrUnavailable, fs.ErrNotExist (all files are gone: the body was
// removed) or datafile.ErrCorrupt; datafile.ErrVersion; for a single copy the
// errors of datafile.Open.
func (s *Set) Open(id device.ID, l Layout, p Placement) (*Reader, error) {
	if err := p.Validate(l); err != nil {
		return nil, err
	}
	if l.Copies == 1 {
		return s.openSingle(id, p[0])
	}
	r := s.newReader(id, l, p)
	// The first request asks as many files as a whole body takes, so that an
	// unreadable body is an error here and not in the middle of an answer.
	g := r.gather(request{want: r.allSlots(), need: l.Need()})
	defer g.release()
	if g.err != nil {
		r.Close()
		return nil, g.err
	}
	r.footer = g.footer
	return r, nil
}

func (s *Set) newReader(id device.ID, l Layout, p Placement) *Reader {
	r := &Reader{set: s, id: id, layout: l, files: make([]slotFile, len(p)), fragments: l.Copies == 0}
	r.refs.Store(1)
	for slot, i := range p {
		r.files[slot].disk = s.byIndex[i]
		r.files[slot].opening = make(chan struct{}, 1)
	}
	return r
}

func (r *Reader) allSlots() uint64 { return 1<<len(r.files) - 1 }

// openSingle opens a single copy in the caller's goroutine. Once a probe has
// hung for the monitor's HungAfter, openSingle returns an error at once. An
// earlier call waits for as long as the disk does.
func (s *Set) openSingle(id device.ID, i device.Index) (*Reader, error) {
	d := s.byIndex[i]
	var why error
	switch {
	case d == nil || d.dev.Load() == nil:
		why = errAway
	case d.monitor.Hung():
		why = errSlow
	}
	if why != nil {
		return nil, &ShortError{Op: "read", Need: 1, Slots: []*SlotError{{Device: i, Err: why}}, is: ErrUnavailable}
	}
	f, err := datafile.Open(d.dev.Load(), id)
	if err == nil {
		return &Reader{single: f}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = s.whyMissing(d, err)
	}
	d.monitor.Blame(faultOf(err))
	return nil, err
}

// whyMissing tells a missing file from a device no longer mounted, under whose
// path every file is missing.
func (s *Set) whyMissing(d *disk, err error) error {
	away := device.Identify(d.spec.FS, d.spec.Dir, device.Identity{Store: s.store, Index: d.spec.Index})
	if away == nil {
		return err
	}
	if oserror.Exhausted(away) {
		return away
	}
	d.monitor.Probed(away)
	d.dev.Store(nil)
	return fmt.Errorf("%w: %w", errAway, away)
}

// Footer describes the object.
func (r *Reader) Footer() datafile.Footer {
	if r.single != nil {
		return r.single.Footer()
	}
	f := r.footer
	f.Fragment = datafile.Fragment{}
	return f
}

// SizeBytes is the length of the body.
func (r *Reader) SizeBytes() int64 {
	if r.single != nil {
		return r.single.SizeBytes()
	}
	return r.footer.Info.SizeBytes
}

func (r *Reader) geometry() ec.Geometry {
	return ec.Geometry{Data: r.layout.Data, SizeBytes: r.footer.Info.SizeBytes}
}

// Range returns the bytes [off, off+length) of the body, cut to the body's end.
// The result is also an io.WriterTo, belongs to a single goroutine, and ends
// with the Reader's Close. Every byte is checked before it is given. Errors:
// *ShortError as from Open; for a single copy *datafile.CorruptError.
func (r *Reader) Range(off, length int64) io.Reader {
	if r.single != nil {
		return r.single.Range(off, length)
	}
	size := r.SizeBytes()
	off = min(max(off, 0), size)
	return &rangeReader{reader: r, off: off, end: off + min(max(length, 0), size-off)}
}

// Close ends the use of the Reader. A file still being read by a hanging device
// is closed when the device answers.
func (r *Reader) Close() error {
	if r.single != nil {
		return r.single.Close()
	}
	return r.unref()
}

func (r *Reader) unref() error {
	if r.refs.Add(-1) > 0 {
		return nil
	}
	var errs []error
	for slot := range r.files {
		if f := r.files[slot].file; f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// open returns the file of a slot. The first use opens the file.
func (r *Reader) open(slot int, dev *device.Device) (*datafile.Reader, error) {
	f := &r.files[slot]
	f.opening <- struct{}{}
	defer func() { <-f.opening }()
	if f.file != nil {
		return f.file, nil
	}
	file, err := datafile.Open(dev, r.id)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = r.set.whyMissing(f.disk, err)
		}
		return nil, err
	}
	footer := file.Footer()
	if want := r.layout.footer(footer, slot).Fragment; footer.Fragment != want {
		file.Close()
		return nil, &datafile.CorruptError{Block: -1, Reason: "file is not that of its slot"}
	}
	f.file = file
	return file, nil
}
