// Package storetest is the conformance suite that every objstore.Store runs,
// and nothing but test code.
//
//   - Run asks every promise of the contract in named subtests.
//   - RunRandom drives a store and objstore/memstore in lock-step with random
//     operations and compares every result, listing and counter.
//   - CheckCounts recounts one account.
//   - Benchmark measures small puts.
//
// # What open must give
//
// An empty store with the policies of Policies, whose background work does not
// reap expired objects while a test runs: an object with DeleteAt 1 must stay
// until the suite removes it. The suite closes the store.
//
// # Vocabulary
//
// A subdir in an expected listing is written sub("dir/"). An expired object is
// made by a DeleteAt in the past, so no test waits for time to pass.
package storetest
