// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"errors"
	"fmt"
	"strings"

	"needletail/objstore"
)

// The texts of Swift for a client whose object cannot be decrypted
// (swift/common/middleware/crypto/decrypter.py).
const (
	textObject = "Error decrypting object"
	textHeader = "Error decrypting header"
	textKeys   = "Unable to retrieve encryption keys."
)

// Error says why something cannot be decrypted. Text is Swift's text for the
// client.
type Error struct {
	Text string
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// keyError is the error of a key that cannot be made.
func keyError(err error) error {
	if errors.Is(err, ErrUnknownSecret) {
		return &Error{textObject, err}
	}
	return &Error{textKeys, err}
}

// Opened is the head of an object in clear.
type Opened struct {
	Metadata objstore.Metadata
	// Body decrypts the body; nil means that the body is in clear, or that BodyErr
	// says why the body cannot be read.
	Body    *BodyKey
	BodyErr error

	put *pathKeys
}

// Sealed reports whether a head has anything to decrypt. Names are in Title-Case.
func Sealed(head objstore.Metadata) bool {
	for _, f := range head {
		if IsCrypto(f.Name) || f.Name == ListedETag && strings.Contains(f.Value, metaParam) {
			return true
		}
	}
	return false
}

// IsCrypto reports whether a name is sysmeta of the stored form: an object with
// such a name cannot be read without a key.
func IsCrypto(name string) bool {
	return strings.HasPrefix(name, cryptoPrefix) || strings.HasPrefix(name, transientPrefix)
}

// Open decrypts the head of an object. Names are in Title-Case. The error is an
// *Error.
func (k *Keys) Open(o objstore.ObjectID, head objstore.Metadata) (*Opened, error) {
	opened := &Opened{}
	if err := k.openBody(o, head, opened); err != nil {
		return nil, err
	}
	post, err := k.postKeys(o, head)
	if err != nil {
		return nil, err
	}
	for _, f := range head {
		if short, ok := strings.CutPrefix(f.Name, sealedUserMeta); ok {
			if f.Value == "" {
				continue
			}
			value, err := openRequired(f, post.ofObject())
			if err != nil {
				return nil, err
			}
			opened.Metadata.Set(userMeta+short, value)
		} else if _, done := opened.Metadata.Lookup(f.Name); !done && !IsCrypto(f.Name) {
			opened.Metadata.Set(f.Name, f.Value)
		}
	}
	return opened, k.openETags(o, head, opened)
}

// openBody finds the keys of the PUT, and that of the body.
func (k *Keys) openBody(o objstore.ObjectID, head objstore.Metadata, opened *Opened) error {
	text, ok := head.Lookup(bodyMetaName)
	if !ok {
		var err error
		opened.put, err = k.find(nil, o)
		return err
	}
	m, err := parseMeta(text)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return &Error{textObject, err}
	}
	if opened.put, err = k.keysOf(&m, o); err != nil {
		return err
	}
	body, err := opened.put.ofObject().unwrap(m.bodyKey)
	if err != nil {
		opened.BodyErr = &Error{textObject, err}
		return nil
	}
	opened.Body = &BodyKey{body, m.iv}
	return nil
}

// keysOf finds the keys that a crypto-meta means.
func (k *Keys) keysOf(m *meta, o objstore.ObjectID) (*pathKeys, error) {
	id, err := parseKeyID(m.keyID)
	if err != nil {
		return nil, &Error{textKeys, err}
	}
	keys, err := k.find(id, o)
	if err != nil {
		return nil, keyError(err)
	}
	return keys, nil
}

// postKeys finds the keys of the user metadata.
func (k *Keys) postKeys(o objstore.ObjectID, head objstore.Metadata) (*pathKeys, error) {
	text, ok := head.Lookup(userMetaName)
	if !ok {
		return k.find(nil, o)
	}
	m, err := parseMeta(text)
	if err != nil {
		return nil, &Error{textObject, err}
	}
	return k.keysOf(&m, o)
}

// openRequired decrypts a value that must be sealed.
func openRequired(f objstore.Field, with *key) (string, error) {
	sealed, text, ok := splitSealed(f.Value)
	err := errNoMeta
	if ok {
		var m meta
		if m, err = openMeta(text); err == nil {
			sealed, err = with.open(sealed, &m)
		}
	}
	if err != nil {
		return "", &Error{textHeader, fmt.Errorf("%s: %w", f.Name, err)}
	}
	return sealed, nil
}

// openMeta reads and checks the crypto-meta of a value.
func openMeta(text string) (meta, error) {
	m, err := parseMeta(text)
	if err == nil {
		err = m.check()
	}
	return m, err
}

// openETags puts the ETags in clear into opened. A listed ETag that is the ETag
// itself overrides nothing and is left out.
func (k *Keys) openETags(o objstore.ObjectID, head objstore.Metadata, opened *Opened) error {
	if sealed := head.Get(sealedETag); sealed != "" {
		etag, err := openRequired(objstore.Field{Name: sealedETag, Value: sealed}, opened.put.ofObject())
		if err != nil {
			return err
		}
		opened.Metadata.Set(etagName, etag)
	}
	sealed, text, ok := splitSealed(head.Get(ListedETag))
	if !ok {
		return nil
	}
	listed, err := k.openListed(o, sealed, text, opened.put)
	switch {
	case errors.Is(err, ErrUnknownSecret):
		opened.Metadata.Del(ListedETag)
	case err != nil:
		return &Error{textHeader, fmt.Errorf("%s: %w", ListedETag, err)}
	case listed == opened.Metadata.Get(etagName):
		opened.Metadata.Del(ListedETag)
	default:
		opened.Metadata.Set(ListedETag, listed)
	}
	return nil
}

// openListed decrypts a listed ETag in an object's head. The value's own key id
// counts: an object without a body has no other.
func (k *Keys) openListed(o objstore.ObjectID, sealed, text string, keys *pathKeys) (string, error) {
	m, err := openMeta(text)
	if err != nil {
		return "", err
	}
	if m.keyID != nil {
		if keys, err = k.keysOf(&m, o); err != nil {
			return "", err
		}
	}
	return keys.ofContainer().open(sealed, &m)
}

// Value decrypts a value of Sealer.Value. A value in clear stays as it is.
func (o *Opened) Value(name, v string) (string, error) {
	if _, _, ok := splitSealed(v); !ok {
		return v, nil
	}
	return openRequired(objstore.Field{Name: name, Value: v}, o.put.ofObject())
}
