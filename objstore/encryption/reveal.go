// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"slices"
	"strings"

	"needletail/objstore"
)

// The fields of an encrypted object; see the package's comment.
const (
	fieldBody    = objstore.SysmetaObject + "Crypto-Body"
	fieldMeta    = "X-Object-Transient-Sysmeta-Crypto-Meta"
	fieldListing = "crypto"
)

func (s *Store) open(id objstore.ObjectID, envelope, purpose, bound string) ([]byte, error) {
	secretID, rest, err := secretOf(envelope)
	if err != nil {
		return nil, err
	}
	a, err := s.keys.objectAEAD(secretID, id)
	if err != nil {
		return nil, err
	}
	return unseal(a, rest, purpose, bound)
}

// hide seals everything in info under the active secret. b holds the body's
// key and sums.
func (s *Store) hide(id objstore.ObjectID, info *objstore.ObjectInfo, b *secretBody, storedETag string) error {
	secretID := s.keys.active
	a, err := s.keys.objectAEAD(secretID, id)
	if err != nil {
		return err
	}
	var plain objstore.Metadata
	for _, f := range info.Metadata {
		if strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			b.sysmeta = append(b.sysmeta, f)
		} else {
			plain = append(plain, f)
		}
	}
	b.listed = listedEntry{info.Listing.ETag, info.Listing.Extra}
	info.Metadata = objstore.Metadata{
		{Name: fieldBody, Value: seal(a, secretID, purposeBody, storedETag, b.append(nil))},
	}
	if len(plain) > 0 {
		info.Metadata.Set(fieldMeta, seal(a, secretID, purposeMeta, "", appendFields(nil, plain)))
	}
	shown := b.listed
	if shown.etag == "" {
		shown.etag = b.etag
	}
	a, err = s.keys.containerAEAD(secretID, id.ContainerID())
	if err != nil {
		return err
	}
	info.Listing.ETag = ""
	info.Listing.Extra = objstore.Metadata{
		{Name: fieldListing, Value: seal(a, secretID, purposeListing, string(id.Object), shown.append(nil))},
	}
	return nil
}

// hideMeta seals the metadata of a POST.
func (s *Store) hideMeta(id objstore.ObjectID, m objstore.Metadata) (objstore.Metadata, error) {
	if len(m) == 0 {
		return nil, nil
	}
	a, err := s.keys.objectAEAD(s.keys.active, id)
	if err != nil {
		return nil, err
	}
	m = slices.DeleteFunc(m.Clone(), func(f objstore.Field) bool {
		return strings.HasPrefix(f.Name, objstore.SysmetaObject) // as the store does
	})
	return objstore.Metadata{{Name: fieldMeta, Value: seal(a, s.keys.active, purposeMeta, "", appendFields(nil, m))}}, nil
}

// hidden says whether reveal would change anything.
func hidden(info *objstore.ObjectInfo) bool {
	_, hasBody := info.Metadata.Lookup(fieldBody)
	_, hasMeta := info.Metadata.Lookup(fieldMeta)
	return hasBody || hasMeta
}

// reveal turns stored values into the values of the PUT. body is nil for an
// object with a plaintext body. The metadata of such an object may be
// encrypted, after a later POST.
func (s *Store) reveal(id objstore.ObjectID, info *objstore.ObjectInfo) (body *secretBody, err error) {
	bodyEnvelope, hasBody := info.Metadata.Lookup(fieldBody)
	metaEnvelope, hasMeta := info.Metadata.Lookup(fieldMeta)
	if !hasBody && !hasMeta {
		return nil, nil
	}
	var shown objstore.Metadata
	for _, f := range info.Metadata {
		if f.Name != fieldBody && f.Name != fieldMeta {
			shown = append(shown, f)
		}
	}
	if hasMeta {
		plain, err := s.open(id, metaEnvelope, purposeMeta, "")
		if err != nil {
			return nil, err
		}
		d := decoder{rest: plain}
		shown = append(shown, d.fields()...)
		if err := d.end(); err != nil {
			return nil, err
		}
	}
	if hasBody {
		plain, err := s.open(id, bodyEnvelope, purposeBody, info.ETag)
		if err != nil {
			return nil, err
		}
		b, err := parseBody(plain)
		if err != nil {
			return nil, err
		}
		body = &b
		shown = append(shown, b.sysmeta...)
		info.ETag, info.SHA512 = b.etag, b.sha512
		info.Listing.ETag, info.Listing.Extra = b.listed.etag, b.listed.extra
	}
	slices.SortStableFunc(shown, func(a, b objstore.Field) int { return strings.Compare(a.Name, b.Name) })
	info.Metadata = shown
	return body, nil
}
