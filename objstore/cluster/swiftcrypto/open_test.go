// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

const testSecret = "0123456789abcdef0123456789ABCDEF"

var testID = objstore.ObjectID{Account: "AUTH_a", Container: "c", Object: "o"}

func testKeys(t testing.TB, o KeyOptions) *Keys {
	t.Helper()
	if o.Secrets == nil {
		o.Secrets = map[string][]byte{"": []byte(testSecret), "2": []byte(testSecret + "2")}
	}
	k, err := NewKeys(o)
	require.NoError(t, err)
	return k
}

// sealedHead is a head with everything that is sealed.
func sealedHead(t testing.TB, k *Keys) objstore.Metadata {
	t.Helper()
	s := k.Sealer(testID)
	b := s.Body()
	b.Seal([]byte("body"))
	var m objstore.Metadata
	m.Set("X-Object-Meta-Color", "blue")
	m.Set(ListedETag, "abc; slo_etag=e")
	return s.Footer(b, s.Metadata(m))
}

func TestNewKeys(t *testing.T) {
	k, err := NewKeys(KeyOptions{})
	require.NoError(t, err)
	require.Nil(t, k)
	require.False(t, k.Writes())
	require.Equal(t, "no root secrets", k.String())
	require.Nil(t, k.Listing(testID.ContainerID()))

	good := map[string][]byte{"": make([]byte, secretMinBytes)}
	for _, c := range []struct {
		o    KeyOptions
		want error
	}{
		{KeyOptions{Secrets: good}, nil},
		{KeyOptions{Secrets: good, Version: "3"}, nil},
		{KeyOptions{Secrets: good, Version: "4"}, errVersion},
		{KeyOptions{Secrets: good, Active: "x"}, errNoActive},
		{KeyOptions{Active: "x"}, errNoActive},
		{KeyOptions{Secrets: map[string][]byte{"": make([]byte, secretMinBytes-1)}}, errSecretShort},
	} {
		_, err := NewKeys(c.o)
		require.ErrorIs(t, err, c.want)
	}
	require.Nil(t, testKeys(t, KeyOptions{Disable: true}).Sealer(testID))
}

func TestParseSecret(t *testing.T) {
	text := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for in, want := range map[string]error{
		text(secretMinBytes):                         nil,
		text(secretMinBytes - 1):                     errSecretBase64,
		" " + text(48)[:20] + "\r\n" + text(48)[20:]: nil,
		text(48)[:20] + " " + text(48)[20:]:          errSecretBase64,
		text(48) + "!":                               errSecretBase64,
		text(48)[:62]:                                errSecretBase64,
		strings.Repeat("A", secretTextMax):           nil,
		strings.Repeat("A", secretTextMax) + "AAAA":  errSecretLong,
		strings.ReplaceAll(text(48), "A", "-"):       errSecretBase64,
	} {
		_, err := ParseSecret(in)
		require.ErrorIs(t, err, want, in[:10])
	}
}

// The texts of Go show no secret.
func TestSecretsDoNotShow(t *testing.T) {
	k := testKeys(t, KeyOptions{})
	opened, err := k.Open(testID, sealedHead(t, k))
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{k, opened.Body} {
			text := fmt.Sprintf(format, v)
			require.NotContains(t, text, testSecret[:8])
			require.NotContains(t, text, fmt.Sprint([]byte(testSecret[:4]))[1:10])
			require.Less(t, len(text), 60)
		}
	}
}

// The counter of a stream wraps at 2^128 and carries at 2^64.
func TestStreamAt(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	block, err := aes.NewCipher([]byte(testSecret))
	require.NoError(t, err)
	for _, iv := range [][]byte{make([]byte, 16), bytes.Repeat([]byte{0xff}, 16),
		append(make([]byte, 8), bytes.Repeat([]byte{0xff}, 8)...)} {
		for range 50 {
			offset := r.Int64N(1000)
			if r.IntN(4) == 0 {
				offset = r.Int64()
			}
			got := make([]byte, 40)
			streamAt(block, iv, offset).XORKeyStream(got, got)

			n := new(big.Int).SetBytes(iv)
			n.Add(n, big.NewInt(offset/16))
			n.And(n, new(big.Int).SetBytes(bytes.Repeat([]byte{0xff}, 16)))
			want := make([]byte, 40+16)
			cipher.NewCTR(block, n.FillBytes(make([]byte, 16))).XORKeyStream(want, want)
			require.Equal(t, want[offset%16:][:40], got, "offset %d", offset)
		}
	}
}

func TestPlace(t *testing.T) {
	id := func(a, c, o string) objstore.ObjectID {
		return objstore.ObjectID{Account: objstore.AccountName(a), Container: objstore.ContainerName(c), Object: objstore.ObjectName(o)}
	}
	for _, c := range []struct {
		why           string
		version, path string
		request, want objstore.ObjectID
		err           error
	}{
		{"the request's own", "2", "/a/c/o/p", id("a", "c", "o/p"), id("a", "c", "o/p"), nil},
		{"a slash begins the name", "2", "/a/c//o", id("a", "c", "/o"), id("a", "c", "/o"), nil},
		{"version 1 of such a name", "1", "/o", id("a", "c", "/o"), id("a", "c", "/o"), nil},
		{"version 1 of such a name that is not ASCII", "1", "/\u00c3\u00bc", id("a", "c", "/ü"), id("a", "c", "/ü"), nil},
		{"version 1 of another name", "1", "/a/c/o", id("a", "c", "o"), id("a", "c", "o"), nil},
		{"version 1 of an account that is not ASCII", "1", "/\u00c3\u00bc/c/o", id("ü", "c", "o"), id("ü", "c", "o"), nil},
		{"UTF-8 as Latin-1", "2", "/a/\u00c3\u00bc/o", id("a", "ü", "o"), id("a", "ü", "o"), nil},
		{"UTF-8 as UTF-8, as Python 2 wrote", "2", "/a/ü/o", id("a", "ü", "o"), id("a", "ü", "o"), nil},
		{"version 3 takes the path for the path", "3", "/a/\u00c3\u00bc/o", id("a", "ü", "o"), id("a", "\u00c3\u00bc", "o"), nil},
		{"an object that was moved", "2", "/x/y/z", id("a", "c", "o"), id("x", "y", "z"), nil},
		{"a listing", "2", "/a/c/o", id("a", "c", ""), id("a", "c", "o"), nil},
		{"a listing of names that are not ASCII", "2", "/a/\u00c3\u00bc/\u00c3\u00bc", id("a", "ü", ""), id("a", "ü", "ü"), nil},
		{"no version", "", "/a/c/o", id("a", "c", "o"), id("", "", ""), errKeyIDVersion},
		{"a version to come", "4", "/a/c/o", id("a", "c", "o"), id("", "", ""), errKeyIDVersion},
		{"no container", "2", "/a", id("a", "c", "o"), id("", "", ""), errKeyIDPath},
		{"no object", "2", "/a/c", id("a", "c", "o"), id("", "", ""), errKeyIDPath},
		{"no account", "2", "//c/o", id("a", "c", "o"), id("", "", ""), errKeyIDPath},
		{"no slash", "3", "a/c/o", id("a", "c", "o"), id("", "", ""), errKeyIDPath},
	} {
		got, err := (&keyID{version: c.version, path: c.path}).place(c.request)
		require.ErrorIs(t, err, c.err, c.why)
		if c.err == nil {
			require.Equal(t, c.want, got, c.why)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	k := testKeys(t, KeyOptions{})
	with := func(name, value string) func(*objstore.Metadata) {
		return func(m *objstore.Metadata) { m.Set(name, value) }
	}
	quoted := func(text string) string { return url.QueryEscape(text) }
	iv := `"iv": "AAAAAAAAAAAAAAAAAAAAAA=="`
	aesIV := `{"cipher": "AES_CTR_256", ` + iv
	for _, c := range []struct {
		why    string
		change func(*objstore.Metadata)
		text   string
		err    error
	}{
		{"no crypto-meta", with(bodyMetaName, "x"), textObject, errMetaText},
		{"a list", with(bodyMetaName, quoted("[]")), textObject, errMetaText},
		{"null", with(bodyMetaName, "null"), textObject, errMetaText},
		{"another cipher", with(bodyMetaName, quoted(`{"cipher": "ROT13", `+iv+"}")), textObject, errMetaCipher},
		{"no IV", with(bodyMetaName, quoted(`{"cipher": "AES_CTR_256"}`)), textObject, errMetaIV},
		{"a short IV", with(bodyMetaName, quoted(`{"cipher": "AES_CTR_256", "iv": "AAAA"}`)), textObject, errMetaIV},
		{"an IV that is no text", with(bodyMetaName, quoted(`{"cipher": "AES_CTR_256", "iv": null}`)), textObject, errMetaText},
		{"an unknown secret", with(bodyMetaName, quoted(aesIV+`, "key_id": {"v": "2", "path": "/AUTH_a/c/o", "secret_id": "gone"}}`)), textObject, ErrUnknownSecret},
		{"an unknown version", with(bodyMetaName, quoted(aesIV+`, "key_id": {"v": "9", "path": "/AUTH_a/c/o"}}`)), textKeys, errKeyIDVersion},
		{"a key id that is no object", with(bodyMetaName, quoted(aesIV+`, "key_id": "x"}`)), textKeys, errKeyIDForm},
		{"a path that is no text", with(bodyMetaName, quoted(aesIV+`, "key_id": {"v": "2", "path": 7}}`)), textKeys, errKeyIDForm},
		{"metadata without their crypto-meta", with(sealedUserMeta+"Color", "AAAA"), textHeader, errNoMeta},
		{"metadata that are no base64", with(sealedUserMeta+"Color", "?; swift_meta="+quoted(aesIV+"}")), textHeader, errSealed},
		{"metadata under an unknown secret", with(userMetaName, quoted(`{"key_id": {"v": "2", "path": "/AUTH_a/c/o", "secret_id": "gone"}}`)), textObject, ErrUnknownSecret},
		{"metadata of a damaged crypto-meta", with(userMetaName, "{"), textObject, errMetaText},
		{"an ETag without its crypto-meta", with(sealedETag, "AAAA"), textHeader, errNoMeta},
		{"a listed ETag of another cipher", with(ListedETag, "AAAA; swift_meta="+quoted(`{"cipher": "x"}`)), textHeader, errMetaCipher},
	} {
		head := sealedHead(t, k)
		c.change(&head)
		_, err := k.Open(testID, head)
		var e *Error
		require.ErrorAs(t, err, &e, c.why)
		require.Equal(t, c.text, e.Text, c.why)
		require.ErrorIs(t, err, c.err, c.why)
	}
}

// A HEAD of an object without a body key is answered.
func TestOpenWithoutBodyKey(t *testing.T) {
	k := testKeys(t, KeyOptions{})
	for _, key := range []string{"", `"body_key": {}, `, `"body_key": {"iv": "AAAAAAAAAAAAAAAAAAAAAA==", "key": "AAAA"}, `} {
		head := sealedHead(t, k)
		head.Set(bodyMetaName, url.QueryEscape(`{`+key+`"cipher": "AES_CTR_256", "iv": "AAAAAAAAAAAAAAAAAAAAAA=="}`))
		opened, err := k.Open(testID, head)
		require.NoError(t, err)
		require.Nil(t, opened.Body)
		var e *Error
		require.ErrorAs(t, opened.BodyErr, &e)
		require.Equal(t, textObject, e.Text)
		require.ErrorIs(t, e, errMetaBodyKey)
	}
}

// A listed ETag under a secret that is gone is no reason to refuse a link, whose
// body is in clear.
func TestListedETagOfAnUnknownSecret(t *testing.T) {
	old := testKeys(t, KeyOptions{Active: "2"}).Sealer(testID)
	head := old.Footer(nil, objstore.Metadata{{Name: ListedETag, Value: "abc; symlink_target=c/o"}})
	k := testKeys(t, KeyOptions{Secrets: map[string][]byte{"": []byte(testSecret)}})
	require.True(t, Sealed(head))
	opened, err := k.Open(testID, head)
	require.NoError(t, err)
	require.Empty(t, opened.Metadata)

	opened, err = testKeys(t, KeyOptions{}).Open(testID, head)
	require.NoError(t, err)
	require.Equal(t, "abc; symlink_target=c/o", opened.Metadata.Get(ListedETag), "the row's own key id counts")
}

// Objects in clear stay as they are, and so does what a POST in clear left.
func TestOpenClear(t *testing.T) {
	k := testKeys(t, KeyOptions{})
	head := objstore.Metadata{{Name: etagName, Value: "e"}, {Name: userMeta + "A", Value: "1"}, {Name: ListedETag, Value: "l; slo_etag=x"}}
	require.False(t, Sealed(head))
	opened, err := k.Open(testID, head)
	require.NoError(t, err)
	require.Equal(t, head, opened.Metadata)
	require.Nil(t, opened.Body)

	head = sealedHead(t, k)
	head.Del(sealedUserMeta + "Color")
	head.Del(userMetaName)
	head.Set(userMeta+"Color", "red")
	opened, err = k.Open(testID, head)
	require.NoError(t, err)
	require.Equal(t, "red", opened.Metadata.Get(userMeta+"Color"))
}

func TestValue(t *testing.T) {
	k := testKeys(t, KeyOptions{})
	opened, err := k.Open(testID, sealedHead(t, k))
	require.NoError(t, err)
	sealed := k.Sealer(testID).Value("secret")
	require.NotContains(t, sealed, "secret")
	got, err := opened.Value("n", sealed)
	require.NoError(t, err)
	require.Equal(t, "secret", got)
	got, err = opened.Value("n", "clear; a=b")
	require.NoError(t, err)
	require.Equal(t, "clear; a=b", got)
	_, err = opened.Value("n", "AAAA; swift_meta=x")
	require.Error(t, err)
}

func TestListing(t *testing.T) {
	k := testKeys(t, KeyOptions{})
	l := k.Listing(testID.ContainerID())
	for in, want := range map[string]string{"abc": "abc", "abc; slo_etag=e": "abc; slo_etag=e", "": ""} {
		got, err := l.ETag(in)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	other := testKeys(t, KeyOptions{Secrets: map[string][]byte{"": []byte(testSecret), "gone": []byte(testSecret)}, Active: "gone"})
	row := func(k *Keys, o objstore.ObjectID) string {
		return k.Sealer(o).Footer(nil, objstore.Metadata{{Name: ListedETag, Value: "xyz"}}).Get(ListedETag)
	}
	for in, want := range map[string]error{
		row(other, testID):              ErrUnknownSecret,
		"AAAA; swift_meta=x":            errMetaText,
		"?; swift_meta=" + metaOf(t, k): errSealed,
	} {
		got, err := l.ETag(in)
		require.Equal(t, UnknownETag, got)
		require.ErrorIs(t, err, want)
	}
	wrong := testKeys(t, KeyOptions{Secrets: map[string][]byte{"": []byte(testSecret + "x")}})
	var failed int
	for range 20 { // bytes of a wrong key may be UTF-8
		if got, err := l.ETag(row(wrong, testID)); err != nil {
			require.Equal(t, UnknownETag, got)
			require.ErrorIs(t, err, errNotUTF8)
			failed++
		} else {
			require.NotEqual(t, "xyz", got)
		}
	}
	require.Positive(t, failed)

	// The keys that are kept are bounded.
	for i := range knownMax + 1 {
		o := testID
		o.Container = objstore.ContainerName(fmt.Sprint(i))
		got, err := l.ETag(row(k, o))
		require.NoError(t, err)
		require.Equal(t, "xyz", got)
	}
	require.Len(t, l.known, knownMax)
}

func metaOf(t *testing.T, k *Keys) string {
	_, text, ok := splitSealed(k.Sealer(testID).Value("v"))
	require.True(t, ok)
	return text
}

func TestMetaTextMax(t *testing.T) {
	text := func(n int) string {
		return "{}" + strings.Repeat("+", n-2)
	}
	_, err := parseMeta(text(metaTextMax))
	require.NoError(t, err)
	_, err = parseMeta(text(metaTextMax + 1))
	require.ErrorIs(t, err, errMetaLong)
}

func TestSplitSealed(t *testing.T) {
	for in, want := range map[string][2]string{
		"a; swift_meta=b":               {"a", "b"},
		"a;swift_meta=b":                {"a", "b"},
		"a; Swift_Meta = \"b\" ":        {"a", "b"},
		"a; x=y; swift_meta=b; z=1":     {"a", "b"},
		"a; swift_meta=b; swift_meta=c": {"a", "c"},
		"\"x;y\"; swift_meta=b":         {"\"x;y\"", "b"},
		"a; x=\"; swift_meta=b":         {},
		"a; xswift_meta=b":              {},
		"swift_meta=b":                  {},
		"a; swift_meta":                 {},
		"abc":                           {},
	} {
		sealed, text, ok := splitSealed(in)
		if want == ([2]string{}) {
			require.False(t, ok, in)
			require.Equal(t, in, sealed)
			continue
		}
		require.True(t, ok, in)
		require.Equal(t, want, [2]string{sealed, text}, in)
	}
}

func FuzzMeta(f *testing.F) {
	k := testKeys(f, KeyOptions{})
	for _, field := range sealedHead(f, k) {
		f.Add(field.Value)
		if _, text, ok := splitSealed(field.Value); ok {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMeta(text)
		if err != nil {
			return
		}
		id, err := parseKeyID(m.keyID)
		if err != nil || m.check() != nil {
			return
		}
		if id != nil {
			_, _ = id.place(testID)
			_, _ = id.place(objstore.ObjectID{Account: "AUTH_a", Container: "c"})
		}
		if id == nil || id.version == version1 || id.version == version2 || id.version == version3 {
			again, err := parseMeta(m.text(id))
			require.NoError(t, err)
			require.Equal(t, m.iv, again.iv)
			require.Equal(t, m.bodyKey == nil, again.bodyKey == nil)
			twice, err := parseKeyID(again.keyID)
			require.NoError(t, err)
			require.Equal(t, id, twice)
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := testKeys(f, KeyOptions{})
	for _, field := range sealedHead(f, k) {
		f.Add(field.Name, field.Value)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		head := sealedHead(t, k)
		head.Set(name, value)
		opened, err := k.Open(testID, head)
		var e *Error
		if err != nil {
			require.True(t, errors.As(err, &e))
			require.NotEmpty(t, e.Text)
			return
		}
		for _, field := range opened.Metadata {
			require.False(t, IsCrypto(field.Name))
		}
		if opened.Body != nil {
			opened.Body.At(7).XORKeyStream(make([]byte, 3), make([]byte, 3))
		}
		_, _ = k.Listing(testID.ContainerID()).ETag(value)
	})
}

func FuzzParseSecret(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString([]byte(testSecret)))
	f.Fuzz(func(t *testing.T, text string) {
		if secret, err := ParseSecret(text); err == nil {
			require.GreaterOrEqual(t, len(secret), secretMinBytes)
		}
	})
}
