// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/auth/identity"
	"needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/objstore/encryption"
	"needletail/objstore/engine"
	"needletail/proxy/swift"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/web"
)

// embeddedKind is the engine of this process over the data folder and the
// devices.
type embeddedKind struct{ cfg *settings }

func (k embeddedKind) policies() objstore.Policies { return k.cfg.StoragePolicies() }

func (k embeddedKind) limits() swift.Limits {
	limits := swift.DefaultLimits()
	limits.FileBytes = k.cfg.Limits.MaxFileSizeBytes
	return limits
}

func (k embeddedKind) realms() (*containersync.Realms, error) { return k.cfg.ContainerSync.NewRealms() }

const (
	// indexBytes is the memory of one copy of the index outside of Go's heap:
	// the block cache and the memtables.
	indexBytes = 128 * mebi
	// uploadBytes is the memory of the buffers of uploads outside of Go's heap.
	// The buffers of uploads that wait for a turn are in embeddedConnectionBytes.
	uploadBytes = 128 * mebi
	// embeddedConnectionBytes is the memory of one connection beside the accounts
	// of memory: the buffer of an upload that waits for a turn, the goroutine, and
	// the buffers of the connection.
	embeddedConnectionBytes = 288 << 10
)

func (k embeddedKind) needs(b *budget) needs {
	options := k.cfg.engineOptions(nil)
	options.Index.OpenFilesMax = b.indexFiles
	files := options.OpenFiles()
	n := needs{
		memoryBytes:     uploadBytes + indexBytes,
		connectionBytes: embeddedConnectionBytes,
		storeFiles:      files.Store + identity.OpenFiles(len(k.cfg.Devices) > 0),
		requestFiles:    files.Request,
	}
	if len(k.cfg.Devices) > 0 {
		n.memoryBytes += indexBytes
	}
	return n
}

func (k embeddedKind) openHome(logger *slog.Logger) (identityHome, error) {
	if err := ensureDataFolder(k.cfg.Data); err != nil {
		return nil, err
	}
	return engine.Open(k.cfg.Data, k.cfg.engineOptions(logger))
}

func (k embeddedKind) open(logger *slog.Logger) (objects, error) {
	keys, err := k.cfg.Encryption.Keys()
	if err != nil {
		return nil, err
	}
	if err := ensureDataFolder(k.cfg.Data); err != nil {
		return nil, err
	}
	e, err := engine.Open(k.cfg.Data, k.cfg.engineOptions(logger))
	if err != nil {
		return nil, err
	}
	sealed := encryption.New(e, keys)
	if err := sealed.CheckSecrets(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("encryption: %w", err), e.Close())
	}
	return &embedded{cfg: k.cfg, engine: e, sealed: sealed}, nil
}

// embedded is the open engine, inside of encryption also without a root secret:
// reading an encrypted object is then an error, not garbage.
type embedded struct {
	cfg    *settings
	engine *engine.Engine
	sealed objstore.Store
}

func (e *embedded) store() objstore.Store { return e.sealed }

func (e *embedded) home() identityHome { return e.engine }

func (e *embedded) tokens() tempauth.TokenCache { return nil }

func (e *embedded) figures() []prometheus.Collector {
	return []prometheus.Collector{newEngineCollector(e.engine)}
}

func (e *embedded) ready() error { return e.engine.Ready() }

// serving has nothing to prepare.
func (e *embedded) serving(next web.Handler) web.Handler { return next }

func (e *embedded) serveControl(logger *slog.Logger) (stop func() error, err error) {
	return serveControl(e.cfg.Data, e.engine, logger)
}

func (e *embedded) syncStore() objstore.Store { return containersync.Record(e.sealed) }

func (e *embedded) syncWorker(logger *slog.Logger) (*containersync.Worker, error) {
	return e.cfg.ContainerSync.Worker(e.sealed, logger)
}

func (e *embedded) renamePolicies(policies objstore.Policies) error {
	return e.engine.RenamePolicies(policies)
}

func (e *embedded) close() error { return e.sealed.Close() }
