// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// Made with Python's hmac, key "mykey".
const (
	testKey     = "mykey"
	testMessage = "GET\n1323479485\n/v1/AUTH_account/container/object"
	testSHA1    = "d9fc2067e52b06598421664cf6610bfc8fc431f6"
	testSHA256  = "05cb4ea08a08f2fdaef35d0f344975370077835c23bdc9342099ecbf03bc0378"
	testSHA512  = "cd90f5bb657464b0f1861ad13c5ad8cc67f51f4c881dce90bfc90086931ccb89a0b8d23c6cff7d4afe02d873b0035385d3025497bbd7f0ca35d61bf9936db77d"
)

func allDigests(t testing.TB) Digests {
	d, err := ParseDigests([]string{"sha512", "SHA1", "sha256"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func inBase64(t testing.TB, encoding *base64.Encoding, hexText string) string {
	mac, err := hex.DecodeString(hexText)
	if err != nil {
		t.Fatal(err)
	}
	return encoding.EncodeToString(mac)
}

func TestSpellingsOfASignature(t *testing.T) {
	all := allDigests(t)
	for name, mac := range map[string]string{"sha1": testSHA1, "sha256": testSHA256, "sha512": testSHA512} {
		texts := []string{mac}
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			texts = append(texts, name+":"+inBase64(t, e, mac))
		}
		for _, text := range texts {
			s, err := all.ParseSignature(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !s.Matches(testKey, []byte(testMessage)) || s.Hex() != mac {
				t.Errorf("%s does not match", text)
			}
			if s.Matches("mykex", []byte(testMessage)) || s.Matches(testKey, []byte(testMessage+"s")) {
				t.Errorf("%s matches too much", text)
			}
			if !s.MatchesAny([]string{"a", testKey, "b"}, []byte(testMessage)) || s.MatchesAny([]string{"a", ""}, []byte(testMessage)) {
				t.Errorf("%s among keys", text)
			}
		}
	}
}

func TestSignaturesThatAreNone(t *testing.T) {
	all := allDigests(t)
	b64 := inBase64(t, base64.StdEncoding, testSHA256)
	for _, text := range []string{
		"", ":", "sha256:", "sha256", "x", strings.ToUpper(testSHA256), testSHA256[1:], testSHA256 + "0",
		"g" + testSHA256[1:], "md5:" + b64, "SHA256:" + b64, "sha1:" + b64, "sha512:" + b64,
		"sha256:" + b64[:4] + "\n" + b64[4:], "sha256:" + b64[4:], "sha256:" + b64 + "AAAA",
		"sha256:" + b64[:42] + "h=", // bits that belong to no byte
		"sha256:" + testSHA256, "sha256:-+" + b64[2:], " " + testSHA256,
	} {
		if s, err := all.ParseSignature(text); err != ErrSignature || s.Matches(testKey, []byte(testMessage)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// An account without a key must not be open to who signs with none.
func TestEmptyKeyMatchesNothing(t *testing.T) {
	for _, d := range supported {
		mac := hmac.New(d.new, nil)
		mac.Write([]byte(testMessage))
		if (Signature{d, mac.Sum(nil)}).Matches("", []byte(testMessage)) {
			t.Errorf("%s: an empty key matches", d.name)
		}
	}
}

func TestOnlyAllowedDigestsCount(t *testing.T) {
	d := DefaultDigests()
	if !slices.Equal(d.Names(), []string{"sha256", "sha512"}) || len(d.Deprecated()) != 0 {
		t.Error(d.Names(), d.Deprecated())
	}
	for _, text := range []string{testSHA1, "sha1:" + inBase64(t, base64.StdEncoding, testSHA1)} {
		if _, err := d.ParseSignature(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	all := allDigests(t)
	if !slices.Equal(all.Names(), []string{"sha1", "sha256", "sha512"}) || !slices.Equal(all.Deprecated(), []string{"sha1"}) {
		t.Error(all.Names(), all.Deprecated())
	}
	for _, names := range [][]string{nil, {"md5"}, {"sha256", ""}} {
		if _, err := ParseDigests(names); err == nil {
			t.Errorf("%q is a list of digests", names)
		}
	}
	if _, err := (Digests{}).ParseSignature(testSHA256); err == nil {
		t.Error("the zero value allows sha256")
	}
}

func FuzzParseSignature(f *testing.F) {
	f.Add(testSHA1)
	f.Add("sha256:" + inBase64(f, base64.RawURLEncoding, testSHA256))
	f.Add("sha512:==")
	all := allDigests(f)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := all.ParseSignature(text)
		if err != nil {
			return
		}
		again, err := all.ParseSignature(s.Hex())
		if err != nil || again.Hex() != s.Hex() {
			t.Errorf("%q is %s, which is not taken: %v", text, s.Hex(), err)
		}
	})
}
