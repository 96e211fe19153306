// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"context"
	"log/slog"
	"time"

	"needletail/objstore"
	"needletail/proxy/web"
)

// API serves metadata definitions.
type API struct {
	book *book
	now  func() time.Time
}

// Open reads all namespaces from the Store. now is the clock; the logger hears of
// records that cannot be read.
func Open(ctx context.Context, store objstore.Store, now func() time.Time, logger *slog.Logger) (*API, error) {
	b, err := openBook(ctx, store, logger)
	return &API{book: b, now: now}, err
}

// nowMicros returns the time in microseconds since the Unix epoch.
func (a *API) nowMicros() int64 { return a.now().UnixMicro() }

// Call is a request that the router has authorized.
type Call struct {
	*web.Request
	Project string   // the caller's project; "" without a project in scope
	Admin   bool     // whether the caller is an admin
	Vars    []string // the variables of the route's path: the namespace first
}

// Handler answers a call.
type Handler func(*API, *Call) (*web.Response, error)
