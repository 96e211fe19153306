// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"errors"
	"fmt"

	"needletail/objstore/twin"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// SecondName is the folder on a device that holds the second copy of the index
// and of the store's id:
//
//	DEVICE/index-mirror/needletail.json   as DATA/needletail.json
//	DEVICE/index-mirror/LOCK              locked while a process uses the store
//	DEVICE/index-mirror/index/            package meta
const SecondName = "index-mirror"

// SecondCopy is the place of the second copy of the index. The zero value is
// nowhere: the store has one copy.
type SecondCopy struct {
	FS  vfs.FS
	Dir string
}

// Exists says whether the store has a second copy.
func (m SecondCopy) Exists() bool { return m.FS != nil }

// FindSecond chooses the device of the second copy. A device with a copy comes
// first, among several the device with the newest copy, else the first device
// that is not the data folder. A device without an identity looks like an empty
// mount point, and is chosen only if fresh is true: the store is new.
func (f *Folder) FindSecond(fresh bool) (SecondCopy, error) {
	var best, first SecondCopy
	var newest twin.Age
	for _, d := range f.Devices {
		fs := d.FS
		if fs.PathJoin(d.Path) == fs.PathJoin(f.Dir) {
			continue
		}
		m := SecondCopy{fs, fs.PathJoin(d.Path, SecondName)}
		age, err := meta.PeekAge(fs, fs.PathJoin(m.Dir, IndexName))
		switch {
		case isNotExist(err):
			if !first.Exists() && !d.Draining && (fresh || mounted(fs, d.Path)) {
				first = m
			}
		case errors.Is(err, meta.ErrVersion):
			return SecondCopy{}, err
		case err != nil:
			f.Logger.Error("a second copy of the index cannot be read", "dir", m.Dir, "err", err)
			if !first.Exists() {
				first = m // filling the copy sets the unreadable files aside
			}
		case !best.Exists() || newest.Less(age):
			best, newest = m, age
		}
	}
	if best.Exists() {
		return best, nil
	}
	return first, nil
}

// IndexCopies returns the folders of the index, the data folder's first.
func (f *Folder) IndexCopies(m SecondCopy) []meta.Mirror {
	copies := []meta.Mirror{{FS: f.FS, Dir: f.Path(IndexName)}}
	if m.Exists() {
		copies = append(copies, meta.Mirror{FS: m.FS, Dir: m.FS.PathJoin(m.Dir, IndexName)})
	}
	return copies
}

// owner returns the id of the store to which the readable devices belong, or ""
// if no device has an id. ErrForeign: the devices belong to different stores.
func (f *Folder) owner() (store string, err error) {
	for _, d := range f.Devices {
		id, err := device.ReadIdentity(d.FS, d.Path)
		if err != nil {
			continue // opening the device returns the error later
		}
		if store != "" && store != id.Store {
			return "", fmt.Errorf("%w: its devices belong to the stores %q and %q", ErrForeign, store, id.Store)
		}
		store = id.Store
	}
	return store, nil
}

func mounted(fs vfs.FS, path string) bool {
	_, err := device.ReadIdentity(fs, path)
	return err == nil
}

// Identify finds the copies of the index, locks the folder of the second copy,
// and reads the id and the notes of the store. A new store gets an id. The
// result opens the index.
func (h *Held) Identify() (meta.Options, error) {
	o := h.Index
	o.FS, o.Logger = h.FS, h.Logger
	_, err := h.ReadID()
	fresh, owner := isNotExist(err), ""
	m, err := h.FindSecond(fresh)
	if err == nil && fresh {
		owner, err = h.owner()
	}
	if err == nil && fresh && owner == "" {
		// needletail.json alone is lost: device.json of the data folder has the id.
		if id, unknown := device.ReadIdentity(h.FS, h.Dir); unknown == nil && id.Index == 0 {
			owner = id.Store
		}
	}
	if err != nil {
		return o, err
	}
	if err := h.lockSecond(m); err != nil {
		return o, err
	}
	if h.id, err = h.identifyBoth(m, owner); err != nil {
		return o, err
	}
	h.second = m
	if err := h.readNotes(fresh); err != nil {
		return o, err
	}
	if m.Exists() {
		o.Mirror = &meta.Mirror{FS: m.FS, Dir: m.FS.PathJoin(m.Dir, IndexName), HangLimit: h.IndexHangLimit}
	}
	return o, nil
}

// lockSecond keeps other processes from the second copy. A disk that cannot be
// written is logged and does not stop the store.
func (h *Held) lockSecond(m SecondCopy) error {
	if !m.Exists() {
		return nil
	}
	lock, err := lockFolder(m.FS, m.Dir)
	if errors.Is(err, ErrLocked) {
		return err
	}
	if err != nil {
		h.Logger.Error("the device of the index's second copy cannot be written", "dir", m.Dir, "err", err)
		return nil
	}
	h.secondLock = lock
	return nil
}

// identifyBoth reads the id of the store from the data folder and from the
// second copy, and writes the id where the id is missing: each of the two disks
// may have been replaced. A new data folder gets the id owner if owner is not
// "". ErrForeign: the two ids differ.
func (h *Held) identifyBoth(m SecondCopy, owner string) (string, error) {
	if !m.Exists() {
		return identify(h.FS, h.Dir, owner)
	}
	first, err := h.ReadID()
	if err != nil && !isNotExist(err) {
		return "", err
	}
	second, errSecond := readIdentity(m.FS, m.Dir)
	switch {
	case errSecond == nil && first == "":
		return createIdentity(h.FS, h.Dir, second.ID)
	case errSecond == nil && first != second.ID:
		return "", fmt.Errorf("%w: %s is of the store %q, the folder of %q", ErrForeign, m.Dir, second.ID, first)
	case errSecond == nil:
		return first, nil
	}
	if first == "" {
		if !isNotExist(errSecond) {
			return "", fmt.Errorf("the data folder is new, and the second copy may hold a store: %w", errSecond)
		}
		if first, err = createIdentity(h.FS, h.Dir, owner); err != nil {
			return "", err
		}
	}
	if isNotExist(errSecond) {
		// The store serves even if the second disk cannot be written.
		_, _ = createIdentity(m.FS, m.Dir, first)
	}
	return first, nil
}
