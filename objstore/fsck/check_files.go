// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"fmt"
	"time"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// youngFile is the age up to which a file without a row may belong to a running
// upload that commits the row soon.
const youngFile = time.Minute

// orphans searches for files that no row names.
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
			k.found(Finding{Kind: KindDevice, Device: on.String(), What: err.Error()})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// orphan looks a file up in the index of now. The index of the moment of the
// check has no row for a file that was written since.
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
	k.found(Finding{Kind: KindOrphan, File: id.String(), Device: on.String(), What: what})
	return nil
}

// tables reads every block of the tables of the index.
func (k *checker) tables() error {
	if !k.o.ReadData {
		return nil
	}
	for _, c := range k.copies {
		k.step("tables of "+c.Dir, -1)
		err := meta.VerifyTables(k.ctx, c.FS, c.Dir, func(path string, err error) {
			k.found(Finding{Kind: KindIndex, What: fmt.Sprintf("table %s: %v", path, err)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dark counts the files without a row in quarantine. Each device with such files
// is a finding.
func (k *checker) dark() error {
	for on, dev := range k.devices {
		var files, bytes int64
		var oldest time.Time
		err := dev.WalkDark(func(f device.DarkFile) error {
			files, bytes = files+1, bytes+f.SizeBytes
			if oldest.IsZero() || f.Found.Before(oldest) {
				oldest = f.Found
			}
			return k.ctx.Err()
		})
		if err != nil && k.ctx.Err() != nil {
			return err
		}
		if err != nil {
			k.found(Finding{Kind: KindDevice, Device: on.String(), What: err.Error()})
		}
		if files == 0 {
			continue
		}
		k.out.DarkFiles, k.out.DarkBytes = k.out.DarkFiles+files, k.out.DarkBytes+bytes
		k.found(Finding{Kind: KindDark, Device: on.String(), What: fmt.Sprintf(
			"%d data files of %d bytes that no row names are in quarantine, the oldest since %s; `needletail repair --dark-data` brings objects back",
			files, bytes, oldest.UTC().Format(time.RFC3339))})
	}
	return nil
}

// young says whether a file was written less than youngFile ago.
func young(dev *device.Device, id device.ID) bool {
	f, err := dev.OpenFile(id)
	if err != nil {
		return true // the file was removed meanwhile
	}
	defer f.Close()
	info, err := f.Stat()
	return err == nil && time.Since(info.ModTime()) < youngFile
}
