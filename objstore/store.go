// SPDX-License-Identifier: Apache-2.0

package objstore

// Store is everything that the proxy asks of storage. The embedded engine, the
// reference model of the tests, and a cluster of Swift's own servers are Stores.
// All methods are safe for concurrent use. Every error is an *Error.
type Store interface {
	AccountStore
	ContainerStore
	ObjectStore
	// Guarantees are the promises that the Store keeps. The answer never
	// changes.
	Guarantees() Guarantees
	// Close waits for running operations and closes the store. Later calls
	// fail with KindClosed.
	Close() error
}
