// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"needletail/auth/token"
	"needletail/objstore/twin"
)

// ErrLost: the identities are lost or belong to a different store. Open has
// changed nothing.
var ErrLost = errors.New("the identities are lost or those of another store")

// instanceKey is the key of the instance. The prefix 0 is not the kind of a
// table.
var instanceKey = []byte("\x00instance")

// instance names the store of objects to which the identities belong. The
// value lies under instanceKey as JSON. Probe is a known text sealed with the
// credential keys. If the keys at hand do not open Probe, the keys do not open
// the credentials either.
type instance struct {
	Store string `json:"store"`
	Probe string `json:"probe"`
}

// probeText is the text sealed in instance.Probe.
const probeText = "needletail"

// openKeys opens the Fernet keys and the credential keys, creating
// repositories in a new store. With Options.Made, a missing or foreign
// repository is an error of package token. If the rows are gone too, the error
// is ErrLost: the whole folder is lost, not the keys alone.
func (s *Service) openKeys() (err error) {
	open := token.OpenRepository
	if s.opt.Store != "" {
		open = func(dir string) (*token.Repository, error) {
			return token.OpenOwned(dir, token.Owner{Store: s.opt.Store, Made: s.opt.Made && !s.opt.NewKeys})
		}
	}
	if s.keys, err = open(s.opt.KeyDir); err != nil {
		if _, found, errDB := instanceOf(s.db.Source()); errDB == nil && !found {
			err = fmt.Errorf("identity: %w: %w", s.lost(), err) // all is gone
		}
		return err
	}
	s.credentialKeys, err = open(filepath.Join(s.opt.Dir, CredentialKeyFolder))
	return err
}

// claim compares Options.Store with the instance and writes a missing
// instance: identities of a version without instances are adopted. The error
// is ErrLost if the instance names a different store, or if the instance is
// missing although identities were made before. The error is
// token.ErrKeysDamaged for wrong credential keys. Options.NewKeys accepts
// wrong keys and seals a new probe.
func (s *Service) claim() error {
	if s.opt.Store == "" {
		return nil
	}
	is, found, err := instanceOf(s.db.Source())
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

// lost returns ErrLost for a folder of identities without an instance.
func (s *Service) lost() error {
	return fmt.Errorf("%w: %s does not say whose it is", ErrLost, filepath.Join(s.opt.Dir, "db"))
}

// match returns nil if the instance names Options.Store and the credential keys
// open the probe. The error is ErrLost or token.ErrKeysDamaged.
func (s *Service) match(is instance) error {
	if is.Store != s.opt.Store {
		return fmt.Errorf("identity: %w: they belong to the store %q, not to %q", ErrLost, is.Store, s.opt.Store)
	}
	if text, err := s.credentialKeys.Open(is.Probe); err != nil || string(text) != probeText {
		return fmt.Errorf("identity: %s: %w", filepath.Join(s.opt.Dir, CredentialKeyFolder), token.ErrKeysDamaged)
	}
	return nil
}

// instanceOf reads the instance of a copy. found is false if there is no
// instance.
func instanceOf(from twin.Source) (is instance, found bool, err error) {
	b, found, err := twin.Value(from, instanceKey, nil)
	if err != nil {
		return is, false, fmt.Errorf("identity: read the store: %w", err)
	}
	if found {
		err = json.Unmarshal(b, &is)
	}
	return is, found, err
}

// makeFolder creates the folder of the database for this user alone, and makes
// an existing folder private. Pebble would create a folder readable by
// everybody.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return nil
}
