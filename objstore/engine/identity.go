package engine

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/checksum"
	"needletail/objstore/meta"
	"needletail/objstore/replacefile"
)

// ErrLocked: another process uses the data folder.
var ErrLocked = errors.New("the data folder is in use by another process")

var (
	// ErrForeign: a part of the data folder is lost, damaged or that of another
	// store. Nothing was changed.
	ErrForeign = errors.New("the data folder is not whole")
	// ErrIndex: the index is lost or damaged; Rebuild makes it anew.
	ErrIndex = errors.New("the index is lost or damaged")
	// ErrRing: a ring is lost, damaged or that of another store; NewRings has it
	// made anew.
	ErrRing = errors.New("a ring is lost or damaged")
)

// identityName is DATA/needletail.json:
//
//	{"format": 1, "id": "32 hex digits", "parts": ["identity"], "sum": "16 hex digits"}
//
// parts are the notes (notes.go); sum is the xxh3-64 of all that is before it, in
// the form of identity.digest. A file of an earlier version has neither.
const (
	identityName  = "needletail.json"
	formatVersion = 1
	identityMax   = 64 << 10 // bytes; a longer file is not ours
)

type identity struct {
	Format int      `json:"format"`
	ID     string   `json:"id"`
	Parts  []string `json:"parts,omitempty"`
	Sum    string   `json:"sum,omitempty"`
}

func (i *identity) digest() string {
	return fmt.Sprintf("%016x", checksum.Block(fmt.Appendf(nil, "%d %s %q", i.Format, i.ID, i.Parts)))
}

// lockFolder makes the folder if it is missing and locks it.
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

// identify reads the store's id, or gives a new store one: that of its devices,
// if they have one.
func identify(fs vfs.FS, dir, owner string) (string, error) {
	id, err := readIdentity(fs, dir)
	if isNotExist(err) {
		return createIdentity(fs, dir, owner)
	}
	return id, err
}

// readIdentity reads the store's id.
func readIdentity(fs vfs.FS, dir string) (string, error) {
	id, err := readIdentityFile(fs, dir)
	return id.ID, err
}

func readIdentityFile(fs vfs.FS, dir string) (identity, error) {
	b, err := readFile(fs, fs.PathJoin(dir, identityName), identityMax)
	if err != nil {
		return identity{}, err
	}
	id, err := parseIdentity(b)
	if err != nil {
		return identity{}, fmt.Errorf("%s: %w", fs.PathJoin(dir, identityName), err)
	}
	return id, nil
}

func parseIdentity(b []byte) (identity, error) {
	var id identity
	if err := json.Unmarshal(b, &id); err != nil {
		return identity{}, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if id.Format == 0 {
		return identity{}, fmt.Errorf("%w: there is no format", ErrForeign)
	}
	if id.Format != formatVersion {
		return identity{}, fmt.Errorf("format %d, this program knows %d: %w", id.Format, formatVersion, meta.ErrVersion)
	}
	if len(id.ID) != 32 {
		return identity{}, fmt.Errorf("%w: there is no id", ErrForeign)
	}
	if (id.Sum != "" || len(id.Parts) > 0) && id.Sum != id.digest() {
		return identity{}, fmt.Errorf("%w: the file does not match its checksum", ErrForeign)
	}
	return id, nil
}

// createIdentity writes id, or one that it draws if that is "".
func createIdentity(fs vfs.FS, dir, id string) (string, error) {
	if id == "" {
		var raw [16]byte
		rand.Read(raw[:])
		id = hex.EncodeToString(raw[:])
	}
	return id, writeIdentity(fs, dir, id)
}

// writeIdentity writes the file of a store without notes.
func writeIdentity(fs vfs.FS, dir, id string) error {
	return writeIdentityFile(fs, dir, identity{Format: formatVersion, ID: id})
}

// writeIdentityFile writes the file durably, whole or not at all.
func writeIdentityFile(fs vfs.FS, dir string, id identity) error {
	id.Sum = id.digest()
	b, err := json.Marshal(id)
	if err != nil {
		return err
	}
	return replacefile.Write(fs, fs.PathJoin(dir, identityName), append(b, '\n'))
}
