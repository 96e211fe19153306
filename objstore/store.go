// SPDX-License-Identifier: Apache-2.0

package objstore

// Store is everything that the proxy asks of storage. The embedded engine and
// the reference model of the tests are Stores; a cluster of Swift's own servers
// can become a Store too. All methods are safe for concurrent use. Every error
// is an *Error.
type Store interface {
	AccountStore
	ContainerStore
	ObjectStore
	// Close waits for running operations and closes the store. Later calls
	// fail with KindClosed.
	Close() error
}
