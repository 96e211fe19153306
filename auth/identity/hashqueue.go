// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"needletail/auth/loginguard"
)

const (
	// hashWaitersMax bounds the hashes waiting for a processor, and
	// hashWaitersPerClient the waiting hashes of a single client. At 0.2 s a
	// hash on a single processor, the last of 256 hashes waits for almost a
	// minute.
	hashWaitersMax       = 256
	hashWaitersPerClient = hashWaitersMax / 4
)

// clientKey is the context key of the client's address.
type clientKey struct{}

// WithClient returns a context with the IP address of the client behind a
// login or a request for a hash. Clients take turns when hashes have to wait. An
// IPv6 address stands for its network of 64 bits. Requests without an address
// share the turns of a single client.
func WithClient(ctx context.Context, ip string) context.Context {
	return context.WithValue(ctx, clientKey{}, ip)
}

// leftKey is the context key of the look at the client.
type leftKey struct{}

// WithLeft returns a context with a function that reports whether the client
// has left. The function is called just before a hash: a context alone tells too
// late of a client that leaves at once, and a flood of such clients would keep
// the processors busy.
func WithLeft(ctx context.Context, left func() bool) context.Context {
	return context.WithValue(ctx, leftKey{}, left)
}

// hasLeft reports whether the client of WithLeft has left.
func hasLeft(ctx context.Context) bool {
	left, _ := ctx.Value(leftKey{}).(func() bool)
	return left != nil && left()
}

// addressOf returns the IP address of WithClient, or "".
func addressOf(ctx context.Context) string {
	ip, _ := ctx.Value(clientKey{}).(string)
	return ip
}

// clientOf returns the client that takes turns, or "".
func clientOf(ctx context.Context) string { return loginguard.Network(addressOf(ctx)) }

// hashQueue lets half of the processors, rounded down but at least 1, compute
// hashes: requests for objects keep the rest. Waiting hashes are served client by client. If a
// client floods the queue, a hash of a second client waits for only one hash
// of the first in each turn.
type hashQueue struct {
	refused atomic.Int64 // hashes that found the queue full

	mu      sync.Mutex
	free    int // 0 while anybody waits
	waiting int
	byName  map[string]*hashClient // clients that wait
	turns   []*hashClient          // the same, in the order of their turns
}

// HashesRefused returns how many logins and new passwords have found the queue
// of hashes full so far.
func (s *Service) HashesRefused() int64 { return s.passwords.queue.refused.Load() }

// hashClient is a client with waiting hashes, the oldest first. The channel of
// a hash is closed when the hash has got a processor.
type hashClient struct {
	name    string
	waiters []chan struct{}
}

func newHashQueue() *hashQueue {
	return &hashQueue{free: max(1, runtime.GOMAXPROCS(0)/2), byName: map[string]*hashClient{}}
}

// enter waits for a processor. After a nil error the caller must call leave.
// The error is of KindBusy at once if too many hashes wait. When ctx ends, for
// example because the client has gone, enter gives up the place in the queue
// and returns the context's error. A client that WithLeft finds gone at its turn
// is context.Canceled.
func (q *hashQueue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	turn, err := q.ask(clientOf(ctx))
	if err != nil {
		return err
	}
	if turn != nil {
		select {
		case <-turn:
		case <-ctx.Done():
			q.giveUp(clientOf(ctx), turn)
			return ctx.Err()
		}
	}
	err = ctx.Err() // ended at the moment of the turn
	if err == nil && hasLeft(ctx) {
		err = context.Canceled
	}
	if err != nil {
		q.leave()
	}
	return err
}

// ask takes a free processor and returns a nil turn, or takes a place in the
// queue and returns its turn, closed when a processor is free. The error is of
// KindBusy.
func (q *hashQueue) ask(client string) (turn chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil, nil
	}
	c := q.byName[client]
	if q.waiting == hashWaitersMax || c != nil && len(c.waiters) == hashWaitersPerClient {
		q.refused.Add(1)
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

// leave passes the processor on to the oldest hash of the next client, or
// gives the processor back if no hash waits. A client with more hashes moves
// to the end of the turns.
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

// giveUp takes a waiting hash out of the queue. If leave has given the hash a
// processor in the meantime, giveUp passes the processor on.
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

// remove takes the hash at an index out of the queue, and the client too after
// the client's last hash. The caller holds mu.
func (q *hashQueue) remove(c *hashClient, at int) {
	c.waiters = slices.Delete(c.waiters, at, at+1)
	q.waiting--
	if len(c.waiters) > 0 {
		return
	}
	delete(q.byName, c.name)
	q.turns = slices.DeleteFunc(q.turns, func(other *hashClient) bool { return other == c })
}
