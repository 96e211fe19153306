// SPDX-License-Identifier: Apache-2.0

package encryption_test

import (
	"bytes"
	"testing"

	"needletail/objstore"
	"needletail/objstore/encryption"
)

// restored puts an object into the inner store as it is, but for what change
// makes of it: one who can write the disk.
func (s *site) restore(o objstore.ObjectID, body []byte, info objstore.ObjectInfo) {
	s.Helper()
	_, err := s.inner.PutObject(ctx, o, bytes.NewReader(body), objstore.PutOptions{SizeBytes: -1,
		ContentType: info.ContentType, Metadata: info.Metadata, Listing: info.Listing})
	s.ok(err)
}

func (s *site) stored(o objstore.ObjectID) ([]byte, objstore.ObjectInfo) {
	s.Helper()
	info, err := s.inner.HeadObject(ctx, o, objstore.OpenOptions{})
	s.ok(err)
	return read(s, s.inner, o), info
}

// TestTamperedFields changes each byte of each stored value.
func TestTamperedFields(t *testing.T) {
	s := newSite(t)
	st := s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}})
	put(t, st, id, []byte("text"), field("X-Object-Meta-A", "1"), field("X-Object-Sysmeta-S", "2"))
	body, info := s.stored(id)
	if len(info.Metadata) != 2 {
		t.Fatalf("stored %v", info.Metadata)
	}
	for i, f := range info.Metadata {
		for at := range len(f.Value) + 1 {
			bad := info
			bad.Metadata = info.Metadata.Clone()
			changed := []byte(f.Value)
			if at < len(changed) {
				changed[at] ^= 0x40
			} else {
				changed = changed[:len(changed)-1]
			}
			bad.Metadata[i].Value = string(changed)
			s.restore(id, body, bad)
			if got, err := st.HeadObject(ctx, id, objstore.OpenOptions{}); err == nil {
				t.Fatalf("%s, byte %d: %v", f.Name, at, got)
			}
		}
	}
	s.restore(id, body, info)
	if got := read(t, st, id); string(got) != "text" {
		t.Errorf("restored as it was: %q", got)
	}
}

func TestTamperedListing(t *testing.T) {
	s := newSite(t)
	st := s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}})
	put(t, st, id, []byte("text"))
	body, info := s.stored(id)
	value := info.Listing.Extra[0].Value
	for at := range value {
		changed := []byte(value)
		changed[at] ^= 1
		info.Listing.Extra = objstore.Metadata{{Name: info.Listing.Extra[0].Name, Value: string(changed)}}
		s.restore(id, body, info)
		if got := listed(t, st)["o"]; got != encryption.UnknownETag {
			t.Fatalf("byte %d: %q", at, got)
		}
	}
}

// TestEnvelopesDoNotMove: those of another object, of an older body and of
// another purpose do not open.
func TestEnvelopesDoNotMove(t *testing.T) {
	s := newSite(t)
	st := s.with(encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}})
	put(t, st, id, []byte("old"), field("X-Object-Meta-A", "1"))
	oldBody, old := s.stored(id)
	other := container.Object("other")
	s.restore(other, oldBody, old)
	wantUnreadable(t, st, other, objstore.KindCorrupt, encryption.ErrEnvelope)

	put(t, st, id, []byte("new"))
	newBody, _ := s.stored(id)
	s.restore(id, newBody, old)
	if info, err := st.HeadObject(ctx, id, objstore.OpenOptions{}); err == nil {
		t.Errorf("the key of an older body: %+v", info)
	}

	swapped := old
	swapped.Metadata = old.Metadata.Clone()
	swapped.Metadata[0].Value, swapped.Metadata[1].Value = old.Metadata[1].Value, old.Metadata[0].Value
	s.restore(id, oldBody, swapped)
	if info, err := st.HeadObject(ctx, id, objstore.OpenOptions{}); err == nil {
		t.Errorf("swapped envelopes: %+v", info)
	}
}
