// SPDX-License-Identifier: Apache-2.0

package swiftcrypto

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"

	"needletail/objstore"
)

// The names of the stored form.
const (
	etagName     = "Etag"
	userMeta     = "X-Object-Meta-"
	cryptoPrefix = objstore.SysmetaObject + "Crypto-"
	bodyMetaName = cryptoPrefix + "Body-Meta"
	sealedETag   = cryptoPrefix + "Etag"
	etagMAC      = cryptoPrefix + "Etag-Mac"

	transientPrefix = "X-Object-Transient-Sysmeta-Crypto-"
	userMetaName    = transientPrefix + "Meta"
	sealedUserMeta  = userMetaName + "-"

	// ListedETag is the sysmeta with the ETag of the container's listing.
	ListedETag = objstore.SysmetaObject + "Container-Update-Override-Etag"

	// emptyMD5 is the ETag of an empty body.
	emptyMD5 = "d41d8cd98f00b204e9800998ecf8427e"
)

// Sealer encrypts what is written to an object
// (swift/common/middleware/crypto/encrypter.py).
type Sealer struct {
	id   keyID
	keys *pathKeys
}

// Sealer returns nil if nothing is to be encrypted.
func (k *Keys) Sealer(o objstore.ObjectID) *Sealer {
	if !k.Writes() {
		return nil
	}
	keys, err := k.find(nil, o)
	if err != nil {
		panic(err) // NewKeys has checked that the active secret is there
	}
	return &Sealer{k.newKeyID(o), keys}
}

// Metadata replaces user metadata by sealed user metadata. An empty value stays as
// it is.
func (s *Sealer) Metadata(m objstore.Metadata) (sealed objstore.Metadata) {
	found := false
	for _, f := range m {
		short, ok := strings.CutPrefix(f.Name, userMeta)
		if !ok || short == "" || f.Value == "" {
			sealed.Set(f.Name, f.Value)
			continue
		}
		found = true
		sealed.Set(sealedUserMeta+short, s.keys.ofObject().seal(f.Value, nil))
	}
	if found {
		var common meta
		sealed.Set(userMetaName, common.text(&s.id))
	}
	return sealed
}

// Value seals a value under the object key; see Opened.Value.
func (s *Sealer) Value(v string) string { return s.keys.ofObject().seal(v, nil) }

// Body begins a body. A body without a byte is stored in clear, and has no Body.
func (s *Sealer) Body() *Body {
	var raw [keyBytes]byte
	_, _ = rand.Read(raw[:]) // crypto/rand.Read does not fail
	b := &Body{meta: meta{iv: newIV(), bodyKey: s.keys.ofObject().wrap(raw)}, plain: md5.New(), stored: md5.New()}
	b.stream = streamAt(newKey(raw).block, b.meta.iv, 0)
	return b
}

// Body encrypts a body.
type Body struct {
	meta          meta
	stream        cipher.Stream
	plain, stored hash.Hash
}

// Seal encrypts the next bytes in their place.
func (b *Body) Seal(p []byte) {
	b.plain.Write(p)
	b.stream.XORKeyStream(p, p)
	b.stored.Write(p)
}

// ETags are the MD5s of plaintext and ciphertext.
func (b *Body) ETags() (plain, stored string) {
	return hex.EncodeToString(b.plain.Sum(nil)), hex.EncodeToString(b.stored.Sum(nil))
}

// Footer is the metadata behind a body, over what footer has already. b is nil for
// a body without a byte. The listed ETag is the one in footer, or else the MD5 of
// the plaintext.
func (s *Sealer) Footer(b *Body, footer objstore.Metadata) objstore.Metadata {
	sealed := footer.Clone()
	listed := sealed.Get(ListedETag)
	if b != nil {
		plain, stored := b.ETags()
		sealed.Set(etagName, stored)
		sealed.Set(sealedETag, s.keys.ofObject().seal(plain, nil))
		sealed.Set(bodyMetaName, b.meta.text(&s.id))
		sealed.Set(etagMAC, s.mac(plain))
		if listed == "" {
			listed = plain
		}
	}
	if listed != "" && (b != nil || listed != emptyMD5) {
		sealed.Set(ListedETag, s.keys.ofContainer().seal(listed, &s.id))
	}
	return sealed
}

// mac lets a server compare an ETag without knowing the ETag.
func (s *Sealer) mac(etag string) string {
	object := s.keys.ofObject()
	h := hmac.New(sha256.New, object.raw[:])
	h.Write([]byte(etag))
	return base64Of(h.Sum(nil))
}
