// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The Fernet envelope (github.com/fernet/spec), before base64url:
//
//	offset  bytes  what
//	0       1      version, 0x80
//	1       8      Unix seconds of issue, big endian
//	9       16     IV
//	25      16·n   AES-128-CBC of the payload with PKCS #7 padding
//	25+16n  32     HMAC-SHA256 of all before it
//
// Keystone strips the base64 padding (keystone/token/token_formatters.py).
const (
	fernetVersion = 0x80
	timeOffset    = 1
	ivOffset      = 9
	bodyOffset    = 25
	macBytes      = sha256.Size
	keyBytes      = 32
	// MaxTokenBytes bounds the text of a token. Keystone's longest kinds are
	// below 255 bytes for one scope.
	MaxTokenBytes = 2048
)

// ErrInvalid: no key of this repository sealed the text as a token.
var ErrInvalid = errors.New("token: not a valid token")

// Key is a Fernet key.
type Key struct {
	sign  [16]byte
	block cipher.Block
}

// ParseKey reads the text of a key file: base64url of 32 bytes. The first 16
// bytes sign, the last 16 bytes encrypt.
func ParseKey(text string) (*Key, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != keyBytes {
		return nil, fmt.Errorf("a key is the base64url of %d bytes", keyBytes)
	}
	k := &Key{}
	copy(k.sign[:], raw)
	k.block, err = aes.NewCipher(raw[16:])
	return k, err
}

// newKeyText returns the text of a new random key.
func newKeyText() string {
	var raw [keyBytes]byte
	_, _ = rand.Read(raw[:]) // crypto/rand.Read does not fail
	return base64.URLEncoding.EncodeToString(raw[:])
}

func (k *Key) mac(data []byte) []byte {
	h := hmac.New(sha256.New, k.sign[:])
	h.Write(data)
	return h.Sum(nil)
}

// seal encrypts payload. The same key, time, IV and payload give the same text.
func (k *Key) seal(payload []byte, issued time.Time, iv [aes.BlockSize]byte) string {
	pad := aes.BlockSize - len(payload)%aes.BlockSize
	buf := make([]byte, bodyOffset, bodyOffset+len(payload)+pad+macBytes)
	buf[0] = fernetVersion
	binary.BigEndian.PutUint64(buf[timeOffset:], uint64(issued.Unix()))
	copy(buf[ivOffset:], iv[:])
	buf = append(buf, payload...)
	for range pad {
		buf = append(buf, byte(pad))
	}
	cipher.NewCBCEncrypter(k.block, iv[:]).CryptBlocks(buf[bodyOffset:], buf[bodyOffset:])
	buf = append(buf, k.mac(buf)...)
	return base64.RawURLEncoding.EncodeToString(buf)
}

// decodeEnvelope undoes the base64 and checks the lengths. Several spellings of
// base64 give the same bytes; the only valid spelling is the spelling that seal
// writes, with or without padding, so that a token has one text.
func decodeEnvelope(text string) ([]byte, error) {
	if len(text) > MaxTokenBytes {
		return nil, ErrInvalid
	}
	return decodeFernet(text)
}

// decodeFernet is decodeEnvelope for a text of any length.
func decodeFernet(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, ErrInvalid
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, ErrInvalid
	}
	body := len(raw) - bodyOffset - macBytes
	if body < aes.BlockSize || body%aes.BlockSize != 0 || raw[0] != fernetVersion {
		return nil, ErrInvalid
	}
	return raw, nil
}

// open checks the signature of raw and returns the payload in clear. raw stays
// unchanged.
func (k *Key) open(raw []byte) (payload []byte, ok bool) {
	signed, sum := raw[:len(raw)-macBytes], raw[len(raw)-macBytes:]
	if !hmac.Equal(k.mac(signed), sum) {
		return nil, false
	}
	plain := make([]byte, len(signed)-bodyOffset)
	cipher.NewCBCDecrypter(k.block, raw[ivOffset:bodyOffset]).CryptBlocks(plain, signed[bodyOffset:])
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, false
	}
	for _, c := range plain[len(plain)-pad:] {
		if int(c) != pad {
			return nil, false
		}
	}
	return plain[:len(plain)-pad], true
}

// issueTime returns the time in the envelope. The signature covers the time.
func issueTime(raw []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(raw[timeOffset:])), 0).UTC()
}
