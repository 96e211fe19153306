// SPDX-License-Identifier: Apache-2.0

// Package swiftcrypto is the stored form of objects that Swift's filters
// keymaster and encryption wrote (swift/common/middleware/crypto): pure functions
// of root secrets, names, heads and bytes.
//
// # Vocabulary
//
//   - A root secret is at least 32 bytes, known by an id. New objects are written
//     under the active secret. The id "" is that of Swift's encryption_root_secret.
//   - An object key is HMAC-SHA256 of "/account/container/object" under a root
//     secret, and a container key that of "/account/container".
//   - A key id says of which secret and path a key was made. The key id lies beside
//     what the key encrypts.
//   - A crypto-meta is JSON, quoted for a URL: cipher, IV, and where needed the key
//     id and the wrapped key of a body.
//   - A sealed value is base64 of AES-256-CTR of the value, then "; swift_meta="
//     and the crypto-meta.
//
// # Stored form
//
//	body                                        AES-256-CTR under a random body key
//	X-Object-Sysmeta-Crypto-Body-Meta           crypto-meta of the body, with the
//	                                            body key wrapped under the object key
//	X-Object-Sysmeta-Crypto-Etag                sealed MD5 of the plaintext
//	X-Object-Sysmeta-Crypto-Etag-Mac            HMAC-SHA256 of the MD5 under the object
//	                                            key, for conditions
//	X-Object-Transient-Sysmeta-Crypto-Meta-NAME sealed X-Object-Meta-NAME
//	X-Object-Transient-Sysmeta-Crypto-Meta      cipher and key id of the metadata
//	X-Object-Sysmeta-Container-Update-Override-Etag
//	                                            sealed ETag of the listing, under the
//	                                            container key
//
// Names, sizes, times, content types, stored headers and all other sysmeta are in
// clear. An empty body is stored in clear.
//
// # Invariants
//
//   - The form carries no checksum: a changed byte of ciphertext is a changed byte
//     of plaintext, and a wrong secret gives other bytes.
//   - No error and no String shows a secret, a key or a sealed value.
package swiftcrypto
