// SPDX-License-Identifier: Apache-2.0

package loginguard

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// userDelayMax bounds the delay of a user at addresses that are not trusted.
	userDelayMax = 10 * time.Second
	// ipv6NetworkBits is the length of the network prefix usually assigned to a
	// client of IPv6. A client can take any address of its network.
	ipv6NetworkBits = 64
)

// Reason says which count refuses an attempt.
type Reason int

// The reasons, from the narrowest count to the widest.
const (
	UserAtAddress Reason = iota
	Address
	User
	reasons // their number
)

// String returns the reason as metrics and logs show the reason.
func (r Reason) String() string {
	return [reasons]string{"login_user_at_address", "login_address", "login_user"}[r]
}

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{UserAtAddress, Address, User} }

// Options are the settings of a Guard. A count without allowed failures (0)
// refuses nothing.
type Options struct {
	// PerUserAtAddress, PerAddress and PerUser are the failed logins allowed
	// within Window.
	PerUserAtAddress, PerAddress, PerUser int
	Window                                time.Duration
	// MaxDelay bounds the delays of pairs and of addresses.
	MaxDelay time.Duration
	// Exempt, if not nil, reports whether an address is shared by many clients.
	Exempt func(address string) bool
	// OnDelay, if not nil, is called when a delay begins.
	OnDelay func(Delay)
	// Clock is time.Now if nil.
	Clock func() time.Time
}

// Delay is a delay that has begun.
type Delay struct {
	Reason  Reason
	Address string
	Wait    time.Duration
}

// Guard counts failed logins. It is safe for concurrent use. A nil Guard lets
// every attempt pass.
type Guard struct {
	exempt  func(string) bool
	onDelay func(Delay)
	clock   func() time.Time
	refused [reasons]atomic.Int64

	mu      sync.Mutex
	counts  [reasons]*table
	trusted *simplelru.LRU[key, struct{}]
}

// New returns a Guard.
func New(o Options) *Guard {
	g := &Guard{exempt: o.Exempt, onDelay: o.OnDelay, clock: o.Clock}
	if g.exempt == nil {
		g.exempt = func(string) bool { return false }
	}
	if g.onDelay == nil {
		g.onDelay = func(Delay) {}
	}
	if g.clock == nil {
		g.clock = time.Now
	}
	g.counts[UserAtAddress] = newTable(o.PerUserAtAddress, o.Window, o.MaxDelay)
	g.counts[Address] = newTable(o.PerAddress, o.Window, o.MaxDelay)
	g.counts[User] = newTable(o.PerUser, o.Window, min(userDelayMax, o.MaxDelay))
	g.trusted = newRows[struct{}]()
	return g
}

// Refused returns how many attempts a count has refused so far.
func (g *Guard) Refused(r Reason) int64 { return g.refused[r].Load() }

// Network returns the address under which a client is counted: the IP address
// itself, or the network of 64 bits of an IPv6 address.
func Network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap().WithZone("")
	if network, err := a.Prefix(ipv6NetworkBits); a.Is6() && err == nil {
		return network.String()
	}
	return a.String()
}

// Attempt is a login under way. A nil Attempt never waits.
type Attempt struct {
	guard   *Guard
	address string
	shared  bool // the address is exempt
	keys    [reasons]key
}

// Attempt begins a login of a user from a client's IP address. The user is any
// text that stands for one user.
func (g *Guard) Attempt(ip, user string) *Attempt {
	if g == nil {
		return nil
	}
	a := &Attempt{guard: g, address: Network(ip), shared: g.exempt(ip)}
	a.keys[UserAtAddress] = keyOf(a.address + "\x00" + user)
	a.keys[Address] = keyOf(a.address)
	a.keys[User] = keyOf(user)
	return a
}

// Wait returns 0 if the password may be verified now. Otherwise the attempt is
// refused, and Wait returns how long the client has to wait.
func (a *Attempt) Wait() time.Duration {
	if a == nil {
		return 0
	}
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	return a.wait(a.guard.clock())
}

// wait is Wait for a caller that holds mu.
func (a *Attempt) wait(now time.Time) time.Duration {
	for _, r := range a.reasons() {
		if wait := a.guard.counts[r].wait(a.keys[r], now); wait > 0 {
			a.guard.refused[r].Add(1)
			return wait
		}
	}
	return 0
}

// reasons returns the counts that may refuse the attempt. The caller holds mu.
func (a *Attempt) reasons() []Reason {
	switch {
	case a.shared:
		return []Reason{User}
	case a.guard.trusted.Contains(a.keys[UserAtAddress]):
		return []Reason{UserAtAddress}
	}
	return []Reason{UserAtAddress, Address, User}
}

// Failed counts a wrong password. If a delay has begun since Wait, nothing is
// counted, and Failed returns how long the client has to wait: of many guesses
// at the same time no more are answered than of guesses in a row.
func (a *Attempt) Failed() time.Duration {
	if a == nil {
		return 0
	}
	wait, began := a.count()
	for _, d := range began {
		a.guard.onDelay(d)
	}
	return wait
}

// count is Failed. It returns the delays that begin.
func (a *Attempt) count() (wait time.Duration, began []Delay) {
	g := a.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	if wait := a.wait(now); wait > 0 {
		return wait, nil
	}
	for r, table := range g.counts {
		if a.shared && Reason(r) != User {
			continue
		}
		if delay := table.fail(a.keys[r], now); delay > 0 {
			began = append(began, Delay{Reason(r), a.address, delay})
		}
	}
	return 0, began
}

// Succeeded forgets the failures of the pair, and trusts the pair from now on.
// If a delay has begun since Wait, Succeeded does neither, and returns how long
// the client has to wait.
func (a *Attempt) Succeeded() time.Duration {
	if a == nil {
		return 0
	}
	g := a.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := a.wait(g.clock()); wait > 0 {
		return wait
	}
	if !a.shared {
		g.counts[UserAtAddress].rows.Remove(a.keys[UserAtAddress])
		g.trusted.Add(a.keys[UserAtAddress], struct{}{})
	}
	return 0
}

// key is a digest. Clients choose the names of users, of any length.
type key [16]byte

func keyOf(text string) key {
	sum := sha256.Sum256([]byte(text))
	return key(sum[:len(key{})])
}
