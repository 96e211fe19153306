// SPDX-License-Identifier: Apache-2.0

package encryption_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/objstore/encryption"
)

func field(name, value string) objstore.Field { return objstore.Field{Name: name, Value: value} }

func read(t testing.TB, st objstore.Store, o objstore.ObjectID) []byte {
	t.Helper()
	obj, err := st.OpenObject(ctx, o, objstore.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Close()
	b, err := io.ReadAll(obj.Range(0, obj.Info().SizeBytes))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func listed(t testing.TB, st objstore.Store) map[string]string {
	t.Helper()
	etags := map[string]string{}
	err := st.ListObjects(ctx, container, objstore.ListOptions{Limit: 100}, func(e *objstore.ObjectEntry) error {
		etags[e.Name] = e.ETag
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return etags
}

// wantUnreadable checks that nothing of the object can be had, and why.
func wantUnreadable(t testing.TB, st objstore.Store, o objstore.ObjectID, kind objstore.Kind, cause error) {
	t.Helper()
	_, err := st.HeadObject(ctx, o, objstore.OpenOptions{})
	if !errors.Is(err, cause) || objstore.KindOf(err) != kind {
		t.Errorf("HEAD: %v", err)
	}
	obj, err := st.OpenObject(ctx, o, objstore.OpenOptions{})
	if !errors.Is(err, cause) || obj != nil {
		t.Errorf("GET: %v", err)
	}
	if got := listed(t, st)[string(o.Object)]; got != encryption.UnknownETag {
		t.Errorf("listed ETag %q", got)
	}
}

func TestWrongAndMissingSecret(t *testing.T) {
	s := newSite(t)
	put(t, s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}}), id, []byte("text"), field("X-Object-Meta-A", "1"))
	wrong := s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(2)}})
	wantUnreadable(t, wrong, id, objstore.KindCorrupt, encryption.ErrEnvelope)
	for _, o := range []encryption.KeyOptions{{}, {Secrets: map[string][]byte{"other": secret(1)}, Active: "other"}} {
		wantUnreadable(t, s.with(o), id, objstore.KindInternal, encryption.ErrNoSecret)
	}
	info, err := wrong.DeleteObject(ctx, id, objstore.DeleteOptions{})
	if err != nil || len(info.Metadata) > 0 || len(info.Listing.Extra) > 0 {
		t.Errorf("delete: %+v %v", info, err)
	}
}

func TestRotation(t *testing.T) {
	s := newSite(t)
	before, between := []byte("plain"), []byte("under the first")
	plainID, firstID := container.Object("plain"), container.Object("first")
	off := put(t, s.with(encryption.KeyOptions{}), plainID, before, field("X-Object-Meta-A", "1"))
	first := put(t, s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}}), firstID, between)
	both := map[string][]byte{"": secret(1), "2": secret(2)}
	rotated := s.with(encryption.KeyOptions{Secrets: both, Active: "2"})
	second := put(t, rotated, id, []byte("under the second"))
	for _, o := range []encryption.KeyOptions{{Secrets: both, Active: "2"}, {Secrets: both, Active: "2", Disable: true}, {Secrets: both}} {
		st := s.with(o)
		for o, want := range map[objstore.ObjectID]string{plainID: "plain", firstID: "under the first", id: "under the second"} {
			if got := read(t, st, o); string(got) != want {
				t.Errorf("%v: %q", o, got)
			}
		}
		if got := listed(t, st); got["plain"] != off.ETag || got["first"] != first.ETag || got["o"] != second.ETag {
			t.Errorf("listed %v", got)
		}
	}
	onlySecond := s.with(encryption.KeyOptions{Secrets: map[string][]byte{"2": secret(2)}, Active: "2"})
	wantUnreadable(t, onlySecond, firstID, objstore.KindInternal, encryption.ErrNoSecret)
	if got := read(t, onlySecond, id); string(got) != "under the second" {
		t.Errorf("%q is not under the active secret", got)
	}
}

func TestDisabledWritesPlain(t *testing.T) {
	s := newSite(t)
	st := s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}, Disable: true})
	put(t, st, id, []byte("text"), field("X-Object-Meta-A", "1"))
	if got := read(t, s.inner, id); string(got) != "text" {
		t.Errorf("stored %q", got)
	}
}

// TestPostOverChanges: a POST may come when encryption was turned on or off
// since the PUT.
func TestPostOverChanges(t *testing.T) {
	s := newSite(t)
	on, off := encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}}, encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}, Disable: true}
	for _, c := range []struct{ put, post encryption.KeyOptions }{{off, on}, {on, off}, {on, on}} {
		put(t, s.with(c.put), id, []byte("text"), field("X-Object-Meta-A", "1"), field("X-Object-Sysmeta-S", "kept"))
		got, err := s.with(c.post).PostObject(ctx, id, objstore.PostOptions{
			Metadata: objstore.Metadata{field("X-Object-Meta-B", "2"), field("X-Object-Sysmeta-S", "posted"), field("X-Object-Sysmeta-T", "posted")}})
		s.ok(err)
		head, err := s.with(on).HeadObject(ctx, id, objstore.OpenOptions{})
		s.ok(err)
		for _, m := range []objstore.Metadata{got.Metadata, head.Metadata} {
			if len(m) != 2 || m.Get("X-Object-Meta-B") != "2" || m.Get("X-Object-Sysmeta-S") != "kept" {
				t.Errorf("put %+v, post %+v: %v", c.put.Disable, c.post.Disable, m)
			}
		}
		if string(read(t, s.with(on), id)) != "text" {
			t.Error("the body is lost")
		}
	}
}

func TestKeysAreChecked(t *testing.T) {
	f := func(o encryption.KeyOptions, want string) {
		t.Helper()
		_, err := encryption.NewKeys(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)[:31]}}, "fewer than 32")
	f(encryption.KeyOptions{Secrets: map[string][]byte{strings.Repeat("i", 256): secret(1)}}, "more than 255")
	f(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}, Active: "2"}, "active")
}

func TestParseSecret(t *testing.T) {
	want := bytes.Repeat([]byte{0xfb}, 48)
	text := base64.StdEncoding.EncodeToString(want)
	for _, s := range []string{text, " " + text[:10] + "\n" + text[10:] + "\n"} {
		if got, err := encryption.ParseSecret([]byte(s)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %v", got, err)
		}
	}
	for _, s := range []string{"", "no base64 of any kind!", base64.StdEncoding.EncodeToString(want[:31])} {
		_, err := encryption.ParseSecret([]byte(s))
		if err == nil || s != "" && strings.Contains(err.Error(), s[:8]) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
