// SPDX-License-Identifier: Apache-2.0

// Package cnamelookup lets a client's own host name stand for a name below the
// storage domain (swift/common/middleware/cname_lookup.py). If www.example.org
// has the DNS record
//
//	www.example.org. CNAME c.AUTH-test.storage.example.com.
//
// a request for the host www.example.org goes on as a request for
// c.AUTH-test.storage.example.com, which middleware/domainremap takes apart. A
// chain of records is followed LookupDepth deep. A host without a target is
// 400. Addresses, hosts at or below the storage domain and the server's own
// names are left alone. Location and Content-Location of the answer have the
// client's host again.
//
// The cache keeps an answer for its time to live, from five seconds to an hour;
// a missing record for a minute; a failure for ten seconds. At most maxLookups
// questions are under way at once, and at most maxLookupsPerClient of a client,
// which has questionsPerSecond: beyond these bounds the answer is 503.
package cnamelookup

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Resolver asks DNS for a record. target is "" for a missing record.
type Resolver interface {
	LookupCNAME(ctx context.Context, name string) (target string, ttl time.Duration, err error)
}

// Config has the options of the filter.
type Config struct {
	StorageDomains []string // "example.com"; none: the filter does nothing
	LookupDepth    int      // 0 is Swift's default, 1
	// OwnHosts are names under which the server itself is reached.
	OwnHosts []string
	// Resolver answers; DNS is one that asks name servers.
	Resolver Resolver
}

const (
	defaultDepth = 1
	maxLookups   = 64
	// Bounds of a client: a client with a new Host in each request costs the
	// name server no more, and leaves places for the rest.
	maxLookupsPerClient = maxLookups / 4
	questionsPerSecond  = 50
	questionsBurst      = 100
	// maxClients are remembered with their questions.
	maxClients  = 4096
	maxCached   = 16384
	minTTL      = 5 * time.Second
	maxTTL      = time.Hour
	negativeTTL = time.Minute
	failureTTL  = 10 * time.Second
	// lookupTimeout bounds a question.
	lookupTimeout = 5 * time.Second
)

func (c Config) depth() int {
	if c.LookupDepth <= 0 {
		return defaultDepth
	}
	return c.LookupDepth
}

// Matches says whether a host will be looked up.
func (c Config) Matches(host string) bool {
	name, _ := splitPort(host)
	if name == "" || len(c.StorageDomains) == 0 || c.stored(name) {
		return false
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return false
	}
	return !slices.ContainsFunc(c.OwnHosts, func(own string) bool { return strings.EqualFold(own, name) })
}

// stored says whether a name is at or below a storage domain.
func (c Config) stored(name string) bool {
	return slices.ContainsFunc(c.StorageDomains, func(domain string) bool {
		domain = strings.TrimPrefix(domain, ".")
		return domain != "" && strings.HasSuffix("."+name, "."+domain)
	})
}

// splitPort cuts ":port", with its colon.
func splitPort(host string) (name, port string) {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || strings.HasSuffix(host, "]") {
		return host, ""
	}
	return host[:colon], host[colon:]
}

// New makes the middleware.
func New(c Config) swift.Middleware {
	l := newLookups(c.Resolver)
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if !c.Matches(r.Host) {
				return next.Serve(r)
			}
			asked := r.Host
			name, port := splitPort(asked)
			found, err := c.follow(r.Context(), l, client(r.RemoteAddr), name)
			if err != nil {
				return nil, err
			}
			r.Host = found + port
			res, err := next.Serve(r)
			if err != nil {
				return nil, err
			}
			for i, f := range res.Header {
				if strings.EqualFold(f.Name, "Location") || strings.EqualFold(f.Name, "Content-Location") {
					res.Header[i].Value = mapBack(f.Value, found+port, asked)
				}
			}
			return res, nil
		})
	}
}

// follow returns the name below the storage domain for name.
func (c Config) follow(ctx context.Context, l *lookups, client, name string) (string, error) {
	for range c.depth() {
		target, err := l.find(ctx, client, name)
		switch {
		case errors.Is(err, errBusy):
			return "", &web.StatusError{Status: 503, Err: err, Header: web.Header{{Name: "Retry-After", Value: "1"}}}
		case err != nil || target == "" || target == name:
			return "", &web.StatusError{
				Status: 400, ContentType: "text/plain", Err: err,
				Body: "CNAME lookup failed to resolve to a valid domain",
			}
		case c.stored(target):
			return target, nil
		}
		name = target
	}
	return "", web.Textf(400, "CNAME lookup failed after %d tries", c.depth())
}

// mapBack replaces the host of a URL, if the host is found, with asked.
func mapBack(url, found, asked string) string {
	for _, scheme := range []string{"http://", "https://"} {
		rest, ok := strings.CutPrefix(url, scheme+found)
		if ok && (rest == "" || rest[0] == '/') {
			return scheme + asked + rest
		}
	}
	return url
}
