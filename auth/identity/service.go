// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/auth/loginguard"
	"needletail/auth/token"
	"needletail/objstore/durable"
	"needletail/objstore/twin"
)

// Options are the settings of a Service. Zero values stand for the defaults.
type Options struct {
	Dir        string        // the folder of the store
	KeyDir     string        // the Fernet key repository; Dir/fernet-keys if ""
	TokenLife  time.Duration // DefaultTokenLife
	BcryptCost int           // DefaultBcryptCost
	Methods    []string      // of logins: DefaultMethods
	Clock      func() time.Time
	Logger     *slog.Logger // slog.Default
	FS         vfs.FS       // of the database; vfs.Default
	// HangLimit and OpenPatience are passed to package durable.
	HangLimit, OpenPatience time.Duration

	// Store is the ID of the store of objects to which the identities belong.
	// Open refuses identities of a different store; "" skips the check. Made:
	// identities and keys were made at an earlier start, hence missing parts
	// are lost and Open fails with ErrLost or token.ErrKeysLost. NewKeys
	// accepts missing or different keys, after an explicit request of the
	// operator.
	Store         string
	Made, NewKeys bool

	// LockoutAttempts is the number of failed logins in a row before a user is
	// locked out for LockoutDuration (DefaultLockoutDuration if 0). 0
	// attempts: no user is ever locked out.
	LockoutAttempts int
	LockoutDuration time.Duration
	// Guard delays logins of clients and users whose logins fail. nil: no login
	// is delayed.
	Guard *loginguard.Guard

	// MirrorDir is the folder of a second copy, on a second disk. "": no
	// second copy.
	MirrorDir string
	// MirrorLost is called with the reason when a copy is given up. Optional.
	MirrorLost func(error)
}

const (
	// DefaultTokenLife is Keystone's default of [token] expiration.
	DefaultTokenLife = time.Hour
	// ExpiredWindow is Keystone's default of [token] allow_expired_window: a
	// service may use an expired token of a user for this time.
	ExpiredWindow = 48 * time.Hour
	// cachedTokens bounds the validated tokens in memory.
	cachedTokens = 16384
)

// Service is the identity store. It is safe for concurrent use.
type Service struct {
	opt Options

	db      *twin.DB
	commits uint64      // under writing
	filled  atomic.Bool // Open has filled the copies

	keys *token.Repository
	// credentialKeys seal the blobs of credentials. They are never rotated:
	// every blob would have to be sealed anew.
	credentialKeys *token.Repository

	// writing serialises changes from their checks to the end of their batch.
	// mu guards the tables and is not held while a batch is written. A change
	// takes writing first. A holder of writing may read the tables without mu,
	// because nobody else changes them.
	writing sync.Mutex
	mu      sync.RWMutex
	failed  error // under writing
	room    func(bytes int64) error

	tables

	actorGrants map[string]map[Grant]struct{}  // by Grant.actor
	userGroups  map[string]map[string]struct{} // group ids by user id
	revoked     revokedIndex
	lastIssued  atomic.Int64 // the latest time of a token, Unix seconds

	// generation counts changes. A validation of an earlier generation is
	// stale.
	generation atomic.Uint64
	cache      *lru.Cache[[32]byte, cachedToken]
	passwords  *verifier
	lockouts   lockouts
}

// Open opens the store and reads all rows into memory, creating an empty store
// in an empty folder. Open fails if a second process has the folder open, with
// ErrDamaged for a damaged store without a second copy, with ErrLost for lost
// or foreign identities, and with an error of package token for lost or wrong
// keys. A second copy out of order is no error: Options.MirrorLost is called.
func Open(opt Options) (*Service, error) {
	if opt.KeyDir == "" {
		opt.KeyDir = filepath.Join(opt.Dir, FernetKeyFolder)
	}
	if opt.TokenLife == 0 {
		opt.TokenLife = DefaultTokenLife
	}
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Methods == nil {
		opt.Methods = DefaultMethods()
	}
	if opt.LockoutDuration == 0 {
		opt.LockoutDuration = DefaultLockoutDuration
	}
	s := &Service{opt: opt, lockouts: lockouts{attempts: opt.LockoutAttempts, duration: opt.LockoutDuration}}
	s.makeTables()
	var err error
	if s.passwords, err = newVerifier(opt.BcryptCost); err != nil {
		return nil, err
	}
	if s.cache, err = lru.New[[32]byte, cachedToken](cachedTokens); err != nil {
		return nil, err
	}
	if s.opt.FS == nil {
		s.opt.FS = vfs.Default
	}
	if s.opt.Logger == nil {
		s.opt.Logger = slog.Default()
	}
	if err := s.restoreKeys(); err != nil {
		s.tellLost(fmt.Errorf("the second copy of the keys: %w", err))
	}
	if err := s.openCopies(); err != nil {
		return nil, err
	}
	if err = s.openKeys(); err == nil {
		err = s.load()
	}
	if err == nil {
		err = s.claim()
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.fillCopies()
	s.noteAllIssued()
	return s, nil
}

// closePatience is the time for a running change to end before Close seals the
// store.
const closePatience = 5 * time.Second

// Close closes both copies of the store. Later changes fail with
// KindUnavailable; validation of tokens goes on from memory. A change still
// running after closePatience fails. A disk without an answer is left behind,
// within the limits of package durable.
func (s *Service) Close() error {
	abandoned := make(chan struct{})
	hung := time.AfterFunc(closePatience, func() {
		defer close(abandoned)
		s.db.Abandon(durable.ErrHung)
	})
	s.writing.Lock()
	defer s.writing.Unlock()
	if !hung.Stop() {
		<-abandoned
	}
	if s.failed == nil {
		s.failed = errors.New("closed")
	}
	return s.db.Close()
}

// RotateKeys makes the staged Fernet key primary and keeps maxActive keys; see
// token.Repository.Rotate. Cached validations are forgotten, because a token
// of a removed key is invalid from now on.
func (s *Service) RotateKeys(maxActive int) error {
	if err := s.keys.Rotate(maxActive); err != nil {
		return err
	}
	s.cache.Purge()
	return nil
}

// NewID returns a new random ID in the form of Python's uuid4().hex, as in
// Keystone.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return hex.EncodeToString(b[:])
}

// idOr returns given, or a new ID if given is "".
func idOr(given string) string {
	if given != "" {
		return given
	}
	return NewID()
}
