// SPDX-License-Identifier: Apache-2.0

// Package certificates holds the certificates with which the server speaks
// TLS, and reads them again when their files change.
//
// # Vocabulary
//
// A pair is a file with a certificate and its chain, and a file with the
// private key, both PEM. A set is the pairs of the server together with the
// authorities of the clients' certificates. A client that names a server (SNI)
// is shown the first pair that fits the name and the client's algorithms. Any
// other client is shown the first pair.
//
// # Invariants
//
//   - A set is whole. If a file cannot be read, or a key does not belong to its
//     certificate, the set before goes on, and the error says why.
//   - A handshake uses a single set from its beginning to its end.
//   - No error and no log line has a byte of a private key.
package certificates
