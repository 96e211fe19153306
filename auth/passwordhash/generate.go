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
	bcryptSumBytes  = 23 // of the 24 that are computed
	// bcryptMagic is what is encrypted, 64 times.
	bcryptMagic = "OrpheanBeholderScryDoubt"
)

// bcryptBase64 is bcrypt's own alphabet, without padding.
var bcryptBase64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").
	WithPadding(base64.NoPadding)

// Generate hashes a password with bcrypt_sha256, version 2, at a cost from
// MinBcryptCost to MaxBcryptCost. All bytes of the password count: plain bcrypt
// looks at 72 of them, and takes "a" and "a\x00a" for the same.
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

// keyedDigest is what bcrypt_sha256 gives to bcrypt in the place of the
// password: 44 characters, none of which is zero.
func keyedDigest(password []byte, salt string) []byte {
	h := hmac.New(sha256.New, []byte(salt))
	h.Write(password)
	return base64.StdEncoding.AppendEncode(nil, h.Sum(nil))
}

// bcryptSum is bcrypt itself. Package golang.org/x/crypto/bcrypt chooses the
// salt on its own, and here the salt is needed before.
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
