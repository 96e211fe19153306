// Package encryption is encryption at rest: a Store around a Store. What is
// above it sees plaintext bytes, lengths, MD5s and metadata; what is below it,
// and so the disk, sees ciphertext. Conditional requests, ranges, copies,
// manifests, links, versions and images go through unchanged, because all of
// them are above. It stands where Swift's keymaster and encryption filters stand
// (swift/common/middleware/crypto).
//
// # Vocabulary
//
//   - A root secret is at least 32 random bytes, known by a secret id. New
//     objects are written under the active one; each is read under the one that
//     it names, so a secret can be rotated.
//   - A body key is 32 random bytes, with a random 16-byte IV, for one PUT of
//     one object: its body is AES-256-CTR of the plaintext, of the same length.
//   - An object key is HMAC-SHA256 of the object's name under a root secret. It
//     seals the body key and all that is known of the object.
//   - An envelope is a sealed value: AES-256-GCM with a random nonce, bound to
//     the object's name and to what the envelope is for (envelope.go).
//
// # What is stored
//
//	X-Object-Sysmeta-Crypto-Body   envelope of the body key, IV, plaintext MD5
//	                               and SHA-512, sysmeta, overridden listing;
//	                               bound to the store's ETag too
//	X-Object-Transient-Sysmeta-Crypto-Meta
//	                               envelope of user metadata and stored headers;
//	                               a POST replaces it
//	Listing.Extra["crypto"]        envelope of the listed ETag and extra keys
//
// and an empty object for each root secret that was in use (check.go), by which
// a wrong one is refused before anything is read or written.
//
// Not encrypted: names, sizes, times, content types, expiry, the metadata of
// accounts and containers.
//
// # Invariants
//
//   - An envelope that does not open is an error, never plaintext: a wrong
//     secret, a changed byte, an envelope of another object or of another body.
//   - Objects written before encryption was turned on stay readable, and so do
//     encrypted ones after it was turned off, as long as the secret is there.
//   - The body itself is not sealed: rot is found by the store's checksums, but
//     one who can write the disk can flip bits of it.
package encryption
