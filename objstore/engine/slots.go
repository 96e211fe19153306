package engine

import (
	"sync"

	"needletail/objstore/blob"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// rowLayout is how the body of a row is kept.
func rowLayout(row *meta.ObjectRow) blob.Layout {
	p := &row.Placement
	if p.DataFragments > 0 {
		return blob.Layout{Data: p.DataFragments, Parity: len(p.Devices) - p.DataFragments}
	}
	return blob.Layout{Copies: len(p.Slots())}
}

// placementOf is what a row says of a body that was stored like that.
func placementOf(l blob.Layout, p blob.Placement) meta.Placement {
	if l.Copies == 1 && p[0] == 0 {
		return meta.Placement{}
	}
	return meta.Placement{DataFragments: l.Data, Devices: p}
}

// inUse says which files are being read or written. A file that is read is not
// collected, because its slots are opened one by one, when they are needed; one
// that is written is no dark data though it has no row yet.
type inUse struct {
	mu      sync.Mutex // protects the fields below
	readers map[meta.FileID]int
	writers map[meta.FileID]int
}

func (u *inUse) init() {
	u.readers, u.writers = map[meta.FileID]int{}, map[meta.FileID]int{}
}

func (u *inUse) count(m map[meta.FileID]int, id meta.FileID, n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m[id] += n; m[id] == 0 {
		delete(m, id)
	}
}

func (u *inUse) has(m map[meta.FileID]int, id meta.FileID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return m[id] > 0
}

// write notes a writer until the result is called.
func (u *inUse) write(id meta.FileID) (done func()) {
	u.count(u.writers, id, 1)
	return func() { u.count(u.writers, id, -1) }
}

// fileStripes are locks of files: whoever removes a file from a device holds the
// file's, and so does who puts one in its place.
const fileStripes = 256

type fileLocks [fileStripes]sync.Mutex

func (l *fileLocks) lock(id meta.FileID) (unlock func()) {
	m := &l[id[len(id)-1]]
	m.Lock()
	return m.Unlock
}

// configured says that a device is one of the store's now.
func (f *fleet) configured(i device.Index) bool {
	for n := range f.devices {
		if f.devices[n].index == i {
			return true
		}
	}
	return false
}
