// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// vector is an object and what Swift's filters made of the object. Header values
// are Latin-1, as in WSGI.
type vector struct {
	Account, Container, Object string
	Secrets                    map[string]string // base64
	Active, Version            string
	// Meta is the user metadata by the last part of their names. Listed is the ETag
	// that the layers above want in the listing, or "".
	Meta   map[string]string
	Listed string
	Body   string // base64
	Stored storedForm
}

// storedForm is what the servers get: head, footer and ciphertext.
type storedForm struct {
	Headers, Footers map[string]string
	Body             string // base64
}

func (v *vector) id() objstore.ObjectID {
	return objstore.ObjectID{Account: objstore.AccountName(v.Account), Container: objstore.ContainerName(v.Container),
		Object: objstore.ObjectName(v.Object)}
}

func (v *vector) keys(t testing.TB) *Keys {
	t.Helper()
	o := KeyOptions{Secrets: map[string][]byte{}, Active: v.Active, Version: v.Version}
	for id, text := range v.Secrets {
		secret, err := ParseSecret(text)
		require.NoError(t, err)
		o.Secrets[id] = secret
	}
	k, err := NewKeys(o)
	require.NoError(t, err)
	return k
}

func (v *vector) body(t testing.TB) []byte { return fromBase64(t, v.Body) }

func fromBase64(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

// bytesOfLatin1 turns a value of WSGI into bytes.
func bytesOfLatin1(t testing.TB, s string) string {
	t.Helper()
	b := make([]byte, 0, len(s))
	for _, r := range s {
		require.LessOrEqual(t, r, rune(0xff))
		b = append(b, byte(r))
	}
	return string(b)
}

// head is the head of the stored object, as object servers tell the head.
func (s *storedForm) head(t testing.TB) (m objstore.Metadata) {
	t.Helper()
	for _, part := range []map[string]string{s.Headers, s.Footers} {
		for name, value := range part {
			m.Set(name, bytesOfLatin1(t, value))
		}
	}
	if m.Get(etagName) == "" {
		sum := md5.Sum(fromBase64(t, s.Body))
		m.Set(etagName, hex.EncodeToString(sum[:]))
	}
	return m
}

// check opens the stored object and compares everything.
func (v *vector) check(t testing.TB) {
	t.Helper()
	head := v.Stored.head(t)
	opened, err := v.keys(t).Open(v.id(), head)
	require.NoError(t, err)
	plain := v.body(t)
	sum := md5.Sum(plain)
	want := objstore.Metadata{}
	want.Set(etagName, hex.EncodeToString(sum[:]))
	for name, value := range v.Meta {
		want.Set(userMeta+name, bytesOfLatin1(t, value))
	}
	if v.Listed != "" && v.Listed != want.Get(etagName) {
		want.Set(ListedETag, v.Listed)
	}
	got := slices.DeleteFunc(opened.Metadata.Clone(), func(f objstore.Field) bool {
		return f.Name == ListedETag && f.Value == want.Get(etagName) // an empty body is stored in clear
	})
	require.Equal(t, want, got)

	require.NoError(t, v.bodyErr(opened, len(plain)))
	stored := fromBase64(t, v.Stored.Body)
	require.Len(t, stored, len(plain))
	for _, offset := range []int{0, 1, 15, 16, 17, len(plain) / 2, len(plain)} {
		if offset > len(plain) || opened.Body == nil {
			continue
		}
		part := slices.Clone(stored[offset:])
		opened.Body.At(int64(offset)).XORKeyStream(part, part)
		require.Equal(t, string(plain[offset:]), string(part), "from %d", offset)
	}

	if row := head.Get(ListedETag); row != "" {
		listed, err := v.keys(t).Listing(v.id().ContainerID()).ETag(row)
		require.NoError(t, err)
		if v.Listed == "" {
			require.Equal(t, want.Get(etagName), listed)
		} else {
			require.Equal(t, v.Listed, listed)
		}
	}
}

// bodyErr reports a body that is encrypted against the rules.
func (v *vector) bodyErr(o *Opened, size int) error {
	if o.BodyErr != nil {
		return o.BodyErr
	}
	if (size > 0) != (o.Body != nil) {
		return errMetaBodyKey
	}
	return nil
}

// seal makes the stored form with our own code.
func (v *vector) seal(t testing.TB) {
	t.Helper()
	s := v.keys(t).Sealer(v.id())
	var m, footer objstore.Metadata
	for name, value := range v.Meta {
		m.Set(userMeta+name, bytesOfLatin1(t, value))
	}
	if v.Listed != "" {
		footer.Set(ListedETag, v.Listed)
	}
	body := v.body(t)
	var b *Body
	if len(body) > 0 {
		b = s.Body()
		b.Seal(body[:len(body)/3])
		b.Seal(body[len(body)/3:])
	}
	v.Stored = storedForm{Headers: toWSGI(s.Metadata(m)), Footers: toWSGI(s.Footer(b, footer)), Body: base64Of(body)}
}

func toWSGI(m objstore.Metadata) map[string]string {
	all := map[string]string{}
	for _, f := range m {
		all[f.Name] = latin1OfUTF8(f.Value)
	}
	return all
}

// vectorsFile has objects that Swift's own filters sealed; `make cluster-interop`
// compares with fresh ones, and writes the file anew with NEEDLETAIL_WRITE_VECTORS.
const vectorsFile = "testdata/swift_vectors.json"

func readVectors(t testing.TB) (all []vector) {
	t.Helper()
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	require.NotEmpty(t, all)
	return all
}

func TestVectorsOfSwift(t *testing.T) {
	for _, v := range readVectors(t) {
		v.check(t)
		v.seal(t)
		v.check(t)
	}
}

// Texts are those of Swift, letter for letter.
func TestMetaTextsOfSwift(t *testing.T) {
	for _, v := range readVectors(t) {
		for _, f := range v.Stored.head(t) {
			text := f.Value
			if sealed, inner, ok := splitSealed(text); ok {
				require.NotContains(t, sealed, ";")
				text = inner
			} else if f.Name != bodyMetaName && f.Name != userMetaName {
				continue
			}
			m, err := parseMeta(text)
			require.NoError(t, err)
			id, err := parseKeyID(m.keyID)
			require.NoError(t, err)
			require.Equal(t, text, m.text(id))
			if id != nil {
				require.Equal(t, v.keys(t).newKeyID(v.id()), *id)
			}
		}
	}
}

// No sealed form shows what it hides.
func TestNothingShows(t *testing.T) {
	for _, v := range readVectors(t) {
		v.seal(t)
		sum := md5.Sum(v.body(t))
		for name, value := range v.Stored.Footers {
			if len(v.body(t)) > 0 {
				require.NotContains(t, value, hex.EncodeToString(sum[:]), name)
			}
		}
		for name, value := range v.Stored.Headers {
			require.False(t, strings.HasPrefix(name, userMeta) && value != "", name)
		}
	}
}
