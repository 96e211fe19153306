package objstore

// Store is all that the proxy asks of storage: the embedded engine, the
// reference model of the tests, and one day a cluster of Swift's own servers.
// All methods are safe for concurrent use. Every error is an *Error.
type Store interface {
	AccountStore
	ContainerStore
	ObjectStore
	// Close waits for running operations and closes the store. Later calls
	// fail with KindClosed.
	Close() error
}
