// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// digest is a hash function that a signature may use.
type digest struct {
	name       string
	new        func() hash.Hash
	macBytes   int
	deprecated bool
}

// supported is in the order of names, which is the order in /info.
var supported = [...]digest{
	{"sha1", sha1.New, sha1.Size, true},
	{"sha256", sha256.New, sha256.Size, false},
	{"sha512", sha512.New, sha512.Size, false},
}

// Digests is the set of digests that signatures may use. The zero value allows
// none.
type Digests struct{ allowed [len(supported)]bool }

// DefaultDigests returns sha256 and sha512. Swift's tests and old clients need
// sha1 too, which an operator has to allow.
func DefaultDigests() (d Digests) {
	for i, s := range supported {
		d.allowed[i] = !s.deprecated
	}
	return d
}

// ParseDigests reads names: "sha1", "sha256", "sha512", in any case of letters.
// An empty list and an unknown name are errors.
func ParseDigests(names []string) (d Digests, err error) {
	if len(names) == 0 {
		return d, fmt.Errorf("no digest is allowed")
	}
	for _, name := range names {
		i := slices.IndexFunc(supported[:], func(s digest) bool { return s.name == strings.ToLower(name) })
		if i < 0 {
			return Digests{}, fmt.Errorf("unknown digest %q", name)
		}
		d.allowed[i] = true
	}
	return d, nil
}

// Names returns the names of the allowed digests, sorted.
func (d Digests) Names() []string { return d.names(func(digest) bool { return true }) }

// Deprecated returns the names of the allowed digests that are no longer safe
// to use, sorted.
func (d Digests) Deprecated() []string { return d.names(func(s digest) bool { return s.deprecated }) }

func (d Digests) names(keep func(digest) bool) []string {
	names := []string{}
	for i, s := range supported {
		if d.allowed[i] && keep(s) {
			names = append(names, s.name)
		}
	}
	return names
}

// find returns the first allowed digest that want accepts.
func (d Digests) find(want func(digest) bool) (digest, bool) {
	for i, s := range supported {
		if d.allowed[i] && want(s) {
			return s, true
		}
	}
	return digest{}, false
}
