package identity

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/auth/token"
	"needletail/objstore/durable"
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
	// HangLimit and OpenPatience are those of package durable.
	HangLimit, OpenPatience time.Duration

	// Store is the id of the store whose the identities are; "" compares
	// nothing. Made says that identities and keys were made before: what is
	// missing then is lost, ErrLost or token.ErrKeysLost.
	// NewKeys takes keys that are missing, or others than before, as an operator
	// asked for.
	Store         string
	Made, NewKeys bool

	// LockoutAttempts failed logins in a row lock a user out for
	// LockoutDuration (DefaultLockoutDuration); 0: never.
	LockoutAttempts int
	LockoutDuration time.Duration

	// MirrorDir, if not "", is where a second copy is kept, on another disk.
	MirrorDir string
	// MirrorLost is told why one of the two copies was given up. Optional.
	MirrorLost func(error)
}

const (
	// DefaultTokenLife is Keystone's [token] expiration.
	DefaultTokenLife = time.Hour
	// ExpiredWindow is Keystone's [token] allow_expired_window.
	ExpiredWindow = 48 * time.Hour
	// cachedTokens bounds the validated tokens that are remembered.
	cachedTokens = 16384
)

// Service is the identity store. It is safe for concurrent use.
type Service struct {
	opt Options

	db      *durable.DB   // the first copy
	mirror  *durable.DB   // the second one, or nil
	live    []*durable.DB // those that are in step; with commits under writing
	commits uint64

	keys *token.Repository
	// credentialKeys seal the blobs of credentials; they are never rotated.
	credentialKeys *token.Repository

	// writing serialises changes from their checks to their batch; mu guards
	// the tables and is not held while a batch is written.
	writing sync.Mutex
	mu      sync.RWMutex
	failed  error // under writing
	room    func(bytes int64) error

	tables

	actorGrants map[string]map[Grant]struct{}  // by Grant.actor
	userGroups  map[string]map[string]struct{} // group ids by user id
	revoked     revokedIndex
	lastIssued  atomic.Int64 // the latest time of a token, Unix seconds

	// generation counts changes; what was validated under another is stale.
	generation atomic.Uint64
	cache      *lru.Cache[[32]byte, cachedToken]
	passwords  *verifier
	lockouts   lockouts
}

// Open opens the store, creating it if need be. A second process on the same
// folder is refused.
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
		s.tellLost(secondCopy, err)
	}
	if err := s.openCopies(); err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	if err = s.openKeys(); err == nil {
		err = s.agree()
	}
	if err == nil {
		err = s.load()
	}
	if err == nil {
		err = s.claim()
	}
	if err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	s.noteAllIssued()
	return s, nil
}

// closePatience is how long Close waits for a change that runs.
const closePatience = 5 * time.Second

// Close closes the store. A change that hangs fails then, and a disk that hangs
// is left behind, within Options of package durable.
func (s *Service) Close() error {
	hung := time.AfterFunc(closePatience, func() {
		for _, d := range []*durable.DB{s.db, s.mirror} {
			if d != nil {
				d.Seal(durable.ErrHung)
			}
		}
	})
	s.writing.Lock()
	defer s.writing.Unlock()
	hung.Stop()
	if s.failed == nil {
		s.failed = errors.New("closed")
	}
	return s.closeStores()
}

func (s *Service) closeStores() error {
	var err error
	for _, d := range []*durable.DB{s.db, s.mirror} {
		if d != nil {
			err = errors.Join(err, d.Close())
		}
	}
	return err
}

// RotateKeys makes the staged Fernet key primary; see token.Repository.Rotate.
func (s *Service) RotateKeys(maxActive int) error {
	if err := s.keys.Rotate(maxActive); err != nil {
		return err
	}
	s.cache.Purge()
	return nil
}

// NewID is a new id in the form of Python's uuid4().hex.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return hex.EncodeToString(b[:])
}

func idOr(given string) string {
	if given != "" {
		return given
	}
	return NewID()
}
