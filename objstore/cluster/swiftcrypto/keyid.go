// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"needletail/objstore"
)

// keyBytes is the length of all keys.
const keyBytes = 32

// keyID names the secret and the path of a key. path is as in the JSON.
type keyID struct{ version, path, secret string }

var (
	// ErrUnknownSecret: a key needs a root secret that is not configured.
	ErrUnknownSecret = errors.New("encrypted under a root secret that is not configured")

	errKeyIDForm    = errors.New("a key id is not an object with a version and a path")
	errKeyIDVersion = errors.New("a key id has an unknown version")
	errKeyIDPath    = errors.New("a key id has no usable path")
)

// parseKeyID reads the key id in a crypto-meta. Nil: there is none, and the
// active secret counts.
func parseKeyID(raw json.RawMessage) (*keyID, error) {
	var fields map[string]json.RawMessage
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, errKeyIDForm
	}
	if len(fields) == 0 {
		return nil, nil
	}
	var id keyID
	for name, to := range map[string]*string{"v": &id.version, "path": &id.path, "secret_id": &id.secret} {
		if field, ok := fields[name]; ok && json.Unmarshal(field, to) != nil {
			return nil, errKeyIDForm
		}
	}
	return &id, nil
}

// place returns the names whose keys a key id means. o is what the request is
// for, without an object for a listing (swift/common/middleware/crypto/keymaster.py:
// fetch_crypto_keys).
func (id *keyID) place(o objstore.ObjectID) (objstore.ObjectID, error) {
	if id.version != version1 && id.version != version2 && id.version != version3 {
		return o, errKeyIDVersion
	}
	path := id.path
	if id.version == version1 {
		var alone bool
		if path, alone = pathOfVersion1(path, o); alone {
			o.Object = objstore.ObjectName(path)
			return o, nil
		}
	}
	at, ok := splitPath(path)
	if !ok || o.Object != "" && at.Object == "" {
		return o, errKeyIDPath
	}
	asked := o
	if asked.Object == "" {
		asked.Object = at.Object
	}
	if id.version == version3 || at == asked {
		return at, nil
	}
	other, ok := fromLatin1(at)
	if ok && (other == asked || o.Object == "" && other.ContainerID() == asked.ContainerID()) {
		return other, nil
	}
	return at, nil
}

// pathOfVersion1 returns a path of version 1, and whether the path is an object's
// name alone. Swift cannot read such a path of names that are not ASCII.
func pathOfVersion1(path string, o objstore.ObjectID) (fixed string, alone bool) {
	whole := "/" + string(o.Account) + "/"
	if strings.HasPrefix(path, whole) {
		return path, false
	}
	other, ok := utf8OfLatin1(path)
	switch {
	case ok && strings.HasPrefix(other, whole):
		return other, false
	case ok && other == string(o.Object):
		return other, true
	}
	return path, true
}

// splitPath splits "/account/container/object". The object may be empty.
func splitPath(path string) (o objstore.ObjectID, ok bool) {
	path, ok = strings.CutPrefix(path, "/")
	account, rest, _ := strings.Cut(path, "/")
	container, object, _ := strings.Cut(rest, "/")
	o = objstore.ObjectID{Account: objstore.AccountName(account), Container: objstore.ContainerName(container),
		Object: objstore.ObjectName(object)}
	return o, ok && account != "" && container != ""
}

// fromLatin1 turns names back that were UTF-8 and were read as Latin-1.
func fromLatin1(o objstore.ObjectID) (objstore.ObjectID, bool) {
	account, ok1 := utf8OfLatin1(string(o.Account))
	container, ok2 := utf8OfLatin1(string(o.Container))
	object, ok3 := utf8OfLatin1(string(o.Object))
	return objstore.ObjectID{Account: objstore.AccountName(account), Container: objstore.ContainerName(container),
		Object: objstore.ObjectName(object)}, ok1 && ok2 && ok3
}

func utf8OfLatin1(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), utf8.Valid(b)
}

// latin1OfUTF8 reads the bytes of s as Latin-1.
func latin1OfUTF8(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// objectPath is the path of an object's key. A name of version 1 that begins with
// a slash is a path by itself.
func objectPath(version string, o objstore.ObjectID) string {
	if version == version1 && strings.HasPrefix(string(o.Object), "/") {
		return string(o.Object)
	}
	return containerPath(o) + "/" + string(o.Object)
}

func containerPath(o objstore.ObjectID) string {
	return "/" + string(o.Account) + "/" + string(o.Container)
}

// newKeyID is the key id of what is written.
func (k *Keys) newKeyID(o objstore.ObjectID) keyID {
	path := objectPath(k.version, o)
	if k.version != version3 {
		path = latin1OfUTF8(path)
	}
	return keyID{k.version, path, k.active}
}

// key is a key with its cipher.
type key struct {
	raw   [keyBytes]byte
	block cipher.Block
}

func newKey(raw [keyBytes]byte) *key {
	block, err := aes.NewCipher(raw[:])
	if err != nil {
		panic(err) // the length is that of AES-256
	}
	return &key{raw, block}
}

// pathKeys make the keys of a place, each when it is needed first.
type pathKeys struct {
	secret            []byte
	version           string
	at                objstore.ObjectID
	object, container *key
}

// find returns the keys that a key id means; without an id those that are
// written under now.
func (k *Keys) find(id *keyID, o objstore.ObjectID) (*pathKeys, error) {
	secretID, version, at := k.active, k.version, o
	if id != nil {
		var err error
		if at, err = id.place(o); err != nil {
			return nil, err
		}
		secretID, version = id.secret, id.version
	}
	secret, ok := k.secrets[secretID]
	if !ok {
		return nil, fmt.Errorf("%w: id %q", ErrUnknownSecret, secretID)
	}
	return &pathKeys{secret: secret, version: version, at: at}, nil
}

func (p *pathKeys) make(path string) *key {
	h := hmac.New(sha256.New, p.secret)
	h.Write([]byte(path))
	var raw [keyBytes]byte
	h.Sum(raw[:0])
	return newKey(raw)
}

func (p *pathKeys) ofObject() *key {
	if p.object == nil {
		p.object = p.make(objectPath(p.version, p.at))
	}
	return p.object
}

func (p *pathKeys) ofContainer() *key {
	if p.container == nil {
		p.container = p.make(containerPath(p.at))
	}
	return p.container
}
