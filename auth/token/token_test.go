// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const vectorKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

var vectorIssued = time.Unix(1672360539, 0).UTC()

func vectorPayload(kind Kind, scope string) Payload {
	return Payload{
		Kind: kind, UserID: "f7a842b4104247debd7589051c5321fc", Methods: []string{"password"},
		ScopeID: scope, Expires: vectorIssued.Add(10800 * time.Second), AuditIDs: []string{"4gRmt1QuRniUTGbTi6uKAA"},
	}
}

// The payloads and tokens were made with Python's cryptography and msgpack.
var vectors = []struct {
	p              Payload
	payload, token string
}{
	{vectorPayload(Project, "de5af600557d44d0996e667499376dbb"),
		"960292c3c410f7a842b4104247debd7589051c5321fc0292c3c410de5af600557d44d0996e667499376dbbcb41d8eb9722c0000091c410e20466b7542e4678944c66d38bab8a00",
		"gAAAAABjrjJbAAECAwQFBgcICQoLDA0OD3L7cCH77AMJmk4cN9K2Azs3ok-59liVXeifKwCsYtvzlagwHghZ_DYCFCTp4qsRbyTct7NGKr1Niz3st1u9zZOdOAVD2XpwNlJAD01Si8jw31yH0w-N-3C7wFwQaRsKVPN3RAwhv92dLWxQI38OnEU"},
	{vectorPayload(System, ""),
		"960892c3c410f7a842b4104247debd7589051c5321fc02a3616c6ccb41d8eb9722c0000091c410e20466b7542e4678944c66d38bab8a00",
		"gAAAAABjrjJbAAECAwQFBgcICQoLDA0ODwV20ijLVuQdKbmNxgVzPlb4pjEsK1cCdxtrEfC1g01tjdhMYSjODndXta4su4PM9M6kFDly6OHmkPgMUnBzsGEII9I_Uujy6qy064-lcwieZC3Uw7_l7jDMvEGClXXwnA"},
	{vectorPayload(Unscoped, ""),
		"950092c3c410f7a842b4104247debd7589051c5321fc02cb41d8eb9722c0000091c410e20466b7542e4678944c66d38bab8a00", ""},
}

func TestVectors(t *testing.T) {
	key, err := ParseKey(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	var iv [aes.BlockSize]byte
	for i := range iv {
		iv[i] = byte(i)
	}
	for _, v := range vectors {
		payload, err := encodePayload(v.p)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(payload); got != v.payload {
			t.Errorf("kind %d: payload\n got %s\nwant %s", v.p.Kind, got, v.payload)
		}
		text := key.seal(payload, vectorIssued, iv)
		if v.token != "" && text != v.token {
			t.Errorf("kind %d: token\n got %s\nwant %s", v.p.Kind, text, v.token)
		}
		raw, err := decodeEnvelope(text)
		if err != nil {
			t.Fatal(err)
		}
		opened, ok := key.open(raw)
		if !ok {
			t.Fatal("our own token does not open")
		}
		back, err := decodePayload(opened)
		if err != nil || !reflect.DeepEqual(back, v.p) {
			t.Errorf("decoded %+v, %v", back, err)
		}
	}
}

func openRepository(t *testing.T) *Repository {
	t.Helper()
	r, err := OpenRepository(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIssueParse(t *testing.T) {
	r := openRepository(t)
	payloads := []Payload{
		vectorPayload(Domain, "default"),
		vectorPayload(Domain, "de5af600557d44d0996e667499376dbb"),
		vectorPayload(Project, "not-a-uuid"),
		vectorPayload(Project, "DE5AF600557D44D0996E667499376DBB"),
		vectorPayload(Project, strings.Repeat("p", 64)),
		{Kind: AppCred, UserID: "u", Methods: []string{"application_credential"}, ScopeID: "7c4cda7e4807414bbdfcb22b535a9802",
			Delegation: "de5af600557d44d0996e667499376dbb", Expires: vectorIssued, AuditIDs: []string{"4gRmt1QuRniUTGbTi6uKAA"}},
		{Kind: Trust, UserID: "u", Methods: []string{MethodEC2}, ScopeID: "p",
			Delegation: "de5af600557d44d0996e667499376dbb", Expires: vectorIssued, AuditIDs: []string{"4gRmt1QuRniUTGbTi6uKAA"}},
		{Kind: Unscoped, UserID: "u", Methods: []string{"password", "token"}, Expires: vectorIssued,
			AuditIDs: []string{"4gRmt1QuRniUTGbTi6uKAA", "i56OJuoaSM6IU63ack_gbw"}},
	}
	for _, p := range payloads {
		text, err := r.Issue(p, vectorIssued)
		if err != nil {
			t.Fatal(err)
		}
		back, issued, err := r.Parse(text)
		if err != nil || !issued.Equal(vectorIssued) || !reflect.DeepEqual(back, p) {
			t.Errorf("got %+v issued %v, %v; want %+v", back, issued, err, p)
		}
		for i := 0; i < len(text); i += 7 {
			broken := []byte(text)
			broken[i] ^= 1
			if _, _, err := r.Parse(string(broken)); err == nil {
				t.Errorf("a token with byte %d changed is valid", i)
			}
		}
	}
	if _, err := r.Issue(Payload{Kind: 4}, vectorIssued); err == nil {
		t.Error("a kind that we cannot issue was issued")
	}
	if _, err := r.Issue(Payload{Kind: Trust, Delegation: "x"}, vectorIssued); err == nil {
		t.Error("a trust without a UUID was issued")
	}
	sealed := r.Seal([]byte("secret"))
	if back, err := r.Open(sealed); err != nil || string(back) != "secret" {
		t.Errorf("opened %q, %v", back, err)
	}
	if _, err := r.Open(sealed[:len(sealed)-4] + "AAAA"); err == nil {
		t.Error("a changed text was opened")
	}
}

// TestOneSpelling: the last character of these tokens has bits that mean nothing,
// and base64 decoders skip line ends.
func TestOneSpelling(t *testing.T) {
	for _, v := range vectors {
		if v.token == "" {
			continue
		}
		if _, err := decodeEnvelope(v.token + "="); err != nil {
			t.Errorf("padded: %v", err)
		}
		last := len(v.token) - 1
		for _, text := range []string{v.token[:20] + "\n" + v.token[20:], v.token + "\r\n"} {
			if _, err := decodeEnvelope(text); err == nil {
				t.Errorf("%q is taken", text)
			}
		}
		spellings := 0
		want, err := decodeEnvelope(v.token)
		if err != nil {
			t.Fatal(err)
		}
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for _, c := range alphabet {
			if raw, err := decodeEnvelope(v.token[:last] + string(c)); err == nil && bytes.Equal(raw, want) {
				spellings++
			}
		}
		if spellings != 1 {
			t.Errorf("%d last characters give the same token", spellings)
		}
	}
}

func TestRepositoryLayoutAndRotation(t *testing.T) {
	r := openRepository(t)
	names := func() string {
		entries, err := os.ReadDir(r.dir)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", e.Name(), info.Mode())
			}
			all = append(all, e.Name())
		}
		return strings.Join(all, " ")
	}
	if info, _ := os.Stat(r.dir); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v", info.Mode())
	}
	staged, _ := os.ReadFile(filepath.Join(r.dir, "0"))
	old, err := r.Issue(vectorPayload(System, ""), vectorIssued)
	if err != nil {
		t.Fatal(err)
	}
	// max_active_keys 3: the first key opens until the second rotation.
	for i, want := range []string{"0 1 2", "0 2 3", "0 3 4"} {
		if err := r.Rotate(DefaultMaxActiveKeys); err != nil {
			t.Fatal(err)
		}
		if got := names(); got != want {
			t.Errorf("rotation %d leaves %q, want %q", i, got, want)
		}
		_, _, err := r.Parse(old)
		if alive := i == 0; (err == nil) != alive {
			t.Errorf("rotation %d: old token: %v", i, err)
		}
		if i == 0 {
			if promoted, _ := os.ReadFile(filepath.Join(r.dir, "2")); string(promoted) != string(staged) {
				t.Error("the staged key did not become primary")
			}
		}
	}
}

func TestReloadSeesAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openRepository(t)
		b, err := OpenRepository(a.dir)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // twice: the second primary was never seen by b as staged
			if err := b.Rotate(DefaultMaxActiveKeys); err != nil {
				t.Fatal(err)
			}
		}
		text, err := b.Issue(vectorPayload(System, ""), vectorIssued)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Parse(text); err == nil {
			t.Error("an unseen key opened a token")
		}
		time.Sleep(2 * recheckEvery)
		if _, _, err := a.Parse(text); err != nil {
			t.Errorf("after the recheck: %v", err)
		}
	})
}

func TestBadKeys(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("A", 60), strings.Repeat("*", 43)} {
		if _, err := ParseKey(text); err == nil {
			t.Errorf("%q is a key", text)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "0"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRepository(dir); err == nil {
		t.Error("a garbled key was accepted")
	}
}

func FuzzDecodePayload(f *testing.F) {
	for _, v := range vectors {
		raw, _ := hex.DecodeString(v.payload)
		f.Add(raw)
	}
	f.Add([]byte{0x96, 0x03})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePayload(b)
		if err != nil {
			return
		}
		again, err := encodePayload(p)
		if err != nil {
			t.Fatalf("%+v cannot be encoded: %v", p, err)
		}
		if back, err := decodePayload(again); err != nil || !reflect.DeepEqual(back, p) {
			t.Fatalf("%+v became %+v, %v", p, back, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	r, err := OpenRepository(filepath.Join(f.TempDir(), "keys"))
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range vectors {
		f.Add(v.token)
	}
	f.Add("gAAAA=")
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, err := r.Parse(text); err == nil {
			t.Fatalf("%q is valid", text)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	r, err := OpenRepository(filepath.Join(b.TempDir(), "keys"))
	if err != nil {
		b.Fatal(err)
	}
	text, err := r.Issue(vectorPayload(Project, "de5af600557d44d0996e667499376dbb"), vectorIssued)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := r.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
