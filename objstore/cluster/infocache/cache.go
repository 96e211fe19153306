// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"time"
)

// ValueBytesMax bounds a value. memcached's own default is 1 MiB, which
// operators of big sharded containers raise.
const ValueBytesMax = 4 << 20

// The defaults of Swift (swift/common/memcached.py, swift/proxy/server.py).
const (
	DefaultConnectTimeout = 300 * time.Millisecond
	DefaultIOTimeout      = 2 * time.Second
	DefaultPoolTimeout    = time.Second
	DefaultTries          = 3
	DefaultErrorLimit     = 10
	DefaultErrorInterval  = 60 * time.Second
	DefaultAccountLife    = 60 * time.Second
	DefaultContainerLife  = 60 * time.Second
	DefaultListingLife    = 600 * time.Second
	DefaultUpdatingLife   = 3600 * time.Second
)

// DefaultMaxConns is the number of connections to a server. Swift has 2 in each
// of its workers; needletail is a single process.
const DefaultMaxConns = 16

// DefaultLocalKeys and localBytesMax bound the cache in the process.
const (
	DefaultLocalKeys = 10_000
	localBytesMax    = 32 << 20
)

// Config is the argument of New. Zero values mean the defaults.
type Config struct {
	// Servers are the texts of Swift's memcache_servers, byte for byte: the
	// texts decide which server has a key. Without servers the cache is in the
	// process.
	Servers []string

	ConnectTimeout time.Duration
	IOTimeout      time.Duration // of a request and its answer
	PoolTimeout    time.Duration // for a free connection
	Tries          int           // servers that a call asks
	MaxConns       int           // to a server
	ErrorLimit     int
	ErrorInterval  time.Duration // negative: no server rests
	TLS            *tls.Config   // nil: plain TCP

	LocalKeys int // of the cache in the process

	// The lives. An account or a container that is not there lives a tenth.
	AccountLife, ContainerLife time.Duration
	ListingLife, UpdatingLife  time.Duration

	// FetchTime is how long the container servers take to tell the shards of a
	// container, on average. FetchTokens is how many requests of all proxies ask
	// at once; negative: all that need the shards. See FetchShardUpdating.
	FetchTime   time.Duration
	FetchTokens int

	// WholeRanges says that Swift's proxies are of version 2.30: they share
	// whole shard ranges under other names.
	WholeRanges bool

	Log *slog.Logger // nil: slog.Default
}

// withDefaults returns c with every zero replaced.
func (c Config) withDefaults() Config {
	duration := func(d *time.Duration, byDefault time.Duration) {
		if *d == 0 {
			*d = byDefault
		}
	}
	duration(&c.FetchTime, DefaultFetchTime)
	if c.FetchTokens == 0 {
		c.FetchTokens = DefaultFetchTokens
	}
	number := func(n *int, byDefault int) {
		if *n <= 0 {
			*n = byDefault
		}
	}
	duration(&c.ConnectTimeout, DefaultConnectTimeout)
	duration(&c.IOTimeout, DefaultIOTimeout)
	duration(&c.PoolTimeout, DefaultPoolTimeout)
	duration(&c.ErrorInterval, DefaultErrorInterval)
	duration(&c.AccountLife, DefaultAccountLife)
	duration(&c.ContainerLife, DefaultContainerLife)
	duration(&c.ListingLife, DefaultListingLife)
	duration(&c.UpdatingLife, DefaultUpdatingLife)
	number(&c.Tries, DefaultTries)
	number(&c.MaxConns, DefaultMaxConns)
	number(&c.ErrorLimit, DefaultErrorLimit)
	number(&c.LocalKeys, DefaultLocalKeys)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// ErrUnavailable: no server of the key answered.
var ErrUnavailable = errors.New("no memcached server answered")

// ErrValueTooLong: the value is longer than ValueBytesMax.
var ErrValueTooLong = errors.New("the value is too long for the cache")

// The flags of a value (swift/common/memcached.py). An integer has none.
const (
	flagPickle = 1
	flagJSON   = 2
)

// value is what a backend keeps under a name.
type value struct {
	bytes []byte
	flags uint32
}

// backend keeps values. A life is at least a second.
type backend interface {
	// get returns errMiss if the name is not there.
	get(ctx context.Context, name string) (value, error)
	set(ctx context.Context, name string, v value, life time.Duration) error
	remove(ctx context.Context, name string) error
	// add adds delta to a number, or sets delta under a missing name.
	add(ctx context.Context, name string, delta uint64, life time.Duration) (uint64, error)
	close() error
}

// errMiss: the name is not there.
var errMiss = errors.New("not cached")

// Cache is the cache of a proxy. A Cache is safe for concurrent use.
type Cache struct {
	conf    Config
	backend backend
	after   func(time.Duration) <-chan time.Time // time.After

	accounts   *memo[AccountInfo]
	containers *memo[ContainerInfo]
	shards     *memo[[]Namespace]
}

// New makes a cache. No server is asked yet.
func New(c Config) (*Cache, error) {
	c = c.withDefaults()
	cache := &Cache{
		conf: c, after: time.After, accounts: newMemo(decodeAccount), containers: newMemo(decodeContainer), shards: newMemo(decodeBounds),
	}
	if c.WholeRanges {
		cache.shards = newMemo(decodeRanges)
	}
	if len(c.Servers) == 0 {
		cache.backend = newLocal(c.LocalKeys)
		return cache, nil
	}
	s, err := newShared(c)
	if err != nil {
		return nil, err
	}
	cache.backend = s
	return cache, nil
}

// Shared says whether the cache is in memcached, and so is seen by all proxies.
func (c *Cache) Shared() bool { return len(c.conf.Servers) > 0 }

// WholeRanges says whether SetShardListing and FetchShardUpdating need
// Namespace.Range: then the container server must be asked for whole ranges.
func (c *Cache) WholeRanges() bool { return c.conf.WholeRanges }

// Close closes idle connections. Later calls miss.
func (c *Cache) Close() error { return c.backend.close() }

// Get returns the JSON value of a name, which must not be changed. A value that is not there, or is of
// another kind, or cannot be had, is not ok.
func (c *Cache) Get(ctx context.Context, name string) (json []byte, ok bool) {
	v, err := c.look(ctx, name)
	if err != nil || v.flags&flagPickle != 0 {
		return nil, false
	}
	if v.flags&flagJSON == 0 {
		v.bytes = bytes.TrimRight(v.bytes, " ") // memcached pads after a decr
		return v.bytes, isInteger(v.bytes)
	}
	return v.bytes, true
}

func isInteger(b []byte) bool {
	digits := bytes.TrimPrefix(b, []byte("-"))
	return len(digits) > 0 && len(bytes.TrimLeft(digits, "0123456789")) == 0
}

// Set keeps a JSON value for a life, and the bytes must not change. A life below a second, which memcached
// would take for no end at all, is a second. The error may be ignored: a cache
// forgets.
func (c *Cache) Set(ctx context.Context, name string, json []byte, life time.Duration) error {
	if len(json) > ValueBytesMax {
		return ErrValueTooLong
	}
	expectedOf(ctx).forget(name)
	return c.backend.set(ctx, name, value{json, flagJSON}, max(life, time.Second))
}

// Delete removes a name. The error may be ignored, if a value that stays for
// its life does no harm.
func (c *Cache) Delete(ctx context.Context, name string) error {
	expectedOf(ctx).forget(name)
	return c.backend.remove(ctx, name)
}

// Incr adds delta to the number of a name and returns the sum. A missing number
// becomes delta, for a life.
func (c *Cache) Incr(ctx context.Context, name string, delta uint64, life time.Duration) (uint64, error) {
	return c.backend.add(ctx, name, delta, max(life, time.Second))
}
