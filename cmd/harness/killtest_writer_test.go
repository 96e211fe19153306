// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

const (
	killWriters       = 8
	killKeysPerWriter = 10
)

var killContainers = []string{"c1", "c2"}

// killLoad is the writers and all that they know.
type killLoad struct {
	seed           uint64
	inlineMaxBytes int64
	keys           [killWriters][]*killKey
	rngs           [killWriters]*rand.Rand
	acknowledged   atomic.Int64
}

func newKillLoad(seed uint64, inlineMaxBytes int64) *killLoad {
	l := &killLoad{seed: seed, inlineMaxBytes: inlineMaxBytes}
	for w := range killWriters {
		l.rngs[w] = rand.New(rand.NewPCG(seed, uint64(w)))
		for i := range killKeysPerWriter {
			l.keys[w] = append(l.keys[w], &killKey{
				container: killContainers[(w+i)%len(killContainers)],
				object:    fmt.Sprintf("w%d/../k%d", w, i),
			})
		}
	}
	return l
}

// run lets all writers write until the server is gone, which killing says, and
// gives the errors of requests that were answered, but wrongly.
func (l *killLoad) run(ctx context.Context, c *killClient, killing *atomic.Bool) []error {
	var wg sync.WaitGroup
	errs := make([]error, killWriters)
	for w := range killWriters {
		wg.Go(func() {
			for errs[w] == nil {
				answered, err := l.step(ctx, c, w)
				if !answered {
					if !killing.Load() {
						errs[w] = fmt.Errorf("writer %d: no answer from a living server: %w", w, err)
					}
					return
				}
				errs[w] = err
			}
		})
	}
	wg.Wait()
	return errs
}

// step sends one request. Without an answer the key keeps its "maybe".
func (l *killLoad) step(ctx context.Context, c *killClient, w int) (answered bool, err error) {
	rng := l.rngs[w]
	k := l.keys[w][rng.IntN(len(l.keys[w]))]
	if rng.IntN(5) == 0 {
		return l.check(ctx, c, k)
	}
	next, want := k.sure, 0
	var send func() (killAnswer, error)
	switch n := rng.IntN(10); {
	case k.sure.version > 0 && n < 2:
		next, want = killState{}, 204
		send = func() (killAnswer, error) { return c.do(ctx, "DELETE", k.path(), nil, nil) }
	case k.sure.version > 0 && n < 4:
		next.posted, want = next.posted+1, 202
		send = func() (killAnswer, error) { return c.do(ctx, "POST", k.path(), killHeader(next), nil) }
	default:
		k.versions++
		next, want = killState{version: k.versions, sizeBytes: killSizeBytes(rng, l.inlineMaxBytes)}, 201
		body := killBody(l.seed, k, next)
		chunked, etag := rng.IntN(3) == 0, rng.IntN(3) == 0
		send = func() (killAnswer, error) { return c.put(ctx, k, next, body, chunked, etag) }
	}
	k.maybe = &next
	a, err := send()
	if err != nil {
		return false, err
	}
	if a.status != want {
		return true, fmt.Errorf("%s to %v: status %d, want %d: %s", k.path(), next, a.status, want, a.body)
	}
	k.sure, k.maybe = next, nil
	l.acknowledged.Add(1)
	return true, nil
}

// check reads a key that no request is changing.
func (l *killLoad) check(ctx context.Context, c *killClient, k *killKey) (answered bool, err error) {
	got, err := c.get(ctx, l.seed, k)
	if err != nil {
		var wrong *killWrong
		return errors.As(err, &wrong), err
	}
	if got != k.sure {
		return true, fmt.Errorf("%s is %v, but was acknowledged as %v", k.path(), got, k.sure)
	}
	return true, nil
}
