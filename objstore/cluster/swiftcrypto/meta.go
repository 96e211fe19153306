// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
)

const (
	// cipherName is the only cipher.
	cipherName = "AES_CTR_256"
	// metaParam is the parameter of a sealed value with the crypto-meta.
	metaParam = "swift_meta"
	// metaTextMax bounds the text of a crypto-meta: a path of the longest names
	// that a cluster may allow, each byte escaped as "%5Cu00XX", and the rest.
	metaTextMax = 64 << 10
)

var (
	errMetaText    = errors.New("a crypto-meta is not quoted JSON of an object")
	errMetaLong    = fmt.Errorf("a crypto-meta is longer than %d bytes", metaTextMax)
	errMetaCipher  = errors.New("a crypto-meta has another cipher than " + cipherName)
	errMetaIV      = fmt.Errorf("a crypto-meta has no IV of %d bytes", ivBytes)
	errMetaBodyKey = fmt.Errorf("a crypto-meta has no wrapped key of %d bytes with an IV", keyBytes)
	errNoMeta      = errors.New("a value has no crypto-meta")
	errSealed      = errors.New("a sealed value is not base64")
)

// meta is a crypto-meta. A nil field is absent.
type meta struct {
	cipher  string
	iv      []byte
	bodyKey *wrappedKey
	keyID   json.RawMessage
}

// wrappedKey is a body key under an object key.
type wrappedKey struct{ iv, key []byte }

// parseMeta reads a crypto-meta
// (swift/common/middleware/crypto/crypto_utils.py: load_crypto_meta).
func parseMeta(text string) (m meta, err error) {
	if len(text) > metaTextMax {
		return m, errMetaLong
	}
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return m, errMetaText
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(plain), &fields) != nil || fields == nil {
		return m, errMetaText
	}
	m.keyID = fields["key_id"]
	if raw, ok := fields["cipher"]; ok && json.Unmarshal(raw, &m.cipher) != nil {
		return m, errMetaText
	}
	if m.iv, err = bytesOf(fields, "iv"); err != nil {
		return m, err
	}
	raw, ok := fields["body_key"]
	if !ok {
		return m, nil
	}
	var wrapped map[string]json.RawMessage
	if json.Unmarshal(raw, &wrapped) != nil {
		return m, errMetaText
	}
	m.bodyKey = &wrappedKey{}
	if m.bodyKey.iv, err = bytesOf(wrapped, "iv"); err == nil {
		m.bodyKey.key, err = bytesOf(wrapped, "key")
	}
	return m, err
}

// bytesOf reads base64 of a field; nil if the field is absent.
func bytesOf(fields map[string]json.RawMessage, name string) ([]byte, error) {
	raw, ok := fields[name]
	if !ok {
		return nil, nil
	}
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil {
		return nil, errMetaText
	}
	b, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		return nil, errMetaText
	}
	return b, nil
}

// check refuses a crypto-meta of another cipher
// (swift/common/middleware/crypto/crypto_utils.py: check_crypto_meta).
func (m *meta) check() error {
	switch {
	case m.cipher != cipherName:
		return errMetaCipher
	case len(m.iv) != ivBytes:
		return errMetaIV
	}
	return nil
}

// text is the crypto-meta in the form of dump_crypto_meta: sorted names, and
// spaces as Python's json has them.
func (m *meta) text(id *keyID) string {
	var parts []string
	add := func(name, value string) { parts = append(parts, `"`+name+`": `+value) }
	if m.bodyKey != nil {
		add("body_key", fmt.Sprintf(`{"iv": "%s", "key": "%s"}`, base64Of(m.bodyKey.iv), base64Of(m.bodyKey.key)))
	}
	add("cipher", `"`+cipherName+`"`)
	if m.iv != nil {
		add("iv", `"`+base64Of(m.iv)+`"`)
	}
	if id != nil {
		secret := ""
		if id.secret != "" {
			secret = `"secret_id": ` + jsonText(id.secret) + ", "
		}
		add("key_id", `{"path": `+jsonText(id.path)+", "+secret+`"v": "`+id.version+`"}`)
	}
	return url.QueryEscape("{" + strings.Join(parts, ", ") + "}")
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// jsonText is a string as Python's json writes a string: in ASCII.
func jsonText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\b':
			b.WriteString(`\b`)
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// splitSealed splits "BASE64; swift_meta=META". False: the value is in clear. The
// last parameter of the name counts, with or without quotes
// (swift/common/middleware/crypto/crypto_utils.py: extract_crypto_meta).
func splitSealed(value string) (sealed, metaText string, ok bool) {
	if !strings.Contains(strings.ToLower(value), metaParam) {
		return value, "", false
	}
	sealed, rest, more := cutParam(value)
	for more {
		var p string
		p, rest, more = cutParam(rest)
		name, text, has := strings.Cut(p, "=")
		if has && strings.EqualFold(strings.TrimSpace(name), metaParam) {
			metaText, ok = strings.TrimSpace(text), true
			if n := len(metaText); n >= 2 && metaText[0] == '"' && metaText[n-1] == '"' {
				metaText = metaText[1 : n-1]
			}
		}
	}
	if !ok {
		return value, "", false
	}
	return sealed, metaText, true
}

// cutParam cuts at the first ";" outside of double quotes.
func cutParam(s string) (part, rest string, more bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return strings.TrimSpace(s[:i]), s[i+1:], true
		}
	}
	return strings.TrimSpace(s), "", false
}
