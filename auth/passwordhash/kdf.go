// SPDX-License-Identifier: Apache-2.0

package passwordhash

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/scrypt"
)

const scryptSumBytes = 32

// ab64 is passlib's "adapted" base64, with "." instead of "+".
var ab64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

// saltAndSum decodes the last two parts of a hash.
func saltAndSum(e *base64.Encoding, salt, sum string, sumBytes int) (s, h []byte, err error) {
	s, err = e.Strict().DecodeString(salt)
	if err == nil {
		h, err = e.Strict().DecodeString(sum)
	}
	if err != nil || len(s) > maxSaltBytes || len(h) != sumBytes || strings.ContainsAny(salt+sum, "\r\n") {
		return nil, nil, ErrUnsupported
	}
	return s, h, nil
}

// parseScrypt reads "ln=16,r=8,p=1$SALT$SUM"; N is 2^ln.
func parseScrypt(rest string) (*Hash, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return nil, ErrUnsupported
	}
	values, err := settings(parts[0], "ln", "r", "p")
	if err != nil {
		return nil, err
	}
	var n [3]int
	for i, v := range values {
		if n[i], err = number(v); err != nil || n[i] == 0 {
			return nil, ErrUnsupported
		}
	}
	ln, r, p := n[0], n[1], n[2]
	if ln > 30 || r > maxScryptBytes || p > maxScryptLanes || r<<ln > maxScryptBytes/128 || (r<<ln)*p > maxScryptWork {
		return nil, ErrTooCostly
	}
	salt, sum, err := saltAndSum(base64.RawStdEncoding, parts[1], parts[2], scryptSumBytes)
	if err != nil {
		return nil, err
	}
	return &Hash{matches: func(password []byte) bool {
		got, err := scrypt.Key(password, salt, 1<<ln, r, p, scryptSumBytes)
		return err == nil && equal(got, sum)
	}}, nil
}

// parsePBKDF2 reads "ROUNDS$SALT$SUM" of pbkdf2_sha512.
func parsePBKDF2(rest string) (*Hash, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return nil, ErrUnsupported
	}
	rounds, err := number(parts[0])
	if err != nil || rounds == 0 {
		return nil, ErrUnsupported
	}
	if rounds > maxPBKDF2Rounds {
		return nil, ErrTooCostly
	}
	salt, sum, err := saltAndSum(ab64, parts[1], parts[2], sha512.Size)
	if err != nil {
		return nil, err
	}
	return &Hash{matches: func(password []byte) bool {
		got, err := pbkdf2.Key(sha512.New, string(password), salt, rounds, sha512.Size)
		return err == nil && equal(got, sum)
	}}, nil
}
