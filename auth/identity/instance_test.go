// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"needletail/auth/token"
)

func openOwned(dir, store string, made bool) (*Service, error) {
	return Open(Options{Dir: dir, BcryptCost: 4, Store: store, Made: made})
}

// makeOwned makes the identities of a store, with a project, in two starts.
func makeOwned(t *testing.T, store string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "identity")
	for i := range 2 {
		s, err := openOwned(dir, store, i > 0)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := s.update(func(tx *tx) error {
				put(tx, s.projects, "p1", &Project{ID: "p1", Name: "p", DomainID: DefaultDomainID})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Lost identities and identities of a different store are refused. A second
// start is refused too, because the first has made nothing anew.
func TestLostIdentitiesAreRefused(t *testing.T) {
	replace := func(part string) func(string) error {
		return func(dir string) error {
			other := makeOwned(t, "other")
			return errors.Join(os.RemoveAll(filepath.Join(dir, part)), os.Rename(filepath.Join(other, part), filepath.Join(dir, part)))
		}
	}
	removeLike := func(pattern string) func(string) error {
		return func(dir string) error {
			found, err := filepath.Glob(dir + "/db/" + pattern)
			for _, path := range found {
				err = errors.Join(err, os.Remove(path))
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		change func(dir string) error
		want   error
	}{
		"nothing":           {func(string) error { return nil }, nil},
		"no folder":         {os.RemoveAll, ErrLost},
		"no database":       {func(d string) error { return os.RemoveAll(d + "/db") }, ErrLost},
		"empty database":    {func(d string) error { return errors.Join(os.RemoveAll(d+"/db"), os.Mkdir(d+"/db", 0o700)) }, ErrLost},
		"no log":            {removeLike("*.log"), ErrDamaged},
		"no manifest":       {removeLike("MANIFEST-*"), ErrDamaged},
		"no table":          {removeLike("*.sst"), ErrDamaged},
		"foreign database":  {replace("db"), ErrLost},
		"foreign keys":      {replace(CredentialKeyFolder), token.ErrKeysDamaged},
		"no keys of tokens": {func(d string) error { return os.RemoveAll(d + "/" + FernetKeyFolder) }, token.ErrKeysLost},
		"other credential keys without an inventory": {func(d string) error {
			d = filepath.Join(d, CredentialKeyFolder)
			_, err := token.OpenRepository(d)
			return errors.Join(err, os.RemoveAll(d), errOf(token.OpenRepository(d)))
		}, token.ErrKeysDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			dir := makeOwned(t, "mine")
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				s, err := openOwned(dir, "mine", true)
				if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if err == nil {
					if !hasProject(s, "p") {
						t.Error("a project is lost")
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func errOf[T any](_ T, err error) error { return err }

// Identities of an earlier version name no store, and are adopted.
func TestOldIdentitiesAreAdopted(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir, BcryptCost: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for made := range 2 {
		s, err := openOwned(dir, "mine", made > 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openOwned(dir, "other", true); err == nil {
		t.Error("another store takes them")
	}
	for _, path := range []string{dir + "/db", dir + "/" + FernetKeyFolder} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
}

// A second copy of a different store is not taken, even if the copy is newer.
func TestForeignMirrorIsNotTaken(t *testing.T) {
	dir, other := makeOwned(t, "mine"), makeOwned(t, "other")
	s, err := openOwned(other, "other", true)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := s.update(func(tx *tx) error {
			put(tx, s.projects, "p2", &Project{ID: "p2", Name: "foreign", DomainID: DefaultDomainID})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var lost error
	s, err = Open(Options{Dir: dir, MirrorDir: other, BcryptCost: 4, Store: "mine", Made: true, MirrorLost: func(err error) { lost = err }})
	if err != nil {
		t.Fatal(err)
	}
	if hasProject(s, "foreign") || !hasProject(s, "p") || !errors.Is(lost, ErrLost) {
		t.Errorf("foreign %v, own %v, %v", hasProject(s, "foreign"), hasProject(s, "p"), lost)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
