package identity

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"sync"
)

const (
	// hashWaitersMax bounds the hashes that wait for a processor, and
	// hashWaitersPerClient those of one client among them: at 0.2 s a hash, the
	// last one waits a minute.
	hashWaitersMax       = 256
	hashWaitersPerClient = hashWaitersMax / 4
	// ipv6ClientBits is the network that one client of IPv6 has for itself.
	ipv6ClientBits = 64
)

// clientKey is the key of a context's client.
type clientKey struct{}

// WithClient says on whose behalf a password is hashed: the IP address that a
// request came from. Clients take turns when hashes have to wait. All requests
// without an address are of one client.
func WithClient(ctx context.Context, ip string) context.Context {
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() && !a.Is4In6() {
		if network, err := a.WithZone("").Prefix(ipv6ClientBits); err == nil {
			ip = network.String()
		}
	}
	return context.WithValue(ctx, clientKey{}, ip)
}

func clientOf(ctx context.Context) string {
	client, _ := ctx.Value(clientKey{}).(string)
	return client
}

// hashQueue lets half of the processors compute hashes. Those that have to wait
// are served client by client, so that a flood of one client's delays another's
// hash by one of its own.
type hashQueue struct {
	mu      sync.Mutex
	free    int // 0 while anybody waits
	waiting int
	byName  map[string]*hashClient // clients that wait
	turns   []*hashClient          // the same, in the order of their turns
}

// hashClient is the hashes of one client that wait, the first first. A channel
// is closed when it has got a processor.
type hashClient struct {
	name    string
	waiters []chan struct{}
}

func newHashQueue() *hashQueue {
	return &hashQueue{free: max(1, runtime.GOMAXPROCS(0)/2), byName: map[string]*hashClient{}}
}

// enter waits for a processor, which leave gives back. The error is of KindBusy
// if too many wait, or the context's: a client that has gone gives up its place.
func (q *hashQueue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	turn, err := q.ask(clientOf(ctx))
	if turn == nil {
		return err
	}
	select {
	case <-turn:
	case <-ctx.Done():
		q.giveUp(clientOf(ctx), turn)
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // both at once
		q.leave()
		return err
	}
	return nil
}

// ask takes a free processor, or a place in the queue, whose turn it gives.
func (q *hashQueue) ask(client string) (turn chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil, nil
	}
	c := q.byName[client]
	if q.waiting == hashWaitersMax || c != nil && len(c.waiters) == hashWaitersPerClient {
		return nil, &Error{Kind: KindBusy, Op: "hash", Entity: "password",
			Detail: "Too many logins are waiting. Please try again later."}
	}
	if c == nil {
		c = &hashClient{name: client}
		q.byName[client] = c
		q.turns = append(q.turns, c)
	}
	turn = make(chan struct{})
	c.waiters = append(c.waiters, turn)
	q.waiting++
	return turn, nil
}

// leave gives the processor to the client whose turn it is, or back.
func (q *hashQueue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.turns) == 0 {
		q.free++
		return
	}
	c := q.turns[0]
	q.turns = append(slices.Delete(q.turns, 0, 1), c)
	turn := c.waiters[0]
	q.remove(c, 0)
	close(turn)
}

// giveUp takes a waiter out of the queue, or passes on what it has just got.
func (q *hashQueue) giveUp(client string, turn chan struct{}) {
	q.mu.Lock()
	if c := q.byName[client]; c != nil {
		if at := slices.Index(c.waiters, turn); at >= 0 {
			q.remove(c, at)
			q.mu.Unlock()
			return
		}
	}
	q.mu.Unlock()
	q.leave()
}

// remove takes out a waiter, and its client if none is left. The caller holds mu.
func (q *hashQueue) remove(c *hashClient, at int) {
	c.waiters = slices.Delete(c.waiters, at, at+1)
	q.waiting--
	if len(c.waiters) > 0 {
		return
	}
	delete(q.byName, c.name)
	q.turns = slices.DeleteFunc(q.turns, func(other *hashClient) bool { return other == c })
}
