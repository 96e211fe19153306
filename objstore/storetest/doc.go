// SPDX-License-Identifier: Apache-2.0

// Package storetest is the conformance suite of every objstore.Store, and
// nothing but test code.
//
//   - Run asks every promise of the contract in named subtests.
//   - RunRandom drives a store and objstore/memstore in lock-step with random
//     operations and compares every result, listing and counter.
//   - CheckCounts recounts an account.
//   - Benchmark measures small puts.
//
// # The stores under test
//
// open must return an empty store with the policies of Policies. Background
// work of the store must not reap expired objects while a test runs: an object
// with DeleteAt 1 must stay until the suite removes it. The suite closes the
// store.
//
// # Promises
//
// A case asks strictly for what the store's Guarantees promise. Where a promise
// is withheld, the case asks for the state that follows: the same check runs
// again until the check passes, at most settleTries times (settle.go). Cases
// that only the promise makes true, such as a single winner of two concurrent
// writes, ask for a whole state in place of a certain state.
//
// # Vocabulary
//
// A subdir in an expected listing is written sub("dir/"). A DeleteAt in the
// past makes an expired object, so no test waits for time to pass, except
// with a store that refuses such a DeleteAt.
package storetest
