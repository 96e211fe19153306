package identity

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/auth/token"
)

// Options are the settings of a Service. Zero values stand for the defaults.
type Options struct {
	Dir        string        // the folder of the store
	KeyDir     string        // the Fernet key repository; Dir/fernet-keys if ""
	TokenLife  time.Duration // DefaultTokenLife
	BcryptCost int           // DefaultBcryptCost
	Methods    []string      // of logins: DefaultMethods
	Clock      func() time.Time
	Logger     pebble.Logger // nil for none

	// LockoutAttempts failed logins in a row lock a user out for
	// LockoutDuration (DefaultLockoutDuration); 0: never.
	LockoutAttempts int
	LockoutDuration time.Duration

	// MirrorDir, if not "", is where a second copy is kept, on another disk.
	MirrorDir string
	// MirrorLost is told why the second copy was given up. Optional.
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
	db  *pebble.DB

	mirror  *pebble.DB // the second copy, or nil; with commits under writing
	commits uint64

	mirrorLog mirrorLog

	keys *token.Repository
	// credentialKeys seal the blobs of credentials; they are never rotated.
	credentialKeys *token.Repository

	// writing serialises changes from their checks to their batch; mu guards
	// the tables and is not held while a batch is written.
	writing sync.Mutex
	mu      sync.RWMutex
	failed  error // under writing

	domains      *table[Domain]
	projects     *table[Project]
	users        *table[User]
	roles        *table[Role]
	implications *table[Implication]
	grants       *table[Grant]
	regions      *table[Region]
	services     *table[CatalogService]
	endpoints    *table[Endpoint]
	appCreds     *table[AppCredential]
	revocations  *table[Revocation]
	milestones   *table[Milestone]
	groups       *table[Group]
	memberships  *table[Membership]
	accessRules  *table[AccessRule]
	trusts       *table[Trust]
	credentials  *table[Credential]
	registered   *table[RegisteredLimit]
	limits       *table[Limit]

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
		opt.KeyDir = filepath.Join(opt.Dir, fernetKeyFolder)
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
	logger := opt.Logger
	if logger == nil {
		logger = quiet{}
	}
	if err := s.restoreKeys(); err != nil {
		s.loseMirror(err)
	}
	options := func() *pebble.Options {
		return &pebble.Options{Logger: logger, MemTableSize: 1 << 20, FormatMajorVersion: pebble.FormatNewest}
	}
	s.db, err = pebble.Open(filepath.Join(opt.Dir, "db"), options())
	if err != nil {
		return nil, fmt.Errorf("identity: open the store: %w", err)
	}
	if s.keys, err = token.OpenRepository(opt.KeyDir); err == nil {
		s.credentialKeys, err = token.OpenRepository(filepath.Join(opt.Dir, credentialKeyFolder))
	}
	if err == nil {
		err = s.openMirror(options())
	}
	if err == nil {
		err = s.load()
	}
	if err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	s.noteAllIssued()
	return s, nil
}

// Close closes the store.
func (s *Service) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed == nil {
		s.failed = errors.New("closed")
	}
	return s.closeStores()
}

func (s *Service) closeStores() error {
	err := s.db.Close()
	if s.mirror != nil {
		err = errors.Join(err, s.mirror.Close())
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

func (s *Service) makeTables() {
	s.domains = newTable(kindDomain, func(d *Domain) nameKey { return nameKey{"", d.Name} })
	s.projects = newTable(kindProject, func(p *Project) nameKey { return nameKey{p.DomainID, p.Name} })
	s.users = newTable(kindUser, func(u *User) nameKey { return nameKey{u.DomainID, u.Name} })
	s.roles = newTable(kindRole, func(r *Role) nameKey { return nameKey{r.DomainID, r.Name} })
	s.implications = newTable[Implication](kindImplication, nil)
	s.regions = newTable[Region](kindRegion, nil)
	s.services = newTable[CatalogService](kindService, nil)
	s.endpoints = newTable[Endpoint](kindEndpoint, nil)
	s.appCreds = newTable(kindAppCred, func(a *AppCredential) nameKey { return nameKey{a.UserID, a.Name} })
	s.actorGrants = map[string]map[Grant]struct{}{}
	s.userGroups = map[string]map[string]struct{}{}
	s.groups = newTable(kindGroup, func(g *Group) nameKey { return nameKey{g.DomainID, g.Name} })
	s.memberships = newTable[Membership](kindMembership, nil)
	s.memberships.onSet = s.indexMembership
	s.memberships.onDelete = s.unindexMembership
	s.accessRules = newTable[AccessRule](kindAccessRule, nil)
	s.trusts = newTable[Trust](kindTrust, nil)
	s.credentials = newTable[Credential](kindCredential, nil)
	s.registered = newTable[RegisteredLimit](kindRegistered, nil)
	s.limits = newTable[Limit](kindLimit, nil)
	s.grants = newTable[Grant](kindGrant, nil)
	s.grants.onSet = s.indexGrant
	s.grants.onDelete = s.unindexGrant
	s.revoked = newRevokedIndex()
	s.milestones = newTable[Milestone](kindMilestone, nil)
	s.revocations = newTable[Revocation](kindRevocation, nil)
	s.revocations.onSet = s.revoked.add
	s.revocations.onDelete = s.revoked.remove
}

func (s *Service) load() error {
	tables := map[byte]loader{
		kindDomain: s.domains, kindProject: s.projects, kindUser: s.users, kindRole: s.roles,
		kindImplication: s.implications, kindGrant: s.grants, kindRegion: s.regions,
		kindService: s.services, kindEndpoint: s.endpoints, kindAppCred: s.appCreds, kindRevocation: s.revocations,
		kindMilestone: s.milestones, kindGroup: s.groups, kindMembership: s.memberships, kindAccessRule: s.accessRules,
		kindTrust: s.trusts, kindCredential: s.credentials, kindRegistered: s.registered, kindLimit: s.limits,
	}
	it, err := s.db.NewIter(nil)
	if err != nil {
		return fmt.Errorf("identity: read the store: %w", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		key := it.Key()
		if bytes.Equal(key, commitsKey) {
			continue
		}
		t := tables[key[0]]
		if t == nil {
			err = fmt.Errorf("identity: unknown table %q", key[0])
			break
		}
		if err = t.load(string(key[1:]), it.Value()); err != nil {
			break
		}
	}
	return errors.Join(err, it.Error(), it.Close())
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

// quiet is a pebble.Logger that says nothing; what matters comes as an error.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("identity: the store: "+format, args...))
}
