// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"time"

	"needletail/objstore/twin"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/durable"
	"needletail/objstore/meta"
)

// CheckOptions are the settings of a check.
type CheckOptions struct {
	// ReadData also reads every body and checks the checksums.
	ReadData bool
	// Part and Parts select a share of the bodies: share Part of Parts shares,
	// counted from 1. 0 means all bodies. The index is checked as a whole.
	Part, Parts int
	// Found is called for each finding, from one goroutine. Optional.
	Found func(Finding)
	// Progress is called now and then. Optional.
	Progress func(Progress)
}

// checkPartsMax bounds CheckOptions.Parts.
const checkPartsMax = 1 << 16

// Finding is one fault of a store.
type Finding struct {
	// Kind is "index", "missing", "corrupt" or "device" for damage. Kind is
	// "orphan", "log", "dark", "degraded" or "copy" for a chore: the store heals
	// the fault alone, or an operator decides.
	Kind   string `json:"kind"`
	Object string `json:"object,omitempty"`
	File   string `json:"file,omitempty"`
	Device string `json:"device,omitempty"`
	What   string `json:"what"`
}

// Damage says whether the finding is damage, and not a chore of the store.
func (f Finding) Damage() bool {
	switch f.Kind {
	case KindOrphan, KindLog, KindDark, KindDegraded, KindCopy:
		return false
	}
	return true
}

const (
	KindIndex    = "index"    // the index does not agree with itself
	KindMissing  = "missing"  // a missing file of a row
	KindCorrupt  = "corrupt"  // a body, or a file's footer
	KindDevice   = "device"   // an unreadable disk
	KindOrphan   = "orphan"   // a file without a row, and not in quarantine yet
	KindDegraded = "degraded" // a body with a slot on no device
	KindLog      = "log"      // a log of the index with bytes after the last commit
	KindDark     = "dark"     // files without a row in quarantine
	KindCopy     = "copy"     // a copy of the index out of step
)

// CheckReport is the result of a check.
type CheckReport struct {
	Index       Recounted `json:"index"`
	Files       int64     `json:"files"`
	BodiesRead  int64     `json:"bodies_read"`
	BytesRead   int64     `json:"bytes_read"`
	Damage      int64     `json:"damage"` // number of findings with damage; Chores counts the rest
	Chores      int64     `json:"chores"`
	DarkFiles   int64     `json:"dark_files"` // in quarantine, without a row
	DarkBytes   int64     `json:"dark_bytes"`
	IndexCopies int       `json:"index_copies"`
	Devices     int       `json:"devices"`
	Seconds     float64   `json:"seconds"`
}

// Validate checks Part and Parts.
func (o *CheckOptions) Validate() error {
	if o.Parts < 0 || o.Parts > checkPartsMax || o.Part < 0 || o.Part > o.Parts || o.Parts > 0 && o.Part == 0 {
		return fmt.Errorf("part %d of %d is none, or there are more than %d", o.Part, o.Parts, checkPartsMax)
	}
	return nil
}

// checker is one running check.
type checker struct {
	ctx     context.Context
	o       CheckOptions
	view    meta.View // of one moment
	live    meta.View // of now: a finding explained by a later change does not count
	online  bool
	devices map[device.Index]*device.Device
	copies  []meta.Mirror // of the index
	seen    int64
	out     CheckReport
}

// Live is an open store, as CheckLive reads the store.
type Live struct {
	Then meta.View // of one moment
	Now  meta.View
	// Disks are the devices with an open disk. Away are the folders of the
	// missing devices.
	Disks  []Disk
	Away   []string
	Copies []meta.Mirror // the folders of the index
	State  twin.Copies   // of the two copies
	Tails  []durable.Tail
}

// CheckLive checks whether rows, counters, listings, expiry entries, queues and
// data files of an open store agree. CheckLive sees the moment l.Then. A finding
// about a file counts only if l.Now still agrees with the row.
func CheckLive(ctx context.Context, l Live, o CheckOptions) (CheckReport, error) {
	k := newChecker(ctx, o, l.Then)
	k.live, k.online, k.copies = l.Now, true, l.Copies
	k.devices = map[device.Index]*device.Device{}
	for _, d := range l.Disks {
		k.devices[d.Index] = d.Dev
	}
	for _, path := range l.Away {
		k.found(Finding{Kind: KindDevice, Device: path, What: "it is away"})
	}
	for _, t := range l.Tails {
		if t.DroppedBytes > 0 {
			k.found(Finding{Kind: KindLog, File: t.Path, What: "since the last start: " + t.String()})
		}
	}
	if l.State.Configured {
		k.out.IndexCopies = 2
		if !l.State.InStep {
			k.found(Finding{Kind: KindCopy, What: fmt.Sprintf("the index has one copy, in %s: %v", l.State.Reading, l.State.Lost)})
		}
	}
	err := k.run()
	return k.out, err
}

// newChecker returns a checker for a view. Live and view are the same until the
// caller sets live.
func newChecker(ctx context.Context, o CheckOptions, v meta.View) *checker {
	if o.Found == nil {
		o.Found = func(Finding) {}
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	k := &checker{ctx: ctx, o: o, view: v, live: v}
	k.out.IndexCopies = 1
	return k
}

// found counts a finding and passes the finding to the caller of the check.
func (k *checker) found(f Finding) {
	if f.Damage() {
		k.out.Damage++
	} else {
		k.out.Chores++
	}
	k.o.Found(f)
}

// step reports the progress of a step.
func (k *checker) step(name string, fraction float64) {
	k.o.Progress(Progress{name, fraction, k.seen})
}

// run makes all steps of a check. A finding does not end the check; an error of
// the index or of the context does.
func (k *checker) run() error {
	begin := time.Now()
	k.out.Devices = len(k.devices)
	k.step("index", -1)
	sums, err := Recount(k.ctx, k.view)
	k.out.Index = sums
	for _, p := range sums.Problems {
		k.found(Finding{Kind: KindIndex, What: p})
	}
	for _, step := range []func() error{k.expiries, k.bodies, k.orphans, k.dark, k.tables} {
		if err == nil {
			err = step()
		}
	}
	k.out.Seconds = time.Since(begin).Seconds()
	return err
}

// expiries compares expiry entries and rows in both directions.
func (k *checker) expiries() error {
	entries := int64(0)
	err := k.view.Expiries(func(at int64, o objstore.ObjectID) error {
		entries++
		row, found, err := k.view.Object(o)
		if err == nil && (!found || row.Info.DeleteAt != at) {
			k.found(Finding{Kind: KindIndex, Object: o.String(), What: fmt.Sprintf("an expiry entry for %d that no row explains", at)})
		}
		return errors.Join(err, k.ctx.Err())
	})
	if err == nil && entries != k.out.Index.Expiring {
		k.found(Finding{Kind: KindIndex, What: fmt.Sprintf("%d objects expire, %d entries say so", k.out.Index.Expiring, entries)})
	}
	return err
}

// mine says whether a body belongs to the share of this check.
func (k *checker) mine(id meta.FileID) bool {
	return k.o.Parts == 0 || binary.BigEndian.Uint64(id[8:])%uint64(k.o.Parts) == uint64(k.o.Part-1)
}

// bodies checks the body of each row.
func (k *checker) bodies() error {
	total := k.out.Index.Objects
	k.seen = 0
	return k.view.Objects(func(o objstore.ObjectID, row meta.ObjectRow) error {
		if k.seen++; k.seen%256 == 0 {
			k.step("bodies", float64(k.seen)/float64(max(total, 1)))
		}
		if err := k.ctx.Err(); err != nil {
			return err
		}
		if !k.mine(row.ID) {
			return nil
		}
		if row.Place == meta.PlaceInline {
			return k.inline(o, &row)
		}
		if n := row.Placement.Missing(); n > 0 {
			k.found(Finding{Kind: KindDegraded, Object: o.String(), File: device.ID(row.ID).String(),
				What: fmt.Sprintf("%d of %d slots are on no device", n, len(row.Placement.Slots()))})
		}
		for slot, on := range row.Placement.Slots() {
			if on != device.None {
				k.file(o, &row, slot, on)
			}
		}
		return nil
	})
}

// inline verifies an inline body. The recount has reported a missing body
// already.
func (k *checker) inline(o objstore.ObjectID, row *meta.ObjectRow) error {
	if !k.o.ReadData {
		return nil // the recount has seen the body
	}
	body, found, err := k.view.Inline(row.ID, nil)
	if err != nil || !found {
		return err
	}
	k.out.BodiesRead, k.out.BytesRead = k.out.BodiesRead+1, k.out.BytesRead+int64(len(body))
	if checksum.Block(body) != row.Checksum {
		k.found(Finding{Kind: KindCorrupt, Object: o.String(), What: "its small body does not match its checksum"})
	}
	return nil
}

// file checks the file of one slot.
func (k *checker) file(o objstore.ObjectID, row *meta.ObjectRow, slot int, on device.Index) {
	f := Finding{Object: o.String(), File: device.ID(row.ID).String(), Device: on.String()}
	dev := k.devices[on]
	if dev == nil {
		f.Kind, f.What = KindMissing, "its device is not there"
		k.found(f)
		return
	}
	err := k.lookAt(dev, o, row, slot)
	if err == nil || k.changed(o, row, on) {
		return
	}
	f.Kind, f.What = KindCorrupt, err.Error()
	if errors.Is(err, iofs.ErrNotExist) {
		f.Kind, f.What = KindMissing, "its file is not there"
	} else if !errors.Is(err, datafile.ErrCorrupt) {
		f.Kind = KindDevice
	}
	k.found(f)
}

var errOtherFile = fmt.Errorf("%w: it describes another object, or another part of it", datafile.ErrCorrupt)

// lookAt compares the footer of a file with the row, and reads the body with
// ReadData. datafile.ErrCorrupt: the file is damaged, or has a different object
// or slot.
func (k *checker) lookAt(dev *device.Device, o objstore.ObjectID, row *meta.ObjectRow, slot int) error {
	r, err := datafile.Open(dev, device.ID(row.ID))
	if err != nil {
		return err
	}
	defer r.Close()
	footer := r.Footer()
	if footer.Object != o || footer.Info.SizeBytes != row.Info.SizeBytes || footer.Info.ETag != row.Info.ETag ||
		row.Placement.DataFragments > 0 && footer.Fragment.Slot != slot {
		return errOtherFile
	}
	k.out.Files++
	if !k.o.ReadData {
		return nil
	}
	k.out.BodiesRead++
	n := counted{ctx: k.ctx}
	err = r.Verify(&n)
	k.out.BytesRead += n.bytes
	return err
}

// counted counts the bytes that are written. After the end of the context Write
// returns the error of the context.
type counted struct {
	ctx   context.Context
	bytes int64
}

var _ io.Writer = (*counted)(nil)

func (c *counted) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), c.ctx.Err()
}

// changed says whether the row of the object was replaced since the moment of
// the check, or has the slot on a different device.
func (k *checker) changed(o objstore.ObjectID, row *meta.ObjectRow, on device.Index) bool {
	if !k.online {
		return false
	}
	now, found, err := k.live.Object(o)
	return err == nil && (!found || now.ID != row.ID || !now.Placement.Holds(on))
}
