// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// An envelope:
//
//	0    1     version, 1
//	1    1     length of the secret's id, n
//	2    n     the secret's id
//	2+n  12    nonce, random
//	14+n …     AES-256-GCM: ciphertext, tag 16
//
// The additional data is the purpose, the byte 0, and the bound value. The key,
// which is derived from the secret, binds the version and the id.
const (
	envelopeVersion = 1
	envelopeHead    = 2
	nonceBytes      = 12
	tagBytes        = 16
)

// ErrEnvelope is why an envelope does not open.
var ErrEnvelope = errors.New("encrypted data does not open: a wrong root secret, or the data was changed")

// The purposes.
const (
	purposeBody    = "body"
	purposeMeta    = "meta"
	purposeListing = "listing"
)

func additional(purpose, bound string) []byte { return []byte(purpose + "\x00" + bound) }

// seal makes an envelope.
func seal(a cipher.AEAD, secretID, purpose, bound string, plain []byte) string {
	head := envelopeHead + len(secretID) + nonceBytes
	out := make([]byte, head, head+len(plain)+tagBytes)
	out[0], out[1] = envelopeVersion, byte(len(secretID))
	copy(out[envelopeHead:], secretID)
	nonce := out[head-nonceBytes : head]
	rand.Read(nonce)
	return string(a.Seal(out, nonce, plain, additional(purpose, bound)))
}

// secretOf returns the secret's id of an envelope, and the rest of the
// envelope.
func secretOf(envelope string) (id, rest string, err error) {
	if len(envelope) < envelopeHead || envelope[0] != envelopeVersion {
		return "", "", ErrEnvelope
	}
	n := envelopeHead + int(envelope[1])
	if len(envelope) < n+nonceBytes+tagBytes {
		return "", "", ErrEnvelope
	}
	return envelope[envelopeHead:n], envelope[n:], nil
}

// unseal opens the rest of an envelope, as secretOf returns it.
func unseal(a cipher.AEAD, rest, purpose, bound string) ([]byte, error) {
	sealed := []byte(rest)
	plain, err := a.Open(sealed[nonceBytes:nonceBytes], sealed[:nonceBytes], sealed[nonceBytes:], additional(purpose, bound))
	if err != nil {
		return nil, ErrEnvelope
	}
	return plain, nil
}
