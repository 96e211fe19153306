// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"errors"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/durable"
)

// ErrCorrupt: a copy holds a key that this package cannot have written.
var ErrCorrupt = errors.New("the notes of the copies are corrupt")

// Place is the folder of one copy.
type Place struct {
	FS  vfs.FS
	Dir string
	// CacheBytes replaces the size of the block cache in Options.Database. Zero
	// keeps the size.
	CacheBytes int64
}

// Options are the settings of a DB.
type Options struct {
	First Place
	// Second is the place of the second copy. A zero Dir means one copy.
	Second Place
	Format Format

	// Database holds the settings of each copy. FS and Sealed are set per copy.
	// SealHung counts for a single copy: a hanging copy with a peer is always given
	// up.
	Database durable.Options

	// MakeFolder, if set, makes the folder of a copy before the copy is opened.
	MakeFolder func(dir string) error
	// Refuse, if set, reports that an error of opening a copy makes Open fail. For
	// further errors the peer serves.
	Refuse func(error) bool
	// CreateAlone makes a new first copy although the second cannot be opened.
	// Without CreateAlone Open fails, as the second copy may hold everything.
	CreateAlone bool

	// Sealed, if set, is called once, from any goroutine, when no copy takes
	// writes any more. Reads go on.
	Sealed func(error)
	// Lost, if set, is called with the reason when a copy is lost while the database
	// is open. Lost must not call the database.
	Lost func(error)
}

// Format says which keys of the database belong to this package, and reads and
// writes the caller's marks.
type Format struct {
	// Control is the prefix of the few keys that a fill copies last. A copy
	// without them is incomplete.
	Control []byte
	// State is the key, with the prefix Control, of the note in each copy about its
	// peer.
	State []byte
	// Journal is the prefix of the slots of the journal, which follow as two
	// bytes.
	Journal []byte
	// Look reads the description of a copy. An unknown version is an error.
	Look func(Source) (Head, error)
	// Create puts the keys of a complete, empty database into a batch.
	Create func(*pebble.Batch) error
}

// Head is the description of a copy, written by the caller.
type Head struct {
	// Complete is true if the copy was created or filled to the end.
	Complete bool
	// Owner names whose data the copy holds, or is empty if not known. Copies of
	// two owners are refused.
	Owner string
	// Clock rises with commits. If two copies disagree and do not say why, the copy
	// with the greater clock is right.
	Clock int64
}

const hangLimitDefault = 20 * time.Second

func (o *Options) ensureDefaults() {
	if o.Database.Logger == nil {
		o.Database.Logger = slog.Default()
	}
	if o.Database.HangLimit == 0 {
		o.Database.HangLimit = hangLimitDefault
	}
	for _, p := range []*Place{&o.First, &o.Second} {
		if p.FS == nil {
			p.FS = vfs.Default
		}
	}
	if o.MakeFolder == nil {
		o.MakeFolder = func(string) error { return nil }
	}
	if o.Refuse == nil {
		o.Refuse = func(error) bool { return false }
	}
	if o.Sealed == nil {
		o.Sealed = func(error) {}
	}
	if o.Lost == nil {
		o.Lost = func(error) {}
	}
}
