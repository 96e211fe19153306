// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// record is a cached answer. target "" means a missing record, or, with err, an
// unknown record.
type record struct {
	target  string
	err     error
	expires time.Time
}

// lookups asks the resolver, remembers, and bounds how many ask at once.
type lookups struct {
	resolver Resolver
	cache    *lru.Cache[string, record]

	mu      sync.Mutex
	running int
	clients *lru.Cache[string, *asking] // those who asked last
}

// asking is the work for a client.
type asking struct {
	running int
	rate    *rate.Limiter
}

func newLookups(r Resolver) *lookups {
	cache, err := lru.New[string, record](maxCached)
	clients, err2 := lru.New[string, *asking](maxClients)
	if err = errors.Join(err, err2); err != nil {
		panic(err) // a size that is not positive
	}
	return &lookups{resolver: r, cache: cache, clients: clients}
}

// client returns the holder of an address: of IPv6, a client has a whole /64.
func client(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() || a.Is4In6() {
		return address
	}
	network, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// find returns the target of a name, "" for none. Errors: errBusy, or the
// reason of the failure.
func (l *lookups) find(ctx context.Context, client, name string) (string, error) {
	name = strings.ToLower(name)
	if known, ok := l.cache.Get(name); ok && time.Now().Before(known.expires) {
		return known.target, known.err
	}
	end, ok := l.begin(client)
	if !ok {
		return "", errBusy
	}
	defer end()
	question, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	target, ttl, err := l.resolver.LookupCNAME(question, name)
	if ctx.Err() != nil {
		return "", ctx.Err() // the client has gone, which says nothing of the name
	}
	target = strings.TrimSuffix(target, ".")
	switch {
	case err != nil:
		target, ttl = "", failureTTL
	case target == "":
		ttl = negativeTTL
	}
	l.cache.Add(name, record{target, err, time.Now().Add(min(max(ttl, minTTL), maxTTL))})
	return target, err
}

var errBusy = errors.New("too many lookups are under way")

// begin takes a place, and end gives the place back.
func (l *lookups) begin(client string) (end func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asks, known := l.clients.Get(client)
	if !known {
		asks = &asking{rate: rate.NewLimiter(questionsPerSecond, questionsBurst)}
		l.clients.Add(client, asks)
	}
	if l.running == maxLookups || asks.running == maxLookupsPerClient || !asks.rate.Allow() {
		return nil, false
	}
	l.running++
	asks.running++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.running--
		asks.running--
	}, true
}
