// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"context"
	"crypto/cipher"

	"needletail/objstore"
)

// UnknownETag stands in a listing for an ETag that does not open, as in
// swift/common/middleware/crypto/decrypter.py: the rest of the listing is still
// of use.
const UnknownETag = "<unknown>"

// ListObjects shows the ETags of the plaintext.
func (s *Store) ListObjects(ctx context.Context, c objstore.ContainerID, o objstore.ListOptions,
	visit func(*objstore.ObjectEntry) error) error {

	opener := listingOpener{keys: &s.keys, container: c}
	return s.Store.ListObjects(ctx, c, o, func(e *objstore.ObjectEntry) error {
		if envelope, ok := e.Extra.Lookup(fieldListing); ok {
			shown, err := opener.open(e.Name, envelope)
			if err != nil {
				shown = listedEntry{etag: UnknownETag}
			}
			e.ETag, e.Extra = shown.etag, shown.extra
		}
		return visit(e)
	})
}

// listingOpener keeps the container's cipher from entry to entry.
type listingOpener struct {
	keys      *Keys
	container objstore.ContainerID
	secretID  string
	aead      cipher.AEAD // of secretID, or nil
}

func (l *listingOpener) open(name, envelope string) (listedEntry, error) {
	secretID, rest, err := secretOf(envelope)
	if err != nil {
		return listedEntry{}, err
	}
	if l.aead == nil || l.secretID != secretID {
		if l.aead, err = l.keys.containerAEAD(secretID, l.container); err != nil {
			return listedEntry{}, err
		}
		l.secretID = secretID
	}
	plain, err := unseal(l.aead, rest, purposeListing, name)
	if err != nil {
		return listedEntry{}, err
	}
	d := decoder{rest: plain}
	shown := d.listed()
	return shown, d.end()
}
