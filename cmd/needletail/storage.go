// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"needletail/auth"
	"needletail/auth/identity"
	"needletail/auth/keystoneclient"
	"needletail/auth/tempauth"
	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/objstore/encryption"
	"needletail/objstore/engine"
)

// storage is the content of the data folder: objects and identities.
type storage struct {
	engine *engine.Engine
	// store is the engine inside of encryption, also without a root secret:
	// reading an encrypted object is then an error, not garbage.
	store    objstore.Store
	identity *identity.Service
	// keystone validates tokens in the place of identity; nil: the built-in.
	keystone *keystoneclient.Client
	// limits reads the limits of images at the external Keystone. nil: no
	// limits are read.
	limits *keystoneclient.Limits
	// users are TempAuth's; nil: there is no TempAuth.
	users *tempauth.Auth
	// images is the Image API, which works in the background. nil: the API is
	// not served.
	images io.Closer
}

// identityNote is the note in the data folder that identities were made. With
// the note, a start without identities is refused.
const identityNote = "identity"

// restrictFolders closes the folders of databases to other users. Earlier
// versions left the folders open.
func restrictFolders(data, mirror string) error {
	var errs []error
	for _, dir := range []string{filepath.Join(data, "index"), config.IdentityDir(data), mirror} {
		if dir != "" {
			errs = append(errs, os.Chmod(dir, 0o700))
		}
	}
	return errors.Join(errs...)
}

// openStorage opens the engine before the identities: the lock of the engine is
// the lock of the data folder.
func openStorage(cfg settings, logger *slog.Logger) (*storage, error) {
	keys, err := cfg.Encryption.Keys()
	if err != nil {
		return nil, err
	}
	if err := ensureDataFolder(cfg.Data); err != nil {
		return nil, err
	}
	store, err := engine.Open(cfg.Data, cfg.engineOptions(logger))
	if err != nil {
		return nil, err
	}
	sealed := encryption.New(store, keys)
	if err := sealed.CheckSecrets(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("encryption: %w", err), store.Close())
	}
	if store.MirrorDir() != "" {
		store.IdentityCopies(nil) // until MirrorLost says otherwise
	}
	options := cfg.IdentityOptions()
	options.Logger = logger
	options.Store, options.Made = store.ID(), store.Noted(identityNote)
	options.MirrorDir = identityMirror(store)
	options.MirrorLost = func(err error) {
		logger.Error("identities have one copy until the next start", "err", err)
		store.IdentityCopies(err)
	}
	ids, err := identity.Open(options)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	st := &storage{engine: store, store: sealed, identity: ids}
	if err := errors.Join(store.Note(identityNote), restrictFolders(cfg.Data, store.MirrorDir())); err != nil {
		return nil, errors.Join(err, st.close())
	}
	if st.keystone, err = cfg.Keystone.Client(logger, "needletail/"+version); err == nil {
		st.limits, err = cfg.OsloLimit.Limits(st.keystone, &cfg.Keystone)
	}
	if err != nil {
		return nil, errors.Join(err, st.close())
	}
	return st, nil
}

// identityMirror returns the folder of the second copy of identities, beside
// the second copy of the index. "": the index has one copy.
func identityMirror(e *engine.Engine) string {
	if dir := e.MirrorDir(); dir != "" {
		return filepath.Join(dir, "identity")
	}
	return ""
}

// bootstrap makes the first users, roles and projects as `keystone-manage
// bootstrap` does, at the first start. Later starts only make the catalog
// follow the public URL. Without a password in the environment bootstrap makes
// a random password.
func (s *storage) bootstrap(ctx context.Context, cfg settings) error {
	defer s.identity.KeepReserve(s.engine.Reserve)
	if s.keystone != nil {
		return nil
	}
	if s.identity.Bootstrapped() {
		return s.identity.FollowPublicURL(identity.BootstrapOptions{PublicURL: cfg.PublicURL, Region: cfg.Identity.Region})
	}
	settings := bootstrapSettings{password: randomPassword()}
	settings.readEnvironment()
	_, err := s.bootstrapWith(ctx, cfg, settings)
	return err
}

// serviceAccount returns the Swift account of the project "service", which
// holds the bytes of images. With an external Keystone the account is
// keystone.image_account, or "".
func (s *storage) serviceAccount(cfg settings) (objstore.AccountName, error) {
	if s.keystone != nil {
		return objstore.AccountName(cfg.Keystone.ImageAccount), nil
	}
	found := s.identity.Projects(func(p *identity.Project) bool {
		return p.Name == "service" && p.DomainID == identity.DefaultDomainID
	})
	if len(found) == 0 {
		return "", errors.New("there is no project named service in the default domain")
	}
	return objstore.AccountName("AUTH_" + found[0].ID), nil
}

// validator returns the validator of tokens: the external Keystone or the
// built-in Keystone.
func (s *storage) validator() auth.TokenValidator {
	if s.keystone != nil {
		return s.keystone
	}
	return s.identity
}

func (s *storage) close() error {
	var err error
	if s.images != nil {
		err = s.images.Close()
	}
	if s.keystone != nil {
		err = errors.Join(err, s.keystone.Close())
	}
	return errors.Join(err, s.identity.Close(), s.store.Close())
}
