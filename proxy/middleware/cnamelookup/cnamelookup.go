// Package cnamelookup lets a client's own host name stand for one below the
// storage domain (swift/common/middleware/cname_lookup.py). If www.example.org
// has the DNS record
//
//	www.example.org. CNAME c.AUTH-test.storage.example.com.
//
// a request for the host www.example.org goes on as one for the other, which
// middleware/domainremap takes apart. A chain of records is followed LookupDepth
// deep. A host that leads nowhere is 400. Addresses, hosts at or below the
// storage domain and the server's own names are left alone. Location and
// Content-Location of the answer have the client's host again.
//
// Answers are cached for their time to live, an hour at most; that there is
// none, for a minute. At most maxLookups questions are under way at once.
package cnamelookup

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// Resolver asks DNS for one record. target is "" if there is none.
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
	maxCached    = 16384
	maxTTL       = time.Hour
	negativeTTL  = time.Minute
	// lookupTimeout bounds one question.
	lookupTimeout = 5 * time.Second
)

// Info is the filter's section of /info.
func (c Config) Info() *swift.InfoSection {
	return &swift.InfoSection{Name: "cname_lookup", Value: pyjson.Object{{Key: "lookup_depth", Value: c.depth()}}}
}

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
	cache, err := lru.New[string, record](maxCached)
	if err != nil {
		panic(err) // a size that is not positive
	}
	l := &lookups{resolver: c.Resolver, cache: cache}
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*swift.Response, error) {
			if !c.Matches(r.Host) {
				return next.Serve(r)
			}
			asked := r.Host
			name, port := splitPort(asked)
			found, err := c.follow(r.Context(), l, name)
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

// follow gives the name below the storage domain that name stands for.
func (c Config) follow(ctx context.Context, l *lookups, name string) (string, error) {
	for range c.depth() {
		target, err := l.find(ctx, name)
		switch {
		case err != nil || target == "" || target == name:
			return "", &swift.StatusError{
				Status: 400, ContentType: "text/plain", Err: err,
				Body: "CNAME lookup failed to resolve to a valid domain",
			}
		case c.stored(target):
			return target, nil
		}
		name = target
	}
	return "", swift.Textf(400, "CNAME lookup failed after %d tries", c.depth())
}

// mapBack turns the host of a URL, if it is found, into asked.
func mapBack(url, found, asked string) string {
	for _, scheme := range []string{"http://", "https://"} {
		rest, ok := strings.CutPrefix(url, scheme+found)
		if ok && (rest == "" || rest[0] == '/') {
			return scheme + asked + rest
		}
	}
	return url
}

// record is a cached answer; target "" says that there is none.
type record struct {
	target  string
	expires time.Time
}

// lookups asks the resolver, remembers, and bounds how many ask at once.
type lookups struct {
	resolver Resolver
	cache    *lru.Cache[string, record]
	mu       sync.Mutex
	running  int
}

func (l *lookups) find(ctx context.Context, name string) (string, error) {
	name = strings.ToLower(name)
	if known, ok := l.cache.Get(name); ok && time.Now().Before(known.expires) {
		return known.target, nil
	}
	if !l.begin() {
		return "", errBusy
	}
	defer l.end()
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	target, ttl, err := l.resolver.LookupCNAME(ctx, name)
	if err != nil {
		return "", err
	}
	if target == "" {
		ttl = negativeTTL
	}
	target = strings.TrimSuffix(target, ".")
	l.cache.Add(name, record{target, time.Now().Add(min(ttl, maxTTL))})
	return target, nil
}

var errBusy = &net.DNSError{Err: "too many lookups are under way"}

func (l *lookups) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == maxLookups {
		return false
	}
	l.running++
	return true
}

func (l *lookups) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
}
