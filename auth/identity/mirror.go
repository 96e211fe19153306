// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
	"needletail/objstore/twin"
)

// The second copy of the store lies in Options.MirrorDir, on a second disk:
//
//	MIRROR/db/               every commit of the store; see package twin
//	MIRROR/fernet-keys/      as of the last start
//	MIRROR/credential-keys/  as of the last start
//
// Package twin keeps the databases in step. A copy that fails is lost until the
// next start, and Options.MirrorLost is told. Each start reads both copies whole,
// and fills a copy that is lost, damaged or different before Open returns. A damaged
// or different copy is set aside before the fill.

// The keys of the store that belong to no table begin with NUL.
var (
	controlPrefix = []byte{0}
	// commitsKey holds the number of commits, 8 bytes big-endian. Every complete
	// copy has the key.
	commitsKey = []byte("\x00commits")
	copiesKey  = []byte("\x00copies") // see twin.Format.State
	journalKey = []byte("\x00j")      // see twin.Format.Journal
)

// format tells package twin which keys are free for notes about the copies.
var format = twin.Format{
	Control: controlPrefix,
	State:   copiesKey,
	Journal: journalKey,
	Look:    look,
	Create:  func(b *pebble.Batch) error { return setCommits(b, 0) },
}

// look reads what a copy of the store says about itself.
func look(from twin.Source) (h twin.Head, err error) {
	commits, found, err := commitsOf(from)
	if err != nil || !found {
		return h, err
	}
	is, _, err := instanceOf(from)
	return twin.Head{Complete: true, Owner: is.Store, Clock: int64(commits)}, err
}

func setCommits(b *pebble.Batch, n uint64) error {
	return b.Set(commitsKey, binary.BigEndian.AppendUint64(nil, n), nil)
}

// commitsOf returns the number of commits. found is false in an empty store.
func commitsOf(from twin.Source) (n uint64, found bool, err error) {
	b, found, err := twin.Value(from, commitsKey, nil)
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("identity: read the store: %w", err)
	case !found:
		return 0, false, nil
	case len(b) != 8:
		return 0, false, fmt.Errorf("identity: a count of %d bytes", len(b))
	}
	return binary.BigEndian.Uint64(b), true, nil
}

// openCopies opens the store. A second copy that cannot be opened, or that belongs
// to a different store, is lost.
func (s *Service) openCopies() error {
	o := s.databaseOptions()
	db, err := twin.Open(o)
	if errors.Is(err, twin.ErrOtherOwner) {
		s.tellLost(fmt.Errorf("the second copy of the identities, %s: %w: %w", o.Second.Dir, ErrLost, err))
		o.Second = twin.Place{}
		db, err = twin.Open(o)
	}
	if errors.Is(err, durable.ErrDamaged) || errors.Is(err, twin.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("identity: open the store: %w", err)
	}
	s.db = db
	if err = db.Compare(); err == nil {
		s.commits, _, err = commitsOf(db.Source())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("identity: read the store: %w", err), db.Close())
	}
	return nil
}

func (s *Service) databaseOptions() twin.Options {
	o := twin.Options{
		First: twin.Place{FS: s.opt.FS, Dir: filepath.Join(s.opt.Dir, "db")}, Format: format,
		Database: durable.Options{
			Name: "identities", Logger: s.opt.Logger, OpenFilesMax: openFilesMax, SealHung: true,
			HangLimit: s.opt.HangLimit, OpenPatience: s.opt.OpenPatience,
			Pebble: pebble.Options{MemTableSize: 1 << 20, FormatMajorVersion: pebble.FormatNewest},
		},
		MakeFolder: makeFolder,
		Refuse:     durable.Locked,
		// A store that was made before and has no row is refused by claim.
		CreateAlone: true,
		Lost: func(err error) {
			if s.filled.Load() { // before, fillCopies tells
				s.tellLost(err)
			}
		},
	}
	if s.opt.MirrorDir != "" {
		o.Second = twin.Place{FS: s.opt.FS, Dir: filepath.Join(s.opt.MirrorDir, "db")}
	}
	return o
}

// fillCopies makes a copy that is not in step anew, and copies the keys to the
// second copy. A copy that cannot be filled is lost until the next start.
func (s *Service) fillCopies() {
	defer s.filled.Store(true)
	if err := s.db.Fill(context.Background(), nil); err != nil {
		s.tellLost(errors.Join(s.db.Copies().Lost, err))
		return
	}
	c := s.db.Copies()
	if !c.InStep || c.Reading != filepath.Join(s.opt.Dir, "db") {
		return // the keys of the first copy may be older
	}
	if err := s.eachKeyFolder(copyFolder); err != nil {
		s.tellLost(fmt.Errorf("the second copy of the keys: %w", err))
	}
}

// commit writes a batch to the copies in step. With two copies commit succeeds if
// at least one copy has the batch. s.writing is held.
func (s *Service) commit(b twin.Batch) error {
	if err := setCommits(b.Batch, s.commits+1); err != nil {
		return errors.Join(err, b.Close())
	}
	if err := s.db.Commit(b, true); err != nil {
		return err
	}
	s.commits++
	return nil
}

// tellLost tells Options.MirrorLost why a copy is lost until the next start.
func (s *Service) tellLost(err error) {
	if s.opt.MirrorLost != nil {
		s.opt.MirrorLost(fmt.Errorf("identity: %w", err))
	}
}
