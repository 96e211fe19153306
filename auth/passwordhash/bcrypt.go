// SPDX-License-Identifier: Apache-2.0

package passwordhash

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptBytes = 72 // of a password; bcrypt ignores the rest
	bcryptText  = 60 // the length of a hash
)

// parseBcrypt reads "$2b$COST$", 22 characters of salt and 31 of sum.
func parseBcrypt(text string) (*Hash, error) {
	if len(text) != bcryptText {
		return nil, ErrUnsupported
	}
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil {
		return nil, ErrUnsupported
	}
	if cost > MaxBcryptCost {
		return nil, ErrTooCostly
	}
	return &Hash{matches: func(password []byte) bool {
		return bcrypt.CompareHashAndPassword([]byte(text), password[:min(len(password), bcryptBytes)]) == nil
	}}, nil
}

// parseBcryptSHA256 reads passlib's bcrypt_sha256, which is bcrypt of a digest.
// Version 2 is "v=2,t=2b,r=COST$SALT$SUM" with base64(HMAC-SHA256(SALT,
// password)); version 1 is "2b,COST$SALT$SUM" with base64(SHA-256(password)).
func parseBcryptSHA256(rest string) (*Hash, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return nil, ErrUnsupported
	}
	head, salt, sum := parts[0], parts[1], parts[2]
	kind, rounds, ok := strings.Cut(head, ",")
	keyed := false
	if !ok || strings.Contains(rounds, ",") {
		values, err := settings(head, "v", "t", "r")
		if err != nil || values[0] != "2" {
			return nil, ErrUnsupported
		}
		kind, rounds, keyed = values[1], values[2], true
	}
	cost, err := number(rounds)
	if err != nil || kind != "2a" && kind != "2b" {
		return nil, ErrUnsupported
	}
	inner, err := parseBcrypt(fmt.Sprintf("$%s$%02d$%s%s", kind, cost, salt, sum))
	if err != nil {
		return nil, err
	}
	if !keyed {
		return &Hash{matches: func(password []byte) bool {
			digest := sha256.Sum256(password)
			return inner.Matches([]byte(base64.StdEncoding.EncodeToString(digest[:])))
		}}, nil
	}
	return &Hash{Cost: cost, matches: func(password []byte) bool { return inner.Matches(keyedDigest(password, salt)) }}, nil
}
