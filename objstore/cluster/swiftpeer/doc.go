// SPDX-License-Identifier: Apache-2.0

// Package swiftpeer runs OpenStack Swift's own code, and memcached, beside the
// tests that compare. The code is python3-swift, or the source in the folder
// $SWIFT_SRC. Only tests of the build tag "interop" import the package.
//
// # Vocabulary
//
// A peer is a Python script that answers questions: one JSON value per line on
// standard input, one JSON answer per line on standard output.
package swiftpeer
