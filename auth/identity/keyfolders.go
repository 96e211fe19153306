// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"needletail/auth/token"
)

// The folders of keys below Options.Dir.
const (
	FernetKeyFolder     = "fernet-keys"
	CredentialKeyFolder = "credential-keys"
)

// restoreKeys copies a missing key folder from the second copy.
func (s *Service) restoreKeys() error {
	if s.opt.MirrorDir == "" {
		return nil
	}
	return s.eachKeyFolder(func(mine, theirs string) error {
		if has, err := token.HasKeys(mine); err != nil || has {
			return err
		}
		return copyFolder(theirs, mine)
	})
}

// eachKeyFolder calls f with the first and the second copy of each key folder.
func (s *Service) eachKeyFolder(f func(mine, theirs string) error) error {
	return errors.Join(
		f(s.opt.KeyDir, filepath.Join(s.opt.MirrorDir, FernetKeyFolder)),
		f(filepath.Join(s.opt.Dir, CredentialKeyFolder), filepath.Join(s.opt.MirrorDir, CredentialKeyFolder)))
}

// copyFolder replaces the files of to by the files of from, durably. A missing
// from changes nothing. A crash leaves the old folder, the new folder or no
// folder, never a part of a folder: the files are complete in a folder beside to
// before to is removed. The next start copies a missing folder again, from the
// copy that has the folder.
func copyFolder(from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	fresh, parent := to+".new", filepath.Dir(to)
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(parent, 0o700), os.MkdirAll(fresh, 0o700)); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(fresh, e.Name())); err != nil {
			return err
		}
	}
	if err := syncFolder(fresh); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(to), os.Rename(fresh, to)); err != nil {
		return err
	}
	return syncFolder(parent)
}

// copyFile makes the file to, durably, with the content of from.
func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
