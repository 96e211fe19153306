// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// ErrSignature: the signature is malformed, or the digest is not allowed. The
// text says no more because the text may reach a client.
var ErrSignature = errors.New("invalid signature")

// Signature is a MAC that a client claims to be right.
type Signature struct {
	digest digest
	mac    []byte
}

// ParseSignature reads
//
//	HEX             the length tells the digest
//	DIGEST:BASE64   the standard or the URL-safe alphabet, padded or not
//
// (swift/common/digest.py: extract_digest_and_algorithm).
func (d Digests) ParseSignature(text string) (Signature, error) {
	var s Signature
	var mac []byte
	var err error
	name, encoded, named := strings.Cut(text, ":")
	if named {
		s.digest, named = d.find(func(s digest) bool { return s.name == name })
		mac, err = decodeBase64(encoded)
	} else {
		s.digest, named = d.find(func(s digest) bool { return hex.EncodedLen(s.macBytes) == len(text) })
		mac, err = hex.DecodeString(text)
		if err == nil && hex.EncodeToString(mac) != text {
			err = ErrSignature
		}
	}
	if !named || err != nil || len(mac) != s.digest.macBytes {
		return Signature{}, ErrSignature
	}
	s.mac = mac
	return s, nil
}

// decodeBase64 accepts one spelling per alphabet: no stray bits and no
// newlines.
func decodeBase64(text string) ([]byte, error) {
	text = strings.TrimRight(text, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	if strings.ContainsAny(text, "\r\n") { // Go would skip both
		return nil, ErrSignature
	}
	return encoding.Strict().DecodeString(text)
}

// Matches says whether the signature is the MAC of a message under a key. An
// empty key matches nothing.
func (s Signature) Matches(key string, message []byte) bool {
	if key == "" || s.digest.new == nil {
		return false
	}
	h := hmac.New(s.digest.new, []byte(key))
	h.Write(message)
	return hmac.Equal(h.Sum(nil), s.mac)
}

// MatchesAny is Matches for any of several keys. MatchesAny tries all keys, so
// that the time does not tell which key matches.
func (s Signature) MatchesAny(keys []string, message []byte) (matches bool) {
	for _, key := range keys {
		matches = s.Matches(key, message) || matches
	}
	return matches
}

// Hex returns the signature in hex.
func (s Signature) Hex() string { return hex.EncodeToString(s.mac) }
