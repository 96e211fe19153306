package engine

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/meta"
)

// ErrLocked: another process uses the data folder.
var ErrLocked = errors.New("the data folder is in use by another process")

// ErrForeign: the parts of the data folder do not belong together, or the
// index is gone while data files are there. Nothing was changed.
var ErrForeign = errors.New("the data folder is not whole")

// identityName is DATA/needletail.json:
//
//	{"format": 1, "id": "32 hex digits"}
const (
	identityName  = "needletail.json"
	formatVersion = 1
	identityMax   = 4096 // bytes; a longer file is not ours
)

type identity struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
}

// lockFolder makes the folder if it is missing and locks it.
func lockFolder(fs vfs.FS, dir string) (io.Closer, error) {
	if err := fs.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	l, err := fs.Lock(fs.PathJoin(dir, lockName))
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

func readIdentity(fs vfs.FS, dir string) (string, error) {
	f, err := fs.Open(fs.PathJoin(dir, identityName))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, identityMax))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", identityName, err)
	}
	return parseIdentity(b)
}

func parseIdentity(b []byte) (string, error) {
	var id identity
	if err := json.Unmarshal(b, &id); err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrForeign, identityName, err)
	}
	if id.Format != formatVersion {
		return "", fmt.Errorf("%s: format %d, this program knows %d: %w",
			identityName, id.Format, formatVersion, meta.ErrVersion)
	}
	if len(id.ID) != 32 {
		return "", fmt.Errorf("%w: %s has no id", ErrForeign, identityName)
	}
	return id.ID, nil
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

// writeIdentity writes the file durably, whole or not at all.
func writeIdentity(fs vfs.FS, dir, id string) error {
	b, err := json.Marshal(identity{Format: formatVersion, ID: id})
	if err != nil {
		return err
	}
	path := fs.PathJoin(dir, identityName)
	f, err := fs.Create(path+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", identityName, err)
	}
	if err := fs.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
