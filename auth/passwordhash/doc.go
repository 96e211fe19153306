// SPDX-License-Identifier: Apache-2.0

// Package passwordhash verifies the password hashes that a Keystone may hold:
// bcrypt, bcrypt_sha256, scrypt, pbkdf2_sha512 and sha512_crypt, as passlib
// writes them (keystone/common/password_hashing.py). New hashes are of
// bcrypt_sha256 alone.
//
// Vocabulary: a scheme is a kind of hash; the work of a hash is the cost of
// verifying one password, in time and memory.
//
// # Invariants
//
//   - Parse refuses a hash whose work is above the limits: no stored hash takes
//     the memory of the process or a processor for more than seconds.
//   - No input makes Parse panic. Sums are compared in constant time.
package passwordhash
