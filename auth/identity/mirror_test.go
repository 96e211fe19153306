// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/auth/token"
)

func openMirrored(t *testing.T, dir string, lost *error) *Service {
	t.Helper()
	s, err := Open(Options{Dir: dir + "/one", MirrorDir: dir + "/two", BcryptCost: 4,
		MirrorLost: func(err error) { *lost = err }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeMirrored(t *testing.T, s *Service) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func hasProject(s *Service, name string) bool {
	return len(s.Projects(func(p *Project) bool { return p.Name == name })) == 1
}

// The loss of either disk loses no identity and no key; a copy that was away
// is made anew.
func TestMirrorSurvivesEitherDisk(t *testing.T) {
	for _, gone := range []string{"one", "two"} {
		dir := t.TempDir()
		var lost error
		s := openMirrored(t, dir, &lost)
		if _, err := s.Bootstrap(t.Context(), BootstrapOptions{PublicURL: "http://x", Region: "r", AdminPassword: "secret"}); err != nil {
			t.Fatal(err)
		}
		closeMirrored(t, s)
		s = openMirrored(t, dir, &lost) // keys are copied at a start
		key := fernetKeys(t, dir+"/one")
		if err := s.update(func(tx *tx) error {
			put(tx, s.projects, "p1", &Project{ID: "p1", Name: "late", DomainID: DefaultDomainID})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		closeMirrored(t, s)
		if err := os.RemoveAll(dir + "/" + gone); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s = openMirrored(t, dir, &lost)
			if !s.Bootstrapped() || !hasProject(s, "late") || !hasProject(s, "service") {
				t.Errorf("%s gone: identities are lost", gone)
			}
			if fernetKeys(t, dir+"/one") != key {
				t.Errorf("%s gone: the keys changed", gone)
			}
			closeMirrored(t, s)
		}
		if lost != nil {
			t.Errorf("%s gone: %v", gone, lost)
		}
	}
}

func fernetKeys(t *testing.T, dir string) string {
	t.Helper()
	if _, err := token.OpenRepository(dir + "/" + FernetKeyFolder); err != nil {
		t.Fatal(err)
	}
	all := ""
	entries, err := os.ReadDir(dir + "/" + FernetKeyFolder)
	for _, e := range entries {
		b, readErr := os.ReadFile(dir + "/" + FernetKeyFolder + "/" + e.Name())
		err = errors.Join(err, readErr)
		all += e.Name() + string(b)
	}
	if err != nil || all == "" {
		t.Fatal(err)
	}
	return all
}

// A second copy that cannot be opened is no reason not to start.
func TestMirrorThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/two", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var lost error
	s := openMirrored(t, dir, &lost)
	defer closeMirrored(t, s)
	if lost == nil {
		t.Error("nobody was told")
	}
	if err := s.update(func(tx *tx) error {
		put(tx, s.projects, "p1", &Project{ID: "p1", Name: "p", DomainID: DefaultDomainID})
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A copy that fails while the store is open is told once. The next start fills the
// copy, and either copy alone has every change then.
func TestLostCopyIsFilled(t *testing.T) {
	for _, broken := range []string{"one", "two"} {
		keys, mem := t.TempDir(), vfs.NewMem()
		var breaks atomic.Bool
		fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if breaks.Load() && strings.HasPrefix(op.Path, keys+"/"+broken) && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
				return errorfs.ErrInjected
			}
			return nil
		}))
		var told []error
		s, err := Open(Options{Dir: keys + "/one", MirrorDir: keys + "/two", FS: fs, BcryptCost: 4,
			Logger: slog.New(slog.DiscardHandler), MirrorLost: func(err error) { told = append(told, err) }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default", Enabled: true}); err != nil {
			t.Fatal(err)
		}
		breaks.Store(true)
		for _, name := range []string{"p1", "p2"} {
			if err := putProject(s, name); err != nil {
				t.Errorf("%s is broken: %v", broken, err)
			}
		}
		if len(told) != 1 || !errors.Is(told[0], errorfs.ErrInjected) {
			t.Errorf("%s is broken: told %v", broken, told)
		}
		_ = s.Close() // may tell of the fault
		breaks.Store(false)
		if s, err = openOn(mem, keys, true); err != nil {
			t.Fatal(err)
		}
		closeMirrored(t, s)
		for _, gone := range []string{"two", "one"} {
			if err := mem.RemoveAll(keys + "/" + gone + "/db"); err != nil {
				t.Fatal(err)
			}
			if s, err = openOn(mem, keys, true); err != nil {
				t.Fatal(err)
			}
			if !hasProject(s, "p1") || !hasProject(s, "p2") {
				t.Errorf("%s was broken, %s is gone: a project is lost", broken, gone)
			}
			closeMirrored(t, s)
		}
	}
}

// Two copies that went on alone, with as many changes each, disagree: one serves,
// and the changes of the other are set aside, not overwritten.
func TestCopiesThatWentOnAlone(t *testing.T) {
	keys, mem := t.TempDir(), vfs.NewMem()
	s, err := openOn(mem, keys, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default", Enabled: true}); err != nil {
		t.Fatal(err)
	}
	closeMirrored(t, s)
	alone := func(name string) *Service {
		s, err := Open(Options{Dir: keys + "/" + name, FS: mem, BcryptCost: 4, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, name := range []string{"one", "two"} {
		s := alone(name)
		if err := putProject(s, name); err != nil {
			t.Fatal(err)
		}
		closeMirrored(t, s)
	}
	if s, err = openOn(mem, keys, true); err != nil {
		t.Fatal(err)
	}
	if !hasProject(s, "one") || hasProject(s, "two") || !s.db.Copies().InStep {
		t.Errorf("the first copy does not serve: %+v", s.db.Copies())
	}
	closeMirrored(t, s)
	if err := errors.Join(mem.MkdirAll(keys+"/kept", 0o700), mem.Rename(keys+"/two/db.aside.0", keys+"/kept/db")); err != nil {
		t.Fatal(err)
	}
	s = alone("kept")
	if !hasProject(s, "two") {
		t.Error("what the second copy had alone is gone")
	}
	closeMirrored(t, s)
}

// A first copy that is open elsewhere is refused, though the second copy could serve.
func TestLockedCopyIsRefused(t *testing.T) {
	dir := t.TempDir()
	var lost error
	closeMirrored(t, openMirrored(t, dir, &lost))
	alone, err := Open(Options{Dir: dir + "/one", BcryptCost: 4})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Dir: dir + "/one", MirrorDir: dir + "/two", BcryptCost: 4, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Error("opened beside another user of the first copy")
		closeMirrored(t, s)
	}
	closeMirrored(t, alone)
	closeMirrored(t, openMirrored(t, dir, &lost))
	if lost != nil {
		t.Errorf("a copy is lost: %v", lost)
	}
}
