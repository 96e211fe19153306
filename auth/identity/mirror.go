package identity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"needletail/auth/token"
	"needletail/objstore/durable"
)

// The second copy of the store lies in Options.MirrorDir, on another disk:
//
//	MIRROR/db/               every commit of the store
//	MIRROR/fernet-keys/      as of the last start
//	MIRROR/credential-keys/  likewise
//
// Each commit counts up in both; at a start the copy with the greater count is
// right, and the other one becomes what it is. A copy that cannot be written is
// given up until the next start, and Options.MirrorLost is told. One that is
// damaged is moved aside, and made anew out of the other.

// commitsKey holds the number of commits, big-endian; no table has its prefix.
var commitsKey = []byte("\x00commits")

// The folders of keys below Options.Dir.
const (
	FernetKeyFolder     = "fernet-keys"
	CredentialKeyFolder = "credential-keys"
)

// restoreKeys copies key folders that are missing from the second copy.
func (s *Service) restoreKeys() error {
	if s.opt.MirrorDir == "" {
		return nil
	}
	return s.eachKeyFolder(func(mine, theirs string) error {
		if has, err := token.HasKeys(mine); err != nil || has {
			return err
		}
		return copyFolder(theirs, mine)
	})
}

func (s *Service) eachKeyFolder(f func(mine, theirs string) error) error {
	return errors.Join(
		f(s.opt.KeyDir, filepath.Join(s.opt.MirrorDir, FernetKeyFolder)),
		f(filepath.Join(s.opt.Dir, CredentialKeyFolder), filepath.Join(s.opt.MirrorDir, CredentialKeyFolder)))
}

// copyFolder makes the files of to those of from, as one step; a missing from
// is none.
func copyFolder(from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	fresh := to + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(filepath.Dir(to), 0o700), os.MkdirAll(fresh, 0o700)); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(fresh, e.Name())); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(to), os.Rename(fresh, to))
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// The names of the copies, in errors.
const (
	firstCopy  = "the first copy"
	secondCopy = "the second copy"
)

// openCopies opens both copies. A second one that cannot be opened is given up.
func (s *Service) openCopies() (err error) {
	if s.opt.MirrorDir != "" {
		if s.mirror, err = s.openCopy(s.opt.MirrorDir); errors.Is(err, durable.ErrDamaged) {
			s.mirror, err = s.anew(s.opt.MirrorDir, err)
		}
		if err != nil {
			s.tellLost(secondCopy, err)
		}
	}
	s.db, err = s.openCopy(s.opt.Dir)
	if !errors.Is(err, durable.ErrDamaged) || s.mirror == nil {
		return err
	}
	if n, errCount := commitsOf(s.mirror); n == 0 || errCount != nil {
		return errors.Join(err, errCount) // the second copy holds nothing
	}
	s.db, err = s.anew(s.opt.Dir, err)
	return err
}

func (s *Service) openCopy(dir string) (*durable.DB, error) {
	if err := makeFolder(filepath.Join(dir, "db")); err != nil {
		return nil, err
	}
	d, err := durable.Open(filepath.Join(dir, "db"), durable.Options{
		Name: "identities", FS: s.opt.FS, Logger: s.opt.Logger, OpenFilesMax: openFilesMax, SealHung: true,
		HangLimit: s.opt.HangLimit, OpenPatience: s.opt.OpenPatience,
		Pebble: pebble.Options{MemTableSize: 1 << 20, FormatMajorVersion: pebble.FormatNewest},
	})
	if errors.Is(err, durable.ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: open the store: %w", err)
	}
	return d, nil
}

// anew moves a damaged copy aside and opens an empty one in its place.
func (s *Service) anew(dir string, damage error) (*durable.DB, error) {
	from := filepath.Join(dir, "db")
	kept, err := durable.SetAside(s.opt.FS, from)
	if err != nil {
		return nil, errors.Join(damage, err)
	}
	s.opt.Logger.Error("a copy of the identities is damaged, and is made anew out of the other one",
		"copy", from, "kept", kept, "err", damage)
	return s.openCopy(dir)
}

// agree makes both copies what the newer one is.
func (s *Service) agree() error {
	var err error
	if s.commits, err = commitsOf(s.db); err != nil {
		return err
	}
	s.live = []*durable.DB{s.db}
	if s.mirror == nil {
		return nil
	}
	theirs, err := commitsOf(s.mirror)
	if err == nil {
		err = s.sameStore(s.mirror)
	}
	if err == nil && theirs > s.commits {
		if err := copyRows(s.mirror, s.db); err != nil {
			return err
		}
		s.commits = theirs
	} else if err == nil {
		if err = copyRows(s.db, s.mirror); err == nil {
			err = s.eachKeyFolder(copyFolder)
		}
	}
	if err != nil {
		s.tellLost(secondCopy, err)
		return nil
	}
	s.live = append(s.live, s.mirror)
	return nil
}

func commitsOf(db *durable.DB) (uint64, error) {
	b, closer, err := db.Get(commitsKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("identity: read the store: %w", err)
	}
	defer closer.Close()
	if len(b) != 8 {
		return 0, fmt.Errorf("identity: a count of %d bytes", len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}

// copyRows makes the rows of to those of from. All of them fit into memory: the
// service holds them there.
func copyRows(from, to *durable.DB) error {
	b := to.NewBatch()
	if err := b.DeleteRange([]byte{0}, []byte{0xff}, nil); err != nil {
		return err
	}
	it, err := from.NewIter(nil)
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		err = b.Set(it.Key(), it.Value(), nil)
	}
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return err
	}
	return to.Commit(b, true)
}

// commit writes a batch to the copies that are in step, at the same time; it
// succeeds if one of them has it, which is right at the next start. s.writing is
// held.
func (s *Service) commit(b *pebble.Batch) error {
	if err := durable.Admit(b.Len(), s.live...); err != nil {
		return err
	}
	writes := make([]durable.Write, len(s.live))
	for i, d := range s.live {
		own := d.NewBatch()
		err := errors.Join(own.Apply(b, nil),
			own.Set(commitsKey, binary.BigEndian.AppendUint64(nil, s.commits+1), nil))
		if err != nil {
			return err
		}
		writes[i] = d.Start(own, true)
	}
	lost := map[*durable.DB]error{}
	for i, d := range s.live {
		if err := writes[i].Wait(); err != nil {
			lost[d] = err
		}
	}
	if len(lost) == len(s.live) {
		return errors.Join(slices.Collect(maps.Values(lost))...)
	}
	for d, err := range lost {
		s.tellLost(s.nameOf(d), err)
	}
	s.live = slices.DeleteFunc(s.live, func(d *durable.DB) bool { return lost[d] != nil })
	s.commits++
	return nil
}

func (s *Service) nameOf(d *durable.DB) string {
	if d == s.db {
		return firstCopy
	}
	return secondCopy
}

// tellLost tells that a copy is given up until the next start.
func (s *Service) tellLost(name string, err error) {
	if s.opt.MirrorLost != nil {
		s.opt.MirrorLost(fmt.Errorf("identity: %s of the store: %w", name, err))
	}
}
