// SPDX-License-Identifier: Apache-2.0

// Package encryption is encryption at rest: a Store around a Store. The layers
// above see plaintext bytes, lengths, MD5s and metadata. The layers below, and
// so the disk, see ciphertext. Conditional requests, ranges, copies, manifests,
// links, versions and images go through unchanged, because all of them are
// above. The package stands where Swift's keymaster and encryption filters
// stand (swift/common/middleware/crypto).
//
// # Vocabulary
//
//   - A root secret is at least 32 random bytes, known by a secret id. New
//     objects are written under the active secret. An object names its secret
//     and is read under it, so secrets can be rotated.
//   - A body key is 32 random bytes, with a random 16-byte IV, for a single PUT
//     of an object. The stored body is AES-256-CTR of the plaintext, of the
//     same length.
//   - An object key is HMAC-SHA256 of the object's name under a root secret. It
//     seals the body key and the description of the object.
//   - An envelope is a sealed value: AES-256-GCM with a random nonce, bound to
//     the object's name and to the purpose of the envelope (envelope.go).
//
// # Stored form
//
//	X-Object-Sysmeta-Crypto-Body   envelope of the body key, IV, plaintext MD5
//	                               and SHA-512, sysmeta, overridden listing;
//	                               bound to the store's ETag too
//	X-Object-Transient-Sysmeta-Crypto-Meta
//	                               envelope of user metadata and stored headers;
//	                               a POST replaces it
//	Listing.Extra["crypto"]        envelope of the listed ETag and extra keys
//
// and an empty object for each root secret in use now or before (check.go).
// With these objects a wrong secret is refused before anything is read or
// written.
//
// Not encrypted: names, sizes, times, content types, expiry, the metadata of
// accounts and containers.
//
// # Invariants
//
//   - An envelope that does not open is an error, never plaintext: a wrong
//     secret, a changed byte, an envelope of another object or of another body.
//   - Objects written before encryption was turned on stay readable. Encrypted
//     objects stay readable after it was turned off, as long as the secret is
//     there.
//   - The body itself is not sealed: the store's checksums find rot, but a
//     writer on the disk can flip bits of a body.
package encryption
