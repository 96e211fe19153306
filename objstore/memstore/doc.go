// Package memstore is the reference model of objstore.Store: maps in memory
// under one mutex. It is the oracle that other stores are compared with and
// the store of the tests above this layer, so it prefers the obvious to the
// fast: counters are recounted when asked for, and a listing filters all names.
//
// # Invariants
//
//   - An *object is never changed after it is in a container; a write puts
//     another one in its place. So an open object stays as it was.
//   - The mutex is not held while a body is read or while visit runs.
//   - Nothing that a caller passed in or got back is shared with the model.
//
// It keeps nothing across Close and needs memory for every body.
package memstore
