// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// shared is the backend of memcached servers. The client library knows a single
// server for a key; Swift asks up to three. So each server has a client of its
// own, and shared goes from server to server.
type shared struct {
	ring    ring
	servers []*server
	tries   int
	pool    time.Duration
	log     *slog.Logger
	now     func() time.Time
}

// server is a memcached server.
type server struct {
	name   string
	client *memcache.Client // for all but reading
	getter *getter
	slots  chan struct{} // a place for each connection
	limiter
}

// newShared makes the clients. No connection is made yet.
func newShared(c Config) (*shared, error) {
	r, err := newRing(c.Servers)
	if err != nil {
		return nil, err
	}
	s := &shared{ring: r, tries: c.Tries, pool: c.PoolTimeout, log: c.Log, now: time.Now}
	for _, name := range c.Servers {
		address, err := addressOf(name)
		if err != nil {
			return nil, err
		}
		client := memcache.NewFromSelector(address)
		idleMax := max(c.MaxConns/2, 1) // the getter has the other half
		client.Timeout, client.MaxIdleConns = c.IOTimeout, idleMax
		client.DialContext = guardedDialer(c)
		dial := dialer(c)
		s.servers = append(s.servers, &server{
			name: name, client: client,
			getter: &getter{
				dial:    func(ctx context.Context) (net.Conn, error) { return dial(ctx, address.Network(), address.String()) },
				timeout: c.IOTimeout, idleMax: idleMax,
			},
			slots:   make(chan struct{}, c.MaxConns),
			limiter: limiter{limit: c.ErrorLimit, interval: c.ErrorInterval},
		})
	}
	return s, nil
}

// guardedDialer returns the function that connects for the client library, with a
// limit of bytes too.
func guardedDialer(c Config) func(context.Context, string, string) (net.Conn, error) {
	dial := dialer(c)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &guardedConn{Conn: conn}, nil
	}
}

// dialer returns the function that connects, with a limit of time.
func dialer(c Config) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
		defer cancel()
		if c.TLS == nil {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return (&tls.Dialer{Config: c.TLS}).DialContext(ctx, network, address)
	}
}

// fixedAddress is the only server of a client. The host's name is looked up
// with each connection.
type fixedAddress string

// Network is that of a net.Addr.
func (fixedAddress) Network() string { return "tcp" }

// String is "host:port".
func (a fixedAddress) String() string { return string(a) }

// PickServer returns the only server.
func (a fixedAddress) PickServer(string) (net.Addr, error) { return a, nil }

// Each calls f for the only server.
func (a fixedAddress) Each(f func(net.Addr) error) error { return f(a) }

// defaultPort is that of memcached.
const defaultPort = "11211"

// addressOf reads a server of memcache_servers: a host, "host:port",
// "[IPv6]" or "[IPv6]:port" (swift/common/utils: parse_socket_string).
func addressOf(server string) (fixedAddress, error) {
	host, port := server, defaultPort
	switch {
	case strings.HasPrefix(server, "[") && strings.HasSuffix(server, "]"):
		host = server[1 : len(server)-1]
	case strings.Contains(server, ":"):
		var err error
		if host, port, err = net.SplitHostPort(server); err != nil {
			return "", fmt.Errorf("memcached server %q: %w", server, err)
		}
	}
	if host == "" || port == "" {
		return "", fmt.Errorf("memcached server %q has no host or no port", server)
	}
	return fixedAddress(net.JoinHostPort(host, port)), nil
}

// each asks the servers of a name in turn until a server answers. A miss is an
// answer.
func (s *shared) each(ctx context.Context, name string, ask func(s *server, key string) error) error {
	key := keyOf(name)
	for _, i := range s.ring.order(key, s.tries) {
		server := s.servers[i]
		if server.resting(s.now()) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.one(ctx, server, key, ask)
		if err == nil || errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrNotStored) {
			return err
		}
		if ctx.Err() != nil || tooLarge(err) {
			return err
		}
		if server.failed(s.now()) {
			s.log.Warn("memcached server rests after too many errors", "server", server.name, "error", err)
		}
	}
	return ErrUnavailable
}

// one asks a server, with one of its connections.
func (s *shared) one(ctx context.Context, server *server, key string, ask func(*server, string) error) error {
	select {
	case server.slots <- struct{}{}:
	default:
		ctx, cancel := context.WithTimeout(ctx, s.pool)
		defer cancel()
		select {
		case server.slots <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("memcached server %s: no free connection: %w", server.name, ctx.Err())
		}
	}
	defer func() { <-server.slots }()
	return ask(server, key)
}

// tooLarge says whether a server is well and has no room for a value of this
// size. Swift counts this as an error of the server, and such values send a
// server to rest for everybody.
func tooLarge(err error) bool {
	return strings.Contains(err.Error(), "SERVER_ERROR object too large")
}

func (s *shared) get(ctx context.Context, name string) (value, error) {
	v, found := value{}, false
	err := s.each(ctx, name, func(s *server, key string) error {
		return s.getter.get(ctx, []string{key}, func(_ int, got value) { v, found = got, true })
	})
	if err == nil && !found {
		err = errMiss
	}
	return v, err
}

func (s *shared) set(ctx context.Context, name string, v value, life time.Duration) error {
	return s.each(ctx, name, func(to *server, key string) error {
		return to.client.Set(&memcache.Item{Key: key, Value: v.bytes, Flags: v.flags, Expiration: expiration(s.now(), life)})
	})
}

func (s *shared) remove(ctx context.Context, name string) error {
	err := s.each(ctx, name, func(s *server, key string) error { return s.client.Delete(key) })
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil
	}
	return err
}

// add increments, and where there is nothing to increment adds. The number of
// another process may come in between; then the second increment finds it
// (swift/common/memcached.py: incr).
func (s *shared) add(ctx context.Context, name string, delta uint64, life time.Duration) (uint64, error) {
	var sum uint64
	err := s.each(ctx, name, func(to *server, key string) error {
		c := to.client
		var err error
		if sum, err = c.Increment(key, delta); !errors.Is(err, memcache.ErrCacheMiss) {
			return err
		}
		sum, err = delta, c.Add(&memcache.Item{Key: key, Value: fmt.Append(nil, delta), Expiration: expiration(s.now(), life)})
		if !errors.Is(err, memcache.ErrNotStored) {
			return err
		}
		sum, err = c.Increment(key, delta)
		return err
	})
	return sum, err
}

func (s *shared) close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.client.Close(), server.getter.close())
	}
	return errors.Join(errs...)
}

// relativeSecondsMax is the longest life that memcached takes as relative
// (swift/common/memcached.py: EXPTIME_MAXDELTA).
const relativeSecondsMax = 30 * 24 * 60 * 60

// expiration is the number of a life on the wire: whole seconds, and a time in
// Unix seconds beyond 30 days. The library's number ends in 2038; a later time
// becomes 30 days.
func expiration(now time.Time, life time.Duration) int32 {
	seconds := int64(life / time.Second)
	if seconds <= relativeSecondsMax {
		return int32(seconds)
	}
	if at := now.Unix() + seconds; at <= math.MaxInt32 {
		return int32(at)
	}
	return relativeSecondsMax
}
