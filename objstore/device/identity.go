// SPDX-License-Identifier: Apache-2.0

package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/checksum"
	"needletail/objstore/replacefile"
)

// identityName is a device's device.json. It tells a swapped disk, a disk of
// another store, and the empty folder under a missing mount from the device:
//
//	{"format": 1, "store": "32 hex digits", "device": 3, "sum": "16 hex digits"}
//
// sum is the xxh3-64 of "FORMAT STORE DEVICE".
const (
	identityName   = "device.json"
	identityFormat = 1
	identityMax    = 4096 // bytes; a longer file is not ours
)

var (
	// ErrUnformatted: the folder has no identity, like a new disk and like the
	// folder under a missing mount.
	ErrUnformatted = errors.New("device has no identity: it is new, or not mounted")
	// ErrForeign: the identity is damaged, or belongs to another device or
	// store.
	ErrForeign = errors.New("device has another identity")
)

// Identity says to which store and device a folder belongs.
type Identity struct {
	Store string // the store's id
	Index Index
}

type identityFile struct {
	Format int    `json:"format"`
	Store  string `json:"store"`
	Device uint16 `json:"device"`
	Sum    string `json:"sum"`
}

func (i Identity) file() identityFile {
	f := identityFile{Format: identityFormat, Store: i.Store, Device: uint16(i.Index)}
	sum := checksum.Block(fmt.Appendf(nil, "%d %s %d", f.Format, f.Store, f.Device))
	f.Sum = fmt.Sprintf("%016x", sum)
	return f
}

// ReadIdentity returns the identity of the folder dir. ErrUnformatted without
// an identity, ErrForeign for a damaged identity, or the error of reading.
func ReadIdentity(fsys vfs.FS, dir string) (Identity, error) {
	f, err := fsys.Open(fsys.PathJoin(dir, identityName))
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, ErrUnformatted
	}
	if err != nil {
		return Identity{}, opError("open identity", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, identityMax))
	if err := errors.Join(err, f.Close()); err != nil {
		return Identity{}, opError("read identity", err)
	}
	return parseIdentity(b)
}

// Identify checks that the folder dir is the device want: nil, ErrUnformatted,
// ErrForeign, or the error of reading.
func Identify(fsys vfs.FS, dir string, want Identity) error {
	got, err := ReadIdentity(fsys, dir)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: it is device %v of store %q, not %v of %q", ErrForeign, got.Index, got.Store, want.Index, want.Store)
	}
	return nil
}

func parseIdentity(b []byte) (Identity, error) {
	var f identityFile
	if err := json.Unmarshal(b, &f); err != nil {
		return Identity{}, fmt.Errorf("%w: %s: %w", ErrForeign, identityName, err)
	}
	i := Identity{Store: f.Store, Index: Index(f.Device)}
	if f != i.file() {
		return Identity{}, fmt.Errorf("%w: %s has an unknown format or does not match its checksum", ErrForeign, identityName)
	}
	return i, nil
}

// Format gives the folder dir the identity id, durably, and makes a missing
// folder. A folder with an identity is left alone: ErrForeign for another
// identity than id.
func Format(fsys vfs.FS, dir string, id Identity) error {
	if err := Identify(fsys, dir, id); !errors.Is(err, ErrUnformatted) {
		return err
	}
	// Open makes the folder and its parents durable.
	if _, err := Open(fsys, dir, Options{}); err != nil {
		return err
	}
	b, err := json.Marshal(id.file())
	if err != nil {
		return err
	}
	return opError("format", replacefile.Write(fsys, fsys.PathJoin(dir, identityName), append(b, '\n')))
}
