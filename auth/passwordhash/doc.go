// Package passwordhash verifies the password hashes that a Keystone may hold:
// bcrypt, bcrypt_sha256, scrypt, pbkdf2_sha512 and sha512_crypt, as passlib
// writes them (keystone/common/password_hashing.py). It makes new ones of
// bcrypt_sha256 alone.
//
// Vocabulary: a scheme is one of those; the work of a hash is what verifying
// one password costs, in time and memory.
//
// # Invariants
//
//   - Parse refuses a hash whose work is above the limits: no hash, however it
//     came to be stored, takes the process's memory or holds a processor for
//     more than seconds.
//   - No input makes Parse panic. Sums are compared in constant time.
package passwordhash
