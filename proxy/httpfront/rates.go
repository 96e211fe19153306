// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"needletail/proxy/web"
)

const (
	// ratedMax bounds the clients whose rates are known. A client takes about
	// 300 bytes. The client that was idle for the longest time gives way, and
	// begins anew.
	ratedMax = 16384
	// burstSeconds: after a pause, a client may send the requests of so many
	// seconds at once.
	burstSeconds = 10
)

// rates are the requests of each client. A nil rates has no limit.
type rates struct {
	perSecond int

	mu      sync.Mutex // guards clients
	clients *simplelru.LRU[string, *rate.Limiter]
}

// newRates returns nil for no limit, 0.
func newRates(perSecond int) *rates {
	if perSecond <= 0 {
		return nil
	}
	clients, err := simplelru.NewLRU[string, *rate.Limiter](ratedMax, nil)
	if err != nil {
		panic(err) // a size that is not positive
	}
	return &rates{perSecond: perSecond, clients: clients}
}

// take counts a request of a client. A wait other than 0 refuses the request,
// which is then not counted.
func (r *rates) take(client string, now time.Time) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.clients.Get(client)
	if !ok {
		l = rate.NewLimiter(rate.Limit(r.perSecond), burstSeconds*r.perSecond)
		r.clients.Add(client, l)
	}
	reservation := l.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// ErrTooManyRequests is the cause of the 429 for a request above the rate.
var ErrTooManyRequests = errors.New("the client sends too many requests")

// checkRate refuses a request of a client above the rate with 429. Nothing of
// the body is read before. A trusted proxy that speaks for itself has no limit.
func (x *exchange) checkRate() error {
	c := x.c
	s := c.srv
	if s.rates == nil {
		return nil
	}
	client := c.key
	if c.trusted {
		if x.c.opts.TrustedProxies.Has(x.client) {
			return nil
		}
		client = keyOfIP(x.client)
	}
	wait := s.rates.take(client, x.start)
	if wait == 0 {
		return nil
	}
	s.noteRefusal(RequestsPerIP, x.client)
	return web.TooMany(wait, ErrTooManyRequests)
}

// keyOfIP returns the key under which an IP address is counted: the address
// itself, or the /64 of an IPv6 address.
func keyOfIP(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	return keyOf(addr)
}

func keyOf(addr netip.Addr) string {
	if prefix, err := addr.Prefix(ipv6ClientBits); addr.Is6() && err == nil {
		return prefix.String()
	}
	return addr.String()
}

// ipv6ClientBits is the length of the network prefix usually assigned to a
// client of IPv6. A client can take any address of its network.
const ipv6ClientBits = 64
