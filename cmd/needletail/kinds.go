// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/web"
)

// kind is a kind of storage before the storage is open: what the rest of the
// server must know to divide the machine and to answer /info.
type kind interface {
	// policies and limits stand in /info and bound the requests of clients.
	policies() objstore.Policies
	limits() swift.Limits
	// realms are those of container sync. nil: there are no realms.
	realms() (*containersync.Realms, error)
	// needs returns the memory and the open files beside connections, in a process
	// with the open files of b.
	needs(b *budget) needs
	// open opens the storage.
	open(logger *slog.Logger) (objects, error)
	// openHome opens only the place of the identities, for commands that need no
	// object. The error is errUsage if the server has no identities.
	openHome(logger *slog.Logger) (identityHome, error)
}

// needs is the share of the machine that a kind of storage takes.
type needs struct {
	// memoryBytes lie outside of Go's heap, however few requests there are.
	memoryBytes int64
	// connectionBytes are for each connection, beside the accounts of memory.
	connectionBytes int64
	// storeFiles are open beside requests; requestFiles are open for each request,
	// without the connection of the client.
	storeFiles, requestFiles int
}

// objects is an open storage of objects, of any kind.
type objects interface {
	// store is the Store for everything above.
	store() objstore.Store
	// home is the place of the identities. nil: the server has no identities of
	// its own.
	home() identityHome
	// tokens keeps the tokens of TempAuth together with further proxies. nil: there
	// is no such place, and the tokens are in memory.
	tokens() tempauth.TokenCache
	// figures are the metrics of the kind.
	figures() []prometheus.Collector
	// ready returns why requests would fail, in words that everybody may read.
	ready() error
	// serving prepares the requests of clients for the storage.
	serving(next web.Handler) web.Handler
	// serveControl answers commands of the operator until the caller calls stop.
	serveControl(logger *slog.Logger) (stop func() error, err error)
	// syncStore returns the Store for the requests of clients in a server with
	// realms. syncWorker returns the worker that compares containers with other
	// clusters. nil: a daemon of somebody else compares containers.
	syncStore() objstore.Store
	syncWorker(logger *slog.Logger) (*containersync.Worker, error)
	// renamePolicies gives the policies other names, another default and other
	// deprecations.
	renamePolicies(objstore.Policies) error
	// close closes the storage and its home.
	close() error
}

// identityHome is the data folder as the store of the identities sees the
// folder: locked, with an id, with notes of the parts that were made, and
// perhaps with a second disk.
type identityHome interface {
	ID() string
	Noted(part string) bool
	Note(parts ...string) error
	Forget(parts ...string) error
	// MirrorDir is the folder of the second copy on a second disk, or "".
	MirrorDir() string
	// IdentityCopies takes the news of the two copies: nil, or why a copy was lost.
	IdentityCopies(lost error)
	// Reserve returns an error unless the disk has room for the bytes.
	Reserve(bytes int64) error
	Close() error
}

// kind returns the kind of storage of the configuration.
func (s *settings) kind() kind {
	if s.Cluster.On() {
		return clusterKind{s}
	}
	return embeddedKind{s}
}
