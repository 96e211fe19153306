// SPDX-License-Identifier: Apache-2.0

// Package memstore is the reference model of objstore.Store: maps in memory
// under one mutex. The model is the oracle for the real stores and the store of
// the tests above this layer, so it prefers the obvious to the fast: counters
// are recounted at each question, and a listing filters all names.
//
// # Invariants
//
//   - An *object in a container never changes. A write puts a new *object in
//     its place, so an open object stays as it was.
//   - The mutex is not held while a body is read or while visit runs.
//   - The model shares no memory with its callers' arguments and results.
//
// For tests, a model can withhold promises of the contract: Options.Guarantees
// and the table in weak.go.
//
// The model keeps nothing across Close and needs memory for every body.
package memstore
