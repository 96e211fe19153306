// SPDX-License-Identifier: Apache-2.0

package passwordhash

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The limits of a hash's work. Keystone's defaults are bcrypt 12, scrypt with
// 64 MiB, pbkdf2 25000 (60000 in Keystone's documentation) and sha512_crypt
// 656000.
const (
	MinBcryptCost = 4
	MaxBcryptCost = 16 // about 3 s

	maxScryptBytes = 64 << 20 // 128·N·r
	maxScryptWork  = 1 << 22  // N·r·p, eight times the default
	maxScryptLanes = 16       // p

	maxPBKDF2Rounds = 1_000_000

	minCryptRounds = 1000
	maxCryptRounds = 1_000_000
	// maxCryptBytes bounds the bytes that sha512_crypt hashes for one password:
	// each round hashes the password, the salt and a sum.
	maxCryptBytes = 1 << 29

	maxTextBytes = 512
	maxSaltBytes = 64
)

// ErrUnsupported: the text is no hash of a known scheme.
var ErrUnsupported = errors.New("passwordhash: not a supported password hash")

// ErrTooCostly: the work of the hash is above the limits.
var ErrTooCostly = errors.New("passwordhash: the hash is too costly to verify")

// Hash is a parsed hash.
type Hash struct {
	// Cost is bcrypt's cost, for a hash of the kind that Generate makes; 0 for
	// every further kind.
	Cost    int
	matches func(password []byte) bool
}

// Matches says whether the hash is a hash of the password. For plain bcrypt the
// first 72 bytes of the password count.
func (h *Hash) Matches(password []byte) bool { return h.matches(password) }

// Parse reads a hash. The error is ErrUnsupported or ErrTooCostly and does not
// contain the hash.
func Parse(text string) (*Hash, error) {
	if len(text) > maxTextBytes || !strings.HasPrefix(text, "$") {
		return nil, ErrUnsupported
	}
	ident, rest, _ := strings.Cut(text[1:], "$")
	switch ident {
	case "2a", "2b", "2y":
		return parseBcrypt(text)
	case "bcrypt-sha256":
		return parseBcryptSHA256(rest)
	case "scrypt":
		return parseScrypt(rest)
	case "pbkdf2-sha512":
		return parsePBKDF2(rest)
	case "6":
		return parseCrypt(rest)
	}
	return nil, ErrUnsupported
}

// number reads a decimal number without sign or leading zero.
func number(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || strconv.Itoa(n) != s {
		return 0, fmt.Errorf("%w: a number is malformed", ErrUnsupported)
	}
	return n, nil
}

// settings reads "a=1,b=2" with exactly these names, in this order.
func settings(s string, names ...string) ([]string, error) {
	parts := strings.Split(s, ",")
	if len(parts) != len(names) {
		return nil, ErrUnsupported
	}
	for i, name := range names {
		value, ok := strings.CutPrefix(parts[i], name+"=")
		if !ok {
			return nil, ErrUnsupported
		}
		parts[i] = value
	}
	return parts, nil
}

// equal compares sums in constant time.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
