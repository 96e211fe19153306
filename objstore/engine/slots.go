// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"

	"needletail/objstore/blob"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// rowLayout returns how the body of a row is kept.
func rowLayout(row *meta.ObjectRow) blob.Layout {
	p := &row.Placement
	if p.DataFragments > 0 {
		return blob.Layout{Data: p.DataFragments, Parity: len(p.Devices) - p.DataFragments}
	}
	return blob.Layout{Copies: len(p.Slots())}
}

// placementOf returns the placement for the row of a body with layout l on the
// devices p. The placement of one copy on device 0 is empty.
func placementOf(l blob.Layout, p blob.Placement) meta.Placement {
	if l.Copies == 1 && p[0] == 0 {
		return meta.Placement{}
	}
	return meta.Placement{DataFragments: l.Data, Devices: p}
}

// inUse counts the readers and writers of files. The collector passes over a
// file with a reader, because a reader opens the slots of a body at need. The
// search for dark data passes over a file with a writer, because the row of the
// file comes later.
type inUse struct {
	mu      sync.Mutex // protects the fields below
	readers map[meta.FileID]int
	writers map[meta.FileID]int
}

func (u *inUse) init() {
	u.readers, u.writers = map[meta.FileID]int{}, map[meta.FileID]int{}
}

// count adds n readers or writers of a file.
func (u *inUse) count(m map[meta.FileID]int, id meta.FileID, n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m[id] += n; m[id] == 0 {
		delete(m, id)
	}
}

// has says whether a file has readers or writers in m.
func (u *inUse) has(m map[meta.FileID]int, id meta.FileID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return m[id] > 0
}

// write counts a writer until the result is called.
func (u *inUse) write(id meta.FileID) (done func()) {
	u.count(u.writers, id, 1)
	return func() { u.count(u.writers, id, -1) }
}

// fileStripes is the number of locks of files. Removing a file from a device,
// and putting a file in the place of a removed file, needs the lock of the file.
const fileStripes = 256

// fileLocks are the locks of files, by the last byte of the id.
type fileLocks [fileStripes]sync.Mutex

// lock locks a file until the result is called.
func (l *fileLocks) lock(id meta.FileID) (unlock func()) {
	m := &l[id[len(id)-1]]
	m.Lock()
	return m.Unlock
}

// configured says whether a device belongs to the store now.
func (f *fleet) configured(i device.Index) bool {
	for n := range f.devices {
		if f.devices[n].index == i {
			return true
		}
	}
	return false
}
