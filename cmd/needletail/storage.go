// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"needletail/auth"
	"needletail/auth/identity"
	"needletail/auth/keystoneclient"
	"needletail/auth/tempauth"
	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/proxy/glance"
)

// storage is what the server keeps and asks: objects, identities, logins.
type storage struct {
	objects objects
	// store is the Store of objects.
	store objstore.Store
	// identity is the built-in Keystone. nil: the server has no home for
	// identities.
	identity *identity.Service
	// keystone validates tokens in the place of identity; nil: the built-in.
	keystone *keystoneclient.Client
	// limits reads the limits of images at the external Keystone. nil: no
	// limits are read.
	limits *keystoneclient.Limits
	// users are TempAuth's; nil: there is no TempAuth.
	users *tempauth.Auth
	// stopping is set when the server has been told to stop.
	stopping atomic.Bool
	// images is the Image API, which works in the background. nil: the API is
	// not served.
	images glance.Handler
}

// identityNote is the note in the data folder that identities were made. With
// the note, a start without identities is refused.
const identityNote = "identity"

// openStorage opens the objects before the identities: the lock of the objects
// is the lock of the data folder.
func openStorage(cfg settings, logger *slog.Logger) (*storage, error) {
	objects, err := cfg.kind().open(logger)
	if err != nil {
		return nil, err
	}
	st := &storage{objects: objects, store: objects.store()}
	if home := objects.home(); home != nil {
		if st.identity, err = openIdentities(cfg, home, logger); err != nil {
			return nil, errors.Join(err, objects.close())
		}
	}
	if st.keystone, err = cfg.Keystone.Client(logger, "needletail/"+version); err == nil {
		st.limits, err = cfg.OsloLimit.Limits(st.keystone, &cfg.Keystone)
	}
	if err != nil {
		return nil, errors.Join(err, st.close())
	}
	return st, nil
}

// openIdentities opens the store of identities in its home, and notes that the
// identities were made.
func openIdentities(cfg settings, home identityHome, logger *slog.Logger) (*identity.Service, error) {
	if home.MirrorDir() != "" {
		home.IdentityCopies(nil) // until MirrorLost says otherwise
	}
	options := identityOptions(cfg, home)
	options.Logger = logger
	options.MirrorLost = func(err error) {
		logger.Error("identities have one copy until the next start", "err", err)
		home.IdentityCopies(err)
	}
	ids, err := identity.Open(options)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(home.Note(identityNote), restrictFolders(cfg.Data, home.MirrorDir())); err != nil {
		return nil, errors.Join(err, ids.Close())
	}
	return ids, nil
}

// openIdentitiesAlone opens the identities for a command that needs no object.
// The caller calls done at the end.
func openIdentitiesAlone(cfg settings) (ids *identity.Service, done func() error, err error) {
	logger := slog.New(slog.DiscardHandler)
	home, err := cfg.kind().openHome(logger)
	if err != nil {
		return nil, nil, err
	}
	if ids, err = openIdentities(cfg, home, logger); err != nil {
		return nil, nil, errors.Join(err, home.Close())
	}
	return ids, func() error { return errors.Join(ids.Close(), home.Close()) }, nil
}

// identityOptions returns the settings of the identities in their home.
func identityOptions(cfg settings, home identityHome) identity.Options {
	options := cfg.IdentityOptions()
	options.Guard = cfg.guard
	options.Store, options.Made = home.ID(), home.Noted(identityNote)
	options.MirrorDir = identityMirror(home)
	return options
}

// restrictFolders closes the folders of databases to other users. Earlier
// versions left the folders open.
func restrictFolders(data, mirror string) error {
	var errs []error
	for _, dir := range []string{filepath.Join(data, datafolder.IndexName), config.IdentityDir(data), mirror} {
		if dir != "" && exists(dir) {
			errs = append(errs, os.Chmod(dir, 0o700))
		}
	}
	return errors.Join(errs...)
}

// identityMirror returns the folder of the second copy of identities, beside
// the second copy of the index. "": there is one copy.
func identityMirror(home identityHome) string {
	if dir := home.MirrorDir(); dir != "" {
		return filepath.Join(dir, "identity")
	}
	return ""
}

// bootstrap makes the first users, roles and projects as `keystone-manage
// bootstrap` does, at the first start. Later starts only make the catalog
// follow the public URL. Without a password in the environment bootstrap makes
// a random password.
func (s *storage) bootstrap(ctx context.Context, cfg settings) error {
	if s.identity == nil {
		return nil
	}
	defer s.identity.KeepReserve(s.objects.home().Reserve)
	if s.keystone != nil {
		return nil
	}
	if s.identity.Bootstrapped() {
		return s.identity.FollowPublicURL(identity.BootstrapOptions{PublicURL: cfg.PublicURL, Region: cfg.Identity.Region})
	}
	settings := bootstrapSettings{password: randomPassword()}
	settings.readEnvironment()
	_, err := settings.bootstrap(ctx, cfg, s.identity)
	return err
}

// serviceAccount returns the Swift account of the project "service", which
// holds the bytes of images. With an external Keystone the account is
// keystone.image_account, or "". Without any Keystone the account is "".
func (s *storage) serviceAccount(cfg settings) (objstore.AccountName, error) {
	if s.keystone != nil {
		return objstore.AccountName(cfg.Keystone.ImageAccount), nil
	}
	if s.identity == nil {
		return "", nil
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
// built-in Keystone. nil: there is no Keystone.
func (s *storage) validator() auth.TokenValidator {
	switch {
	case s.keystone != nil:
		return s.keystone
	case s.identity != nil:
		return s.identity
	}
	return nil
}

var errStopping = errors.New("the server is stopping")

// ready returns why the server should get no requests for now, or nil.
func (s *storage) ready() error {
	if s.stopping.Load() {
		return errStopping
	}
	return s.objects.ready()
}

func (s *storage) close() error {
	var err error
	if s.images != nil {
		err = s.images.Close()
	}
	if s.keystone != nil {
		err = errors.Join(err, s.keystone.Close())
	}
	if s.identity != nil {
		err = errors.Join(err, s.identity.Close())
	}
	return errors.Join(err, s.objects.close())
}
