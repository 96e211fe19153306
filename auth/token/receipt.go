// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/aes"
	"crypto/rand"
	"fmt"
	"time"
)

// Receipt is the proof of the factors that an incomplete login has shown. The
// keys of tokens seal receipts, in the same envelope, and no token opens as a
// receipt (keystone/receipt/receipt_formatters.py):
//
//	msgpack array  [U(user), methods, expiry]
type Receipt struct {
	UserID  string
	Methods []string
	Expires time.Time
}

const receiptFields = 3

func encodeReceipt(r Receipt) ([]byte, error) {
	mask := methodMask(r.Methods)
	if len(r.UserID) > maxString || mask == 0 {
		return nil, fmt.Errorf("token: a receipt has a user and methods")
	}
	b := appendArray(make([]byte, 0, 48), receiptFields)
	b = appendUint(appendID(b, r.UserID), mask)
	return appendFloat(b, float64(r.Expires.Unix())), nil
}

func decodeReceipt(b []byte) (Receipt, error) {
	r := &reader{buf: b}
	fields := r.array()
	out := Receipt{UserID: r.id()}
	mask := r.uint()
	out.Methods = maskMethods(mask)
	out.Expires = r.time()
	if r.bad || fields != receiptFields || mask == 0 || len(out.Methods) == 0 || len(r.buf) != 0 {
		return Receipt{}, ErrInvalid
	}
	return out, nil
}

// IssueReceipt seals a receipt with the primary key.
func (r *Repository) IssueReceipt(receipt Receipt, issued time.Time) (string, error) {
	var iv [aes.BlockSize]byte
	_, _ = rand.Read(iv[:]) // crypto/rand.Read does not fail
	payload, err := encodeReceipt(receipt)
	if err != nil {
		return "", err
	}
	return r.current()[0].seal(payload, issued, iv), nil
}

// ParseReceipt opens a receipt with any of the keys. The caller checks the
// expiry. The error is ErrInvalid.
func (r *Repository) ParseReceipt(text string) (Receipt, error) {
	raw, err := decodeEnvelope(text)
	if err != nil {
		return Receipt{}, err
	}
	for _, k := range r.current() {
		if payload, ok := k.open(raw); ok {
			return decodeReceipt(payload)
		}
	}
	return Receipt{}, ErrInvalid
}
