// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"errors"
	"fmt"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// CheckClosed is CheckLive for a closed store. ErrLocked: a process has the
// store open. CheckClosed changes nothing, except for tmp/ of a device: opening
// a device empties tmp/.
func CheckClosed(ctx context.Context, f datafolder.Folder, o CheckOptions) (CheckReport, error) {
	if err := errors.Join(f.Policies.Validate(), o.Validate()); err != nil {
		return CheckReport{}, &objstore.Error{Kind: objstore.KindInvalid, Op: "check store", Name: f.Dir, Err: err}
	}
	var report CheckReport
	h, err := f.LockExisting()
	if err == nil {
		report, err = checkClosed(ctx, &f, o)
		err = errors.Join(err, h.Close())
	}
	return report, datafolder.OpError("check store", f.Dir, err)
}

// checkClosed checks a locked folder. The copies of the index are compared first,
// because meta.PeekAge needs a closed index.
func checkClosed(ctx context.Context, f *datafolder.Folder, o CheckOptions) (CheckReport, error) {
	id, err := f.ReadID()
	if err != nil {
		return CheckReport{}, err
	}
	m, err := f.FindSecond(false)
	if err != nil {
		return CheckReport{}, err
	}
	copies := compareCopies(f, m) // before the index is open
	db, err := f.OpenReadOnly()
	if err != nil {
		return CheckReport{}, err
	}
	k := newChecker(ctx, o, db.View)
	if m.Exists() {
		k.out.IndexCopies = 2
	}
	k.copies = f.IndexCopies(m)
	if tail := db.Tail(); tail.Acknowledged {
		k.found(Finding{Kind: KindIndex, What: "acknowledged changes are lost: " + tail.String()})
	} else if tail.DroppedBytes > 0 {
		k.found(Finding{Kind: KindLog, What: tail.String()})
	}
	if copies != "" {
		k.found(Finding{Kind: KindCopy, What: copies})
	}
	k.openDevices(f, id)
	err = errors.Join(k.run(), db.Close())
	return k.out, err
}

// compareCopies returns the difference between the two copies of the index as
// text, or "".
func compareCopies(f *datafolder.Folder, m datafolder.SecondCopy) string {
	if !m.Exists() {
		return ""
	}
	first, err1 := meta.PeekAge(f.FS, f.Path(datafolder.IndexName))
	second, err2 := meta.PeekAge(m.FS, m.FS.PathJoin(m.Dir, datafolder.IndexName))
	switch {
	case err1 != nil || err2 != nil:
		return fmt.Sprint("a copy of the index cannot be read: ", errors.Join(err1, err2))
	case first != second:
		return fmt.Sprintf("the copies of the index are not in step: %+v and %+v", first, second)
	}
	return ""
}

// openDevices opens the disks of a closed store. A disk with an error is a
// finding.
func (k *checker) openDevices(f *datafolder.Folder, store string) {
	k.devices = map[device.Index]*device.Device{}
	for _, d := range f.Devices {
		disk, err := openDisk(d, store)
		if err != nil {
			k.found(Finding{Kind: KindDevice, Device: d.Path, What: err.Error()})
			continue
		}
		k.devices[disk.Index] = disk.Dev
	}
	if k.devices[0] != nil {
		return
	}
	if dev, err := device.Open(f.FS, f.Dir, device.Options{}); err == nil {
		k.devices[0] = dev
	} else {
		k.found(Finding{Kind: KindDevice, Device: f.Dir, What: err.Error()})
	}
}
