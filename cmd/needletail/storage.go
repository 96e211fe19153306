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

// storage is what lies in the data folder: the objects and the identities.
type storage struct {
	engine *engine.Engine
	// store is the engine with encryption around it. It stands there without a
	// root secret too: reading what is encrypted is an error then, not garbage.
	store    objstore.Store
	identity *identity.Service
	// keystone validates tokens in the place of identity; nil: the built-in.
	keystone *keystoneclient.Client
	// limits are those of images at that Keystone; nil: none are read.
	limits *keystoneclient.Limits
	// users are TempAuth's; nil: there is no TempAuth.
	users *tempauth.Auth
	// images is the Image API, which works in the background; nil: none.
	images io.Closer
}

// identityNote says in the data folder that its identities were made: a start
// without them is refused.
const identityNote = "identity"

// restrictFolders takes the folders of databases from other users, which earlier
// versions let look in.
func restrictFolders(data, mirror string) error {
	var errs []error
	for _, dir := range []string{filepath.Join(data, "index"), config.IdentityDir(data), mirror} {
		if dir != "" {
			errs = append(errs, os.Chmod(dir, 0o700))
		}
	}
	return errors.Join(errs...)
}

// openStorage opens the engine first: its lock is the data folder's.
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

// identityMirror is where the second copy of identities lies: beside that of the
// index, if there is one.
func identityMirror(e *engine.Engine) string {
	if dir := e.MirrorDir(); dir != "" {
		return filepath.Join(dir, "identity")
	}
	return ""
}

// bootstrap makes the first users, roles and projects, as keystone-manage
// bootstrap does, if no start has done so; later starts only make the catalog
// follow the public URL. Without a password in the environment it makes one up.
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

// serviceAccount is the Swift account of the project "service", which holds the
// bytes of images. An external Keystone's is configured, or "".
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

// validator says whose tokens are.
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
