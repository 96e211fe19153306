package identity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// The second copy of the store lies in Options.MirrorDir, on another disk:
//
//	MIRROR/db/               every commit of the store
//	MIRROR/fernet-keys/      as of the last start
//	MIRROR/credential-keys/  likewise
//
// Each commit counts up in both; at a start the copy with the greater count is
// right, and the other one becomes what it is. A second copy that cannot be
// written is given up until the next start, and Options.MirrorLost is told.

// commitsKey holds the number of commits, big-endian; no table has its prefix.
var commitsKey = []byte("\x00commits")

// credentialKeyFolder and fernetKeyFolder are below Options.Dir by default.
const (
	fernetKeyFolder     = "fernet-keys"
	credentialKeyFolder = "credential-keys"
)

// restoreKeys copies key folders that are missing from the second copy.
func (s *Service) restoreKeys() error {
	if s.opt.MirrorDir == "" {
		return nil
	}
	return s.eachKeyFolder(func(mine, theirs string) error {
		if _, err := os.Stat(mine); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return copyFolder(theirs, mine)
	})
}

func (s *Service) eachKeyFolder(f func(mine, theirs string) error) error {
	return errors.Join(
		f(s.opt.KeyDir, filepath.Join(s.opt.MirrorDir, fernetKeyFolder)),
		f(filepath.Join(s.opt.Dir, credentialKeyFolder), filepath.Join(s.opt.MirrorDir, credentialKeyFolder)))
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

// openMirror opens the second copy and makes both what the newer one is.
func (s *Service) openMirror(options *pebble.Options) (err error) {
	if s.commits, err = commitsOf(s.db); err != nil || s.opt.MirrorDir == "" {
		return err
	}
	options.Logger = &s.mirrorLog
	m, err := pebble.Open(filepath.Join(s.opt.MirrorDir, "db"), options)
	if err != nil {
		s.loseMirror(err)
		return nil
	}
	s.mirror = m
	theirs, err := commitsOf(m)
	if err == nil && theirs > s.commits {
		if err := copyRows(m, s.db); err != nil {
			return err
		}
		s.commits = theirs
		return nil
	}
	if err == nil {
		err = copyRows(s.db, m)
	}
	if err == nil {
		err = s.eachKeyFolder(copyFolder)
	}
	if err != nil {
		s.loseMirror(err)
	}
	return nil
}

func commitsOf(db *pebble.DB) (uint64, error) {
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
func copyRows(from, to *pebble.DB) error {
	b := to.NewBatch()
	defer b.Close()
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
	return b.Commit(pebble.Sync)
}

// commit writes a batch to both copies; s.writing is held.
func (s *Service) commit(b *pebble.Batch) error {
	s.commits++
	if err := b.Set(commitsKey, binary.BigEndian.AppendUint64(nil, s.commits), nil); err != nil {
		return err
	}
	var second *pebble.Batch
	if s.mirror != nil {
		second = s.mirror.NewBatch()
		if err := second.Apply(b, nil); err != nil {
			return err
		}
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return err
	}
	if second != nil {
		err := second.Commit(pebble.Sync)
		if err = errors.Join(err, s.mirrorLog.err()); err != nil {
			s.loseMirror(err)
		}
	}
	return nil
}

// mirrorLog is told by Pebble of errors after which the second copy takes no
// more writes. They are no reason to stop the process, as those of the first
// copy are.
type mirrorLog struct {
	quiet
	fatal atomic.Pointer[error]
}

func (l *mirrorLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	l.fatal.CompareAndSwap(nil, &err)
}

func (l *mirrorLog) err() error {
	if err := l.fatal.Load(); err != nil {
		return *err
	}
	return nil
}

// loseMirror gives the second copy up until the next start.
func (s *Service) loseMirror(err error) {
	if s.mirror != nil {
		_ = s.mirror.Close() // it has failed already
		s.mirror = nil
	}
	if s.opt.MirrorLost != nil {
		s.opt.MirrorLost(fmt.Errorf("identity: the second copy of the store: %w", err))
	}
}
