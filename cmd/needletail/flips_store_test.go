// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"needletail/auth/identity"
	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/objstore/fsck"
)

// flipStore is a store that is not running, and what is in it.
type flipStore struct {
	name     string
	devices  int
	template string // its folders
	work     string // a copy for each flip
	files    map[string][]string
	bodies   map[objstore.ObjectID][]byte
	identity string
}

var flipBox = objstore.ContainerID{Account: "AUTH_flips", Container: "box"}

// newFlipStore makes a store in three starts, so that tables, manifests and logs
// have content. A killed one is copied while it is open.
func newFlipStore(t *testing.T, name string, onDevices, killed bool) *flipStore {
	t.Helper()
	dir := t.TempDir()
	s := &flipStore{name: name, template: dir + "/template", work: dir + "/work", bodies: map[objstore.ObjectID][]byte{}}
	if onDevices {
		s.devices = 3
	}
	for start := range 3 {
		st, err := openStorage(s.config(s.work), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		s.fill(t, st, start)
		s.identity = identitiesOf(t, st.identity)
		if start == 2 && killed {
			s.copy(t, s.work, s.template)
		}
		if err := st.close(); err != nil {
			t.Fatal(err)
		}
	}
	if !killed {
		s.copy(t, s.work, s.template)
	}
	s.files = listFiles(t, s.template)
	return s
}

func (s *flipStore) config(root string) settings {
	cfg := defaultSettings()
	cfg.Data, cfg.Identity.PasswordHashRounds = root+"/data", 4
	cfg.Storage.ScrubBytesPerSecond, cfg.Storage.ReserveBytes, cfg.Storage.ReservePercent = 0, 0, 0
	for i := range s.devices {
		cfg.Devices = append(cfg.Devices, config.Device{Path: fmt.Sprintf("%s/d%d", root, i+1)})
	}
	if s.devices > 0 {
		cfg.Policies = []config.Policy{{Name: "copies", Default: true, Copies: 2}}
	}
	return cfg
}

// fill puts objects, small and large, and identities.
func (s *flipStore) fill(t *testing.T, st *storage, start int) {
	t.Helper()
	ctx := context.Background()
	if start == 0 {
		if _, err := st.identity.Bootstrap(ctx, identity.BootstrapOptions{AdminPassword: "secret", PublicURL: "http://x"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := st.store.PutContainer(ctx, flipBox, objstore.PutContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	rng := rand.NewChaCha8([32]byte{byte(start), byte(s.devices)})
	for i, size := range []int{0, 10, 500, 3_000, 20_000, 60_000, 70_000, 150_000, 300_000} {
		body := make([]byte, size)
		_, _ = rng.Read(body) // never fails
		o := flipBox.Object(objstore.ObjectName(fmt.Sprintf("%d/%d", start, i)))
		if _, err := st.store.PutObject(ctx, o, bytes.NewReader(body), objstore.PutOptions{
			SizeBytes: int64(size), ContentType: "a/b", Metadata: objstore.Metadata{{Name: "X-Object-Meta-Of", Value: string(o.Object)}}}); err != nil {
			t.Fatal(err)
		}
		s.bodies[o] = body
	}
	admin := st.identity.Users(func(u *identity.User) bool { return u.Name == "admin" })[0]
	for i := range 20 {
		if _, err := st.identity.CreateProject(identity.Project{Name: fmt.Sprintf("p%d-%d", start, i), DomainID: identity.DefaultDomainID}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := st.identity.CreateCredential(identity.Credential{UserID: admin.ID, Type: "cert", Blob: fmt.Sprint("blob ", start)}); err != nil {
		t.Fatal(err)
	}
}

// identitiesOf is all that an identity store holds, as text.
func identitiesOf(t *testing.T, ids *identity.Service) string {
	t.Helper()
	credentials, err := ids.Credentials(nil)
	if err != nil {
		return err.Error()
	}
	b, err := json.Marshal([]any{ids.Projects(nil), ids.Users(nil), ids.Roles(nil), ids.Grants(nil), credentials, ids.Bootstrapped()})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// copy copies a store's folders, without sockets.
func (s *flipStore) copy(t *testing.T, from, to string) {
	t.Helper()
	err := errors.Join(os.RemoveAll(to), filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		rel, errRel := filepath.Rel(from, path)
		switch {
		case errors.Join(err, errRel) != nil:
			return errors.Join(err, errRel)
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a status file that is written anew
		}
		return errors.Join(err, os.WriteFile(filepath.Join(to, rel), b, 0o600))
	}))
	if err != nil {
		t.Fatal(err)
	}
}

// toldLog counts the lines of warnings and errors.
type toldLog struct {
	mu    sync.Mutex // protects the field below
	lines []string
}

func (l *toldLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (l *toldLog) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *toldLog) WithGroup(string) slog.Handler                    { return l }
func (l *toldLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Message)
	return nil
}

func (l *toldLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// try flips a bit of a copy of the store and says how that is told.
func (s *flipStore) try(t *testing.T, f flippedBit) (outcome string) {
	t.Helper()
	s.copy(t, s.template, s.work)
	bad := bytes.Clone(f.file)
	bad[f.at] ^= 1 << f.bit
	if err := os.WriteFile(filepath.Join(s.work, f.path), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	defer s.wantFiles(t, f)
	log := &toldLog{}
	st, err := openStorage(s.config(s.work), slog.New(log))
	if err != nil {
		return flipRefused
	}
	defer func() {
		if err := st.close(); err != nil && outcome == flipHarmless {
			t.Errorf("%v: close: %v", f, err)
		}
	}()
	warned := log.count() > 0
	whole := s.read(t, f, st, warned)
	found := 0
	_, err = st.objects.(*embedded).engine.Check(context.Background(), fsck.CheckOptions{ReadData: true, Found: func(fsck.Finding) { found++ }})
	switch {
	case warned:
		return flipWarned
	case !whole:
		return flipRead
	case err != nil || found > 0:
		return flipChecked
	case log.count() > 0:
		return flipWarned // by what reads beside
	}
	return flipHarmless
}

// read reads everything. A body is right or an error; what is missing or changed
// was told before. whole says that there was no error.
func (s *flipStore) read(t *testing.T, f flippedBit, st *storage, warned bool) (whole bool) {
	t.Helper()
	whole = true
	for o, want := range s.bodies {
		err := readWhole(st.store, o, want)
		switch {
		case errors.Is(err, errWrongBytes), errors.Is(err, objstore.KindNotFound) && !warned:
			t.Errorf("%v: %s: %v", f, o, err)
		case err != nil:
			whole = false
		}
	}
	if got := identitiesOf(t, st.identity); got != s.identity && !warned {
		t.Errorf("%v: identities changed, and nobody said so", f)
	}
	return whole
}

var errWrongBytes = errors.New("wrong bytes")

func readWhole(store objstore.Store, o objstore.ObjectID, want []byte) error {
	obj, err := store.OpenObject(context.Background(), o, objstore.OpenOptions{})
	if err != nil {
		return err
	}
	info := obj.Info()
	body, err := io.ReadAll(obj.Range(0, info.SizeBytes))
	if info.SizeBytes != int64(len(want)) || info.ContentType != "a/b" || info.Metadata.Get("X-Object-Meta-Of") != string(o.Object) ||
		!bytes.HasPrefix(want, body) || err == nil && len(body) != len(want) {
		return errors.Join(errWrongBytes, err, obj.Close())
	}
	return errors.Join(err, obj.Close())
}

// wantFiles checks that every data file of the store is still somewhere, whole
// if it was.
func (s *flipStore) wantFiles(t *testing.T, f flippedBit) {
	t.Helper()
	left := map[string]bool{}
	err := filepath.WalkDir(s.work, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			left[d.Name()] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range s.files["data file"] {
		if !left[filepath.Base(path)] {
			t.Errorf("%v: %s is gone", f, path)
		}
	}
}
