// SPDX-License-Identifier: Apache-2.0

package passwordhash

import (
	"crypto/sha512"
	"strings"
)

const (
	cryptRounds    = 5000 // if the hash names no number
	cryptSaltBytes = 16
	cryptSumText   = 86
	cryptAlphabet  = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// parseCrypt reads "[rounds=N$]SALT$SUM" of sha512_crypt ("$6$",
// www.akkadia.org/drepper/SHA-crypt.txt).
func parseCrypt(rest string) (*Hash, error) {
	rounds := cryptRounds
	if text, ok := strings.CutPrefix(rest, "rounds="); ok {
		var err error
		text, rest, _ = strings.Cut(text, "$")
		if rounds, err = number(text); err != nil || rounds < minCryptRounds {
			return nil, ErrUnsupported
		}
	}
	if rounds > maxCryptRounds {
		return nil, ErrTooCostly
	}
	salt, sum, ok := strings.Cut(rest, "$")
	if !ok || len(salt) > cryptSaltBytes || len(sum) != cryptSumText {
		return nil, ErrUnsupported
	}
	return &Hash{matches: func(password []byte) bool {
		if rounds*(len(password)+sha512.Size+len(salt)) > maxCryptBytes {
			return false
		}
		return equal(cryptText(cryptSum(password, []byte(salt), rounds)), []byte(sum))
	}}, nil
}

// cryptSum does the steps 1 to 21 of the specification.
func cryptSum(password, salt []byte, rounds int) []byte {
	b := sha512.New()
	for _, part := range [][]byte{password, salt, password} {
		b.Write(part)
	}
	inner := b.Sum(nil)
	a := sha512.New()
	a.Write(password)
	a.Write(salt)
	a.Write(stretch(inner, len(password)))
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 {
			a.Write(inner)
		} else {
			a.Write(password)
		}
	}
	sum := a.Sum(nil)

	dp := sha512.New()
	for range len(password) {
		dp.Write(password)
	}
	p := stretch(dp.Sum(nil), len(password))
	ds := sha512.New()
	for range 16 + int(sum[0]) {
		ds.Write(salt)
	}
	s := stretch(ds.Sum(nil), len(salt))

	c := sha512.New()
	for i := range rounds {
		c.Reset()
		if i&1 != 0 {
			c.Write(p)
		} else {
			c.Write(sum)
		}
		if i%3 != 0 {
			c.Write(s)
		}
		if i%7 != 0 {
			c.Write(p)
		}
		if i&1 != 0 {
			c.Write(sum)
		} else {
			c.Write(p)
		}
		sum = c.Sum(sum[:0])
	}
	return sum
}

// stretch repeats digest up to n bytes.
func stretch(digest []byte, n int) []byte {
	out := make([]byte, 0, n)
	for len(out) < n {
		out = append(out, digest[:min(len(digest), n-len(out))]...)
	}
	return out
}

// cryptText is step 22: three bytes, 21 apart, become four characters, the
// lowest six bits first. With each group the three places turn.
func cryptText(sum []byte) []byte {
	out := make([]byte, 0, cryptSumText)
	add := func(v uint, n int) {
		for range n {
			out = append(out, cryptAlphabet[v&0x3f])
			v >>= 6
		}
	}
	a, b, c := 0, 21, 42
	for range 21 {
		add(uint(sum[a])<<16|uint(sum[b])<<8|uint(sum[c]), 4)
		a, b, c = b+1, c+1, a+1
	}
	add(uint(sum[63]), 2)
	return out
}
