package identity

import (
	"errors"
	"os"
	"testing"

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
