// SPDX-License-Identifier: Apache-2.0

// Package wiretest is a node for tests: a server on a real socket that takes
// the requests of Swift's backend protocol apart and answers by functions of
// the test. Only tests import the package.
//
// # Vocabulary
//
// A Handler has a function for each moment at which a node can speak: before
// the body (Expect), after the first body of an upload in two phases (Stored),
// and at the end (Final). An Answer may also break the connection, at once or
// inside its body, or hang until the client leaves.
package wiretest
