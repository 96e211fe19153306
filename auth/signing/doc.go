// SPDX-License-Identifier: Apache-2.0

// Package signing checks signatures: temporary URLs and signed forms, which let
// somebody without a token use one object for a while (swift/common/digest.py,
// swift/common/middleware/{tempurl,formpost}.py), and the signatures of Amazon's
// EC2 and S3 (AWSRequest, AWSStringToSign).
//
// Vocabulary: a key is a value of X-Account-Meta-Temp-URL-Key(-2) or
// X-Container-Meta-Temp-URL-Key(-2); a message is the signed text; a Signature
// is the claim of a client; a Scope says how far a valid signature reaches.
//
// # Invariants
//
//   - MACs are compared in constant time.
//   - Each MAC has one spelling of each kind: lower-case hex, or base64 without
//     stray bits.
//   - A digest of Swift's signatures counts only if the configuration allows the
//     digest. Amazon's versions fix their digests.
package signing
