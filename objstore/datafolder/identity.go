// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/checksum"
	"needletail/objstore/meta"
	"needletail/objstore/replacefile"
)

// identityName is DATA/needletail.json:
//
//	{"format": 1, "id": "32 hex digits", "parts": ["identity"], "sum": "16 hex digits"}
//
// parts are the notes (notes.go). sum is the xxh3-64 of "FORMAT ID PARTS", as
// identity.digest formats the fields. A file of an earlier version has no parts
// and no sum.
const (
	identityName  = "needletail.json"
	formatVersion = 1
	identityMax   = 64 << 10 // bytes; needletail writes no longer file
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

// ReadID returns the id of the store. The error matches fs.ErrNotExist if the
// folder has no id, ErrForeign if the file is damaged, and meta.ErrVersion if a
// newer program wrote the file.
func (f *Folder) ReadID() (string, error) {
	id, err := readIdentity(f.FS, f.Dir)
	return id.ID, err
}

func readIdentity(fs vfs.FS, dir string) (identity, error) {
	b, err := ReadFile(fs, fs.PathJoin(dir, identityName), identityMax)
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

// identify reads the id of the store from a folder. A new folder gets the id
// owner, or a random id if owner is "".
func identify(fs vfs.FS, dir, owner string) (string, error) {
	id, err := readIdentity(fs, dir)
	if isNotExist(err) {
		return createIdentity(fs, dir, owner)
	}
	return id.ID, err
}

// createIdentity gives a folder the id, or a random id if id is "", and returns
// the id.
func createIdentity(fs vfs.FS, dir, id string) (string, error) {
	if id == "" {
		var raw [16]byte
		rand.Read(raw[:])
		id = hex.EncodeToString(raw[:])
	}
	return id, writeIdentity(fs, dir, identity{Format: formatVersion, ID: id})
}

// writeIdentity replaces the file of a folder durably.
func writeIdentity(fs vfs.FS, dir string, id identity) error {
	id.Sum = id.digest()
	b, err := json.Marshal(id)
	if err != nil {
		return err
	}
	return replacefile.Write(fs, fs.PathJoin(dir, identityName), append(b, '\n'))
}
