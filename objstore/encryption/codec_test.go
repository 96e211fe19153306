// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"reflect"
	"testing"

	"needletail/objstore"
)

// TestStreamCarries: the counter of a block passes 64 bits and 128 bits.
func TestStreamCarries(t *testing.T) {
	ivs := [][ivBytes]byte{{}, {15: 0xff}, {7: 3, 8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xfe}}
	var all [ivBytes]byte
	for i := range all {
		all[i] = 0xff
	}
	for _, iv := range append(ivs, all) {
		key := [keyBytes]byte{1, 2, 3}
		block, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, 200)
		cipher.NewCTR(block, iv[:]).XORKeyStream(want, want)
		for from := range want {
			stream, err := newStream(key, iv, int64(from))
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(want)-from)
			stream.XORKeyStream(got, got)
			if !bytes.Equal(got, want[from:]) {
				t.Fatalf("iv %x from %d", iv, from)
			}
		}
	}
}

func sample() secretBody {
	return secretBody{key: [keyBytes]byte{1}, iv: [ivBytes]byte{2}, etag: "e", sha512: "s",
		sysmeta: objstore.Metadata{{Name: "A", Value: "\x80"}, {Name: "B"}},
		listed:  listedEntry{"l", objstore.Metadata{{Name: "k", Value: "v"}}}}
}

func TestBodyCodec(t *testing.T) {
	want := sample()
	plain := want.append(nil)
	got, err := parseBody(plain)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range plain {
		if _, err := parseBody(plain[:n]); err == nil {
			t.Errorf("%d of %d bytes are enough", n, len(plain))
		}
	}
	if _, err := parseBody(append(plain, 0)); err == nil {
		t.Error("a byte too many")
	}
}

// TestEnvelopeIsBound: to its purpose and to what else it names.
func TestEnvelopeIsBound(t *testing.T) {
	keys, err := NewKeys(KeyOptions{Secrets: map[string][]byte{"": make([]byte, SecretMinBytes)}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := keys.objectAEAD("", objstore.ObjectID{Account: "a", Container: "c", Object: "o"})
	if err != nil {
		t.Fatal(err)
	}
	id, rest, err := secretOf(seal(a, "", purposeBody, "x", []byte("text")))
	if err != nil || id != "" {
		t.Fatalf("%q, %v", id, err)
	}
	if plain, err := unseal(a, rest, purposeBody, "x"); err != nil || string(plain) != "text" {
		t.Errorf("%q, %v", plain, err)
	}
	for _, c := range [][2]string{{purposeMeta, "x"}, {purposeBody, "y"}, {purposeBody, ""}} {
		if plain, err := unseal(a, rest, c[0], c[1]); err == nil {
			t.Errorf("opened as %q: %q", c, plain)
		}
	}
}

func FuzzParseBody(f *testing.F) {
	b := sample()
	f.Add(b.append(nil))
	f.Add(append(make([]byte, keyBytes+ivBytes), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))
	f.Fuzz(func(t *testing.T, plain []byte) {
		b, err := parseBody(plain)
		if err != nil {
			return
		}
		again, err := parseBody(b.append(nil))
		if err != nil || !reflect.DeepEqual(again, b) {
			t.Errorf("%+v, %v; first %+v", again, err, b)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	keys, err := NewKeys(KeyOptions{Secrets: map[string][]byte{"id": make([]byte, SecretMinBytes)}, Active: "id"})
	if err != nil {
		f.Fatal(err)
	}
	c := objstore.ContainerID{Account: "a", Container: "c"}
	a, err := keys.containerAEAD("id", c)
	if err != nil {
		f.Fatal(err)
	}
	entry := listedEntry{etag: "e"}
	f.Add(seal(a, "id", purposeListing, "o", entry.append(nil)))
	f.Add("")
	f.Add("\x01\xff")
	f.Fuzz(func(t *testing.T, envelope string) {
		opener := listingOpener{keys: &keys, container: c}
		if got, err := opener.open("o", envelope); err == nil && got.etag != entry.etag {
			t.Errorf("%q opens: %+v", envelope, got)
		}
	})
}
