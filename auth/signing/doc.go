// Package signing checks the signatures by which someone without a token may
// use one object for a while: temporary URLs and signed forms
// (swift/common/digest.py, swift/common/middleware/{tempurl,formpost}.py).
//
// Vocabulary: a key is a value of X-Account-Meta-Temp-URL-Key(-2) or
// X-Container-Meta-Temp-URL-Key(-2); a message is what was signed; a Signature
// is what a client claims; a Scope is what a valid one allows.
//
// # Invariants
//
//   - MACs are compared in constant time, and never as text.
//   - Of each signature there is one spelling of each kind: lower-case hex, or
//     base64 without stray bits.
//   - A digest counts only if the configuration allows it.
package signing
