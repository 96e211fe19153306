// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"needletail/auth/identity"
	"needletail/cmd/needletail/config"
)

// keptMax bounds the number of old identities or keys beside the new ones.
const keptMax = 1000

// startAnew moves identities, or only the keys of tokens, aside in both copies.
// The next opening makes new ones. Only an explicit option of the operator
// leads here.
func startAnew(cfg settings, identities, keys bool, out io.Writer) (err error) {
	if !identities && !keys {
		return nil
	}
	if !exists(cfg.Data) {
		return fmt.Errorf("%s: %w", cfg.Data, os.ErrNotExist)
	}
	home, err := cfg.kind().openHome(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.Close()) }()
	for _, dir := range []string{config.IdentityDir(cfg.Data), identityMirror(home)} {
		switch {
		case dir == "":
		case identities:
			err = moveAside(dir, out)
		default:
			err = errors.Join(moveAside(filepath.Join(dir, identity.FernetKeyFolder), out),
				moveAside(filepath.Join(dir, identity.CredentialKeyFolder), out))
		}
		if err != nil {
			return err
		}
	}
	if identities {
		return home.Forget(identityNote)
	}
	return renewKeys(cfg, home)
}

// renewKeys makes new keys for existing identities.
func renewKeys(cfg settings, home identityHome) error {
	options := identityOptions(cfg, home)
	options.NewKeys = true
	ids, err := identity.Open(options)
	if err != nil {
		return err
	}
	return ids.Close()
}

// moveAside renames a folder to NAME.old.N. A missing folder is ignored.
func moveAside(dir string, out io.Writer) error {
	for n := range keptMax {
		to := dir + ".old." + strconv.Itoa(n)
		if exists(to) {
			continue
		}
		err := os.Rename(dir, to)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "kept what was there in", to)
		return syncDir(filepath.Dir(dir))
	}
	return fmt.Errorf("%d of %s.old are there: remove some", keptMax, dir)
}
