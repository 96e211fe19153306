// SPDX-License-Identifier: Apache-2.0

package passwordhash

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	//lint:ignore SA1019 bcrypt is built on Blowfish, and x/crypto/bcrypt lets no caller choose the salt
	"golang.org/x/crypto/blowfish"
)

const (
	bcryptSaltBytes = 16
	bcryptSumBytes  = 23 // of 24 computed bytes
	// bcryptMagic is the text that bcrypt encrypts 64 times.
	bcryptMagic = "OrpheanBeholderScryDoubt"
)

// bcryptBase64 is bcrypt's own alphabet, without padding.
var bcryptBase64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").
	WithPadding(base64.NoPadding)

// Generate hashes a password with bcrypt_sha256, version 2, at a cost from
// MinBcryptCost to MaxBcryptCost. All bytes of the password count. Plain bcrypt
// ignores bytes after the 72nd, and takes "a" and "a\x00a" for the same
// password.
func Generate(password []byte, cost int) (string, error) {
	if cost < MinBcryptCost || cost > MaxBcryptCost {
		return "", fmt.Errorf("passwordhash: bcrypt has no cost %d", cost)
	}
	var salt [bcryptSaltBytes]byte
	_, _ = rand.Read(salt[:]) // crypto/rand.Read does not fail
	text := bcryptBase64.EncodeToString(salt[:])
	sum, err := bcryptSum(keyedDigest(password, text), cost, salt[:])
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$bcrypt-sha256$v=2,t=2b,r=%d$%s$%s", cost, text, bcryptBase64.EncodeToString(sum)), nil
}

// keyedDigest returns the text that bcrypt_sha256 hands to bcrypt instead of
// the password: 44 characters without a zero byte.
func keyedDigest(password []byte, salt string) []byte {
	h := hmac.New(sha256.New, []byte(salt))
	h.Write(password)
	return base64.StdEncoding.AppendEncode(nil, h.Sum(nil))
}

// bcryptSum is bcrypt itself. Package golang.org/x/crypto/bcrypt chooses the
// salt alone, and keyedDigest needs the salt before bcrypt.
func bcryptSum(key []byte, cost int, salt []byte) ([]byte, error) {
	key = append(key, 0) // version 2b counts the end of the text
	c, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return nil, err
	}
	for range 1 << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(salt, c)
	}
	sum := []byte(bcryptMagic)
	for block := 0; block < len(sum); block += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(sum[block:], sum[block:])
		}
	}
	return sum[:bcryptSumBytes], nil
}
