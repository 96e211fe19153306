// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"errors"
	"unicode/utf8"

	"needletail/objstore"
)

// UnknownETag stands in a listing for an ETag that cannot be decrypted
// (swift/common/middleware/crypto/decrypter.py: decrypt_obj_dict).
const UnknownETag = "<unknown>"

var errNotUTF8 = errors.New("a listed ETag is not UTF-8: the root secret is another, or the row is damaged")

// Listing decrypts the ETags of a listing. Listing is not for several goroutines.
type Listing struct {
	keys      *Keys
	container objstore.ContainerID
	known     map[listingKey]*key
}

// listingKey names a container's key.
type listingKey struct {
	secret    string
	container objstore.ContainerID
}

// knownMax bounds the keys that a Listing keeps: a container has a key for each
// secret, and rows may name other containers.
const knownMax = 64

// Listing begins a listing. Nil Keys decrypt nothing: nil.
func (k *Keys) Listing(c objstore.ContainerID) *Listing {
	if k == nil {
		return nil
	}
	return &Listing{keys: k, container: c, known: map[listingKey]*key{}}
}

// ETag decrypts the ETag of a row. An ETag in clear stays as it is. With an error
// the ETag is UnknownETag.
func (l *Listing) ETag(hash string) (string, error) {
	if l == nil {
		return hash, nil
	}
	sealed, text, ok := splitSealed(hash)
	if !ok {
		return hash, nil
	}
	etag, err := l.open(sealed, text)
	if err != nil {
		return UnknownETag, err
	}
	return etag, nil
}

func (l *Listing) open(sealed, text string) (string, error) {
	m, err := openMeta(text)
	if err != nil {
		return "", err
	}
	keys, err := l.keys.keysOf(&m, objstore.ObjectID{Account: l.container.Account, Container: l.container.Container})
	if err != nil {
		return "", err
	}
	etag, err := l.key(keys).open(sealed, &m)
	if err == nil && !utf8.ValidString(etag) {
		err = errNotUTF8
	}
	return etag, err
}

// key is the container's key, made once for many rows.
func (l *Listing) key(keys *pathKeys) *key {
	at := listingKey{string(keys.secret), keys.at.ContainerID()}
	k, ok := l.known[at]
	if !ok {
		k = keys.ofContainer()
		if len(l.known) < knownMax {
			l.known[at] = k
		}
	}
	return k
}
