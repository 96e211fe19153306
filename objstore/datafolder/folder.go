// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"log/slog"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/meta"
	"needletail/objstore/replacefile"
)

// The names of the parts of a data folder.
const (
	lockName = "LOCK"
	// IndexName is the folder of the index, in the data folder and in the folder
	// of the second copy.
	IndexName = "index"
	// RingName is the folder of the rings.
	RingName = "ring"
)

// RingFile returns the name of a policy's ring in the folder RingName. The names
// are Swift's: object.ring.gz, object-1.ring.gz and so on.
func RingFile(p objstore.PolicyIndex) string {
	if p == 0 {
		return "object.ring.gz"
	}
	return "object-" + strconv.Itoa(int(p)) + ".ring.gz"
}

// Folder says where a store lies and how its index is opened.
type Folder struct {
	Dir      string // the data folder
	FS       vfs.FS // of the data folder
	Logger   *slog.Logger
	Policies objstore.Policies
	Devices  []Device // without the data folder, unless the data folder is listed
	// Index holds the settings of the index. Held.Identify sets FS, Logger and
	// Mirror.
	Index meta.Options
	// IndexHangLimit is how long a write may hang on one copy of the index before
	// the store goes on with the second copy.
	IndexHangLimit time.Duration
}

// Device is one disk of a store.
type Device struct {
	Path     string
	FS       vfs.FS
	Draining bool // takes nothing new and is emptied
}

// Path returns the path of a part of the data folder.
func (f *Folder) Path(parts ...string) string {
	return f.FS.PathJoin(append([]string{f.Dir}, parts...)...)
}

// Lock makes the data folder if the folder is missing, and locks it. ErrLocked:
// another process uses the folder.
func (f Folder) Lock() (*Held, error) {
	lock, err := lockFolder(f.FS, f.Dir)
	if err != nil {
		return nil, err
	}
	return &Held{Folder: f, lock: lock}, nil
}

// LockExisting locks the data folder. A missing folder is not made: the error
// matches fs.ErrNotExist.
func (f Folder) LockExisting() (*Held, error) {
	if _, err := f.FS.Stat(f.Dir); err != nil {
		return nil, err
	}
	return f.Lock()
}

// Exists returns nil if there is a store to repair: the folder has an id, or
// the store has devices. Else the error matches fs.ErrNotExist. A damaged id
// counts as an id; whoever reads the id returns the damage.
func (f *Folder) Exists() error {
	if _, err := f.ReadID(); !isNotExist(err) || len(f.Devices) > 0 {
		return nil
	}
	_, err := device.ReadIdentity(f.FS, f.Dir)
	if errors.Is(err, device.ErrUnformatted) {
		return fmt.Errorf("no store is there: %w", iofs.ErrNotExist)
	}
	return nil
}

// Held is a data folder that this process has locked. Close gives the lock back.
type Held struct {
	Folder
	id     string
	notes  []string
	second SecondCopy
	lock   io.Closer
	// secondLock is the lock of the folder of the second copy, or nil.
	secondLock io.Closer
}

// ID returns the id that the store got when the store was made. The id is ""
// before Identify.
func (h *Held) ID() string { return h.id }

// Second returns the place of the second copy of the index. The place is nowhere
// before Identify.
func (h *Held) Second() SecondCopy { return h.second }

// Close gives the locks back.
func (h *Held) Close() error {
	var errs []error
	for _, l := range []io.Closer{h.secondLock, h.lock} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// lockFolder makes a folder if the folder is missing, and locks it.
func lockFolder(fs vfs.FS, dir string) (io.Closer, error) {
	if err := fs.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	l, err := fs.Lock(fs.PathJoin(dir, lockName))
	var unopened *iofs.PathError
	if errors.As(err, &unopened) {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w, or cannot be locked: %w", ErrLocked, err)
	}
	return l, nil
}

// MakeFolder makes a folder in the data folder, durably.
func (f *Folder) MakeFolder(name string) error {
	if err := f.FS.MkdirAll(f.Path(name), 0o750); err != nil {
		return err
	}
	return replacefile.SyncFolder(f.FS, f.Dir)
}

// ReadFile returns the first maxBytes of a small file.
func ReadFile(fs vfs.FS, path string, maxBytes int64) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxBytes))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", fs.PathBase(path), err)
	}
	return b, nil
}
