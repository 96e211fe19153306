// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/cipher"
	"errors"
	"io"
	"slices"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire"
)

// This file stands where the filter encryption stands in the pipeline of Swift's
// proxies: between the features and the proxy server
// (swift/common/middleware/crypto). Whatever goes to the servers is sealed, and
// whatever comes from the servers is opened. Conditions are judged above the Store,
// by ETags in clear, so that no request of this Store masks them.

// errEncrypted: the body, the ETag and the metadata are ciphertext, and this
// Store has no root secret.
var errEncrypted = errors.New("the object was encrypted by Swift's filter encryption")

// cryptoStarts begin the names that make a head worth a closer look, without
// regard to case.
var cryptoStarts = []string{objstore.SysmetaObject + "Crypto-", objectTransient + "Crypto-", overrideETag}

// objectID names the object of a target.
func (t *target) objectID() objstore.ObjectID {
	return objstore.ObjectID{Account: objstore.AccountName(t.account), Container: objstore.ContainerName(t.container),
		Object: objstore.ObjectName(t.object)}
}

// openedHead makes a head in clear out of the head of a server. Nil: the head was
// in clear.
func (s *Store) openedHead(t *target, h wire.Header) (wire.Header, *swiftcrypto.Opened, error) {
	if s.keys == nil || !slices.ContainsFunc(h, mayBeCrypto) {
		return h, nil, nil
	}
	m := make(objstore.Metadata, len(h))
	for i, f := range h {
		m[i] = objstore.Field{Name: titleName(f.Name), Value: f.Value}
	}
	sortMetadata(&m)
	if !swiftcrypto.Sealed(m) {
		return h, nil, nil
	}
	opened, err := s.keys.Open(t.objectID(), m)
	if err != nil {
		return nil, nil, err
	}
	if sum, ok := opened.Metadata.Lookup(sha512Name); ok {
		if sum, err = opened.Value(sha512Name, sum); err != nil {
			return nil, nil, err
		}
		opened.Metadata.Set(sha512Name, sum)
	}
	var plain wire.Header
	addFields(&plain, opened.Metadata)
	return plain, opened, nil
}

func mayBeCrypto(f wire.Field) bool {
	return slices.ContainsFunc(cryptoStarts, func(start string) bool {
		return len(f.Name) >= len(start) && strings.EqualFold(f.Name[:len(start)], start)
	})
}

// readHead reads the object in the head of a node's answer. size is the length of
// a replicated object.
func (s *Store) readHead(c call, r *request, n nodes.Node, res *wire.Response, size int64) (objectAnswer, error) {
	a, err := s.readAnswered(r, res.Header, size)
	if err != nil {
		return objectAnswer{}, unreadable(c, r, n, res.Status, err)
	}
	if a.cipher.err != nil {
		a.cipher.err = unreadable(c, r, n, res.Status, a.cipher.err)
	}
	return a, nil
}

func (s *Store) readAnswered(r *request, h wire.Header, size int64) (a objectAnswer, err error) {
	if r.code != nil {
		if h, size, err = r.code.objectOfArchive(h); err != nil {
			return a, err
		}
	}
	plain, opened, err := s.openedHead(r.target, h)
	if err != nil {
		return a, err
	}
	if a, err = readObject(r.account, plain, size); err != nil {
		return a, err
	}
	a.etag = normalETag(h.Get("Etag"))
	if opened != nil {
		a.cipher = bodyCipher{opened.Body, opened.BodyErr}
	}
	return a, nil
}

// unreadable is the error of a head that makes no sense. An object that Swift's
// filter refuses is refused with the filter's text.
func unreadable(c call, r *request, n nodes.Node, status int, err error) error {
	cause := &answerError{n.String(), r.method, status, err.Error()}
	var e *swiftcrypto.Error
	if !errors.As(err, &e) {
		return c.fail(objstore.KindUnavailable, cause)
	}
	kind := objstore.KindCorrupt
	if errors.Is(err, swiftcrypto.ErrUnknownSecret) {
		kind = objstore.KindInternal // the operator's to put right, and no damage
	}
	return &objstore.Error{Kind: kind, Op: c.op, Name: c.name, Err: cause, Text: e.Text}
}

// postedHead is the head of an answer to a POST, in clear as far as that is
// possible: the POST is done.
func (s *Store) postedHead(t *target, h wire.Header) wire.Header {
	plain, _, err := s.openedHead(t, h)
	if err == nil {
		return plain
	}
	s.log.Warn("the answer to a POST cannot be decrypted", "object", t.objectID().String(), "err", err)
	return slices.DeleteFunc(h.Clone(), mayBeCrypto)
}

// bodyCipher decrypts a body.
type bodyCipher struct {
	key *swiftcrypto.BodyKey // nil: the body is in clear
	err error                // why the body cannot be decrypted
}

// opened returns an open object with its body in clear.
func (b bodyCipher) opened(ob objstore.Object) (objstore.Object, error) {
	if b.err != nil {
		return nil, errors.Join(b.err, ob.Close())
	}
	if b.key == nil {
		return ob, nil
	}
	return &sealedObject{ob, b.key}, nil
}

// sealedObject is an open object with an encrypted body.
type sealedObject struct {
	objstore.Object
	key *swiftcrypto.BodyKey
}

// Range returns a reader of plaintext.
func (o *sealedObject) Range(offset, length int64) io.Reader {
	return &decrypter{o.Object.Range(offset, length), o.key.At(offset)}
}

// decrypter decrypts in the reader's own buffer.
type decrypter struct {
	src    io.Reader
	stream cipher.Stream
}

func (d *decrypter) Read(p []byte) (int, error) {
	n, err := d.src.Read(p)
	d.stream.XORKeyStream(p[:n], p[:n])
	return n, err
}

// WriteTo copies the range without an allocation.
func (d *decrypter) WriteTo(w io.Writer) (int64, error) { return copyThrough(w, d) }

// sealedOptions are the options of a PUT as the servers see them.
func (u *upload) sealedOptions() *objstore.PutOptions {
	if u.seal == nil {
		return u.o
	}
	sent := *u.o
	sent.Metadata = u.seal.Metadata(u.o.Metadata)
	return &sent
}

// sealedFooter is the footer of a PUT as the servers see the footer.
func (u *upload) sealedFooter(info *objstore.ObjectInfo, body *swiftcrypto.Body) wire.Header {
	if u.seal == nil {
		return putFooter(u.id, u.o, info)
	}
	sent := *info
	sent.Metadata = u.seal.Metadata(info.Metadata)
	if sent.SHA512 != "" && body != nil {
		sent.SHA512 = u.seal.Value(sent.SHA512)
	}
	var m objstore.Metadata
	for _, f := range putFooter(u.id, u.o, &sent) {
		m.Set(f.Name, f.Value)
	}
	var sealed wire.Header
	addFields(&sealed, u.seal.Footer(body, m))
	return sealed
}

// sealedPost are the options of a POST as the servers see them.
func (s *Store) sealedPost(id objstore.ObjectID, o *objstore.PostOptions) *objstore.PostOptions {
	seal := s.keys.Sealer(id)
	if seal == nil {
		return o
	}
	sent := *o
	sent.Metadata = seal.Metadata(o.Metadata)
	return &sent
}
