// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

const ivBytes = aes.BlockSize

// newIV is random.
func newIV() []byte {
	iv := make([]byte, ivBytes)
	_, _ = rand.Read(iv) // crypto/rand.Read does not fail
	return iv
}

// streamAt is the key stream from a byte on: the IV is the counter of the first
// block, modulo 2^128
// (swift/common/middleware/crypto/crypto_utils.py: create_decryption_ctxt).
func streamAt(block cipher.Block, iv []byte, offset int64) cipher.Stream {
	var counter [ivBytes]byte
	copy(counter[:], iv)
	low := binary.BigEndian.Uint64(counter[8:])
	sum := low + uint64(offset)/aes.BlockSize
	if sum < low {
		binary.BigEndian.PutUint64(counter[:8], binary.BigEndian.Uint64(counter[:8])+1)
	}
	binary.BigEndian.PutUint64(counter[8:], sum)
	stream := cipher.NewCTR(block, counter[:])
	var skipped [aes.BlockSize]byte
	skip := skipped[:offset%aes.BlockSize]
	stream.XORKeyStream(skip, skip)
	return stream
}

// seal encrypts a value (swift/common/middleware/crypto/encrypter.py:
// encrypt_header_val). id is for the crypto-meta, or nil.
func (k *key) seal(value string, id *keyID) string {
	m := meta{iv: newIV()}
	b := []byte(value)
	streamAt(k.block, m.iv, 0).XORKeyStream(b, b)
	return base64Of(b) + "; " + metaParam + "=" + m.text(id)
}

// open decrypts the part of a sealed value before the crypto-meta.
func (k *key) open(sealed string, m *meta) (string, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", errSealed
	}
	streamAt(k.block, m.iv, 0).XORKeyStream(b, b)
	return string(b), nil
}

// wrap encrypts a body key.
func (k *key) wrap(body [keyBytes]byte) *wrappedKey {
	w := &wrappedKey{iv: newIV(), key: body[:]}
	streamAt(k.block, w.iv, 0).XORKeyStream(w.key, w.key)
	return w
}

// unwrap decrypts a body key.
func (k *key) unwrap(w *wrappedKey) (*key, error) {
	if w == nil || len(w.key) != keyBytes || len(w.iv) != ivBytes {
		return nil, errMetaBodyKey
	}
	var raw [keyBytes]byte
	streamAt(k.block, w.iv, 0).XORKeyStream(raw[:], w.key)
	return newKey(raw), nil
}

// BodyKey decrypts a body.
type BodyKey struct {
	key *key
	iv  []byte
}

// At is the key stream from a byte of the body on.
func (b *BodyKey) At(offset int64) cipher.Stream { return streamAt(b.key.block, b.iv, offset) }

// String shows nothing.
func (b *BodyKey) String() string { return fmt.Sprintf("a body key of %d bytes", keyBytes) }

// GoString is String.
func (b *BodyKey) GoString() string { return b.String() }
