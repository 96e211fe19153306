package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"

	"needletail/auth/token"
	"needletail/objstore/durable"
)

// ErrLost: the identities are lost or those of another store. Nothing was
// changed.
var ErrLost = errors.New("the identities are lost or those of another store")

// instanceKey holds the instance; no table has its prefix.
var instanceKey = []byte("\x00instance")

// instance says whose the identities are, as JSON. Probe is a text that was
// sealed with the credential keys: other keys do not open it, and would not open
// the credentials either.
type instance struct {
	Store string `json:"store"`
	Probe string `json:"probe"`
}

const probeText = "needletail"

// openKeys opens both key repositories as those of the store.
func (s *Service) openKeys() (err error) {
	open := token.OpenRepository
	if s.opt.Store != "" {
		open = func(dir string) (*token.Repository, error) {
			return token.OpenOwned(dir, token.Owner{Store: s.opt.Store, Made: s.opt.Made && !s.opt.NewKeys})
		}
	}
	if s.keys, err = open(s.opt.KeyDir); err != nil {
		if _, found, errDB := instanceOf(s.db); errDB == nil && !found && s.mirror == nil {
			err = fmt.Errorf("identity: %w: %w", s.lost(), err) // all is gone
		}
		return err
	}
	s.credentialKeys, err = open(filepath.Join(s.opt.Dir, CredentialKeyFolder))
	return err
}

// claim compares the store's id with the one in the store of identities, and
// writes it where it is missing, unless identities were made before.
func (s *Service) claim() error {
	if s.opt.Store == "" {
		return nil
	}
	is, found, err := instanceOf(s.db)
	switch {
	case err != nil:
		return err
	case found && !s.opt.NewKeys:
		return s.match(is)
	case found && is.Store != s.opt.Store:
		return fmt.Errorf("identity: %w: they belong to the store %q, not to %q", ErrLost, is.Store, s.opt.Store)
	case found:
	case s.opt.Made:
		return fmt.Errorf("identity: %w", s.lost())
	}
	b, err := json.Marshal(instance{Store: s.opt.Store, Probe: s.credentialKeys.Seal([]byte(probeText))})
	if err != nil {
		return err
	}
	return s.update(func(t *tx) error { return t.batch.Set(instanceKey, b, nil) })
}

func (s *Service) lost() error {
	return fmt.Errorf("%w: %s does not say whose it is", ErrLost, filepath.Join(s.opt.Dir, "db"))
}

// match says that an instance is this store's, and has its credential keys.
func (s *Service) match(is instance) error {
	if is.Store != s.opt.Store {
		return fmt.Errorf("identity: %w: they belong to the store %q, not to %q", ErrLost, is.Store, s.opt.Store)
	}
	if text, err := s.credentialKeys.Open(is.Probe); err != nil || string(text) != probeText {
		return fmt.Errorf("identity: %s: %w", filepath.Join(s.opt.Dir, CredentialKeyFolder), token.ErrKeysDamaged)
	}
	return nil
}

// sameStore refuses a second copy that belongs to another store.
func (s *Service) sameStore(mirror *durable.DB) error {
	is, found, err := instanceOf(mirror)
	if err == nil && found && s.opt.Store != "" && is.Store != s.opt.Store {
		err = fmt.Errorf("%w: they belong to the store %q, not to %q", ErrLost, is.Store, s.opt.Store)
	}
	return err
}

func instanceOf(db *durable.DB) (is instance, found bool, err error) {
	b, closer, err := db.Get(instanceKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return is, false, nil
	}
	if err != nil {
		return is, false, fmt.Errorf("identity: read the store: %w", err)
	}
	err = json.Unmarshal(b, &is)
	return is, true, errors.Join(err, closer.Close())
}

// makeFolder makes the folder of the database for this user alone: Pebble would
// let everybody look in.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return nil
}
