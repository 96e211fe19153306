// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"time"

	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

// lateWritesDefault bounds the writes that have stragglers after their verdict,
// without Options.LateWrites.
const lateWritesDefault = 1024

// written are the answers to a write, numbered as in the verdict.
type written struct {
	*verdict.Writes
	answers []*answer
}

// add takes the answer of a worker; nil stands for none.
func (w *written) add(a *answer) {
	if a != nil && w.Add(a.status, a.node.Handoff(), a.timestamped()) {
		w.answers = append(w.answers, a)
	}
}

// best is the answer of a verdict. An answer that was made up has a status
// alone.
func (w *written) best(b verdict.Best) *answer {
	if b.Answer < 0 || b.Answer >= len(w.answers) {
		return &answer{status: b.Status}
	}
	return w.answers[b.Answer]
}

// write sends a request with each of the heads to a node of its own, until a
// quorum of answers lies in a class, and PostQuorumTimeout longer
// (swift/proxy/controllers/base.py: _make_requests).
//
// The workers end with ctx until the verdict. A worker that is late goes on
// after the verdict: a server that hears of the write needs no repair.
func (s *Store) write(ctx context.Context, r *request, it *nodes.Iter, heads []wire.Header) *written {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unfollow := context.AfterFunc(ctx, cancel)
	results := make(chan *answer, len(heads))
	for _, h := range heads {
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			results <- s.writeOne(own, r, it, h)
		}()
	}
	w := &written{Writes: verdict.NewWrites(len(heads))}
	left := s.collect(w, results, len(heads))
	if unfollow(); ctx.Err() != nil || left == 0 {
		cancel()
	} else {
		leave(s, cancel, results, left)
	}
	return w
}

// writeOne asks nodes until a node gives an answer below 500, or returns nil.
func (s *Store) writeOne(ctx context.Context, r *request, it *nodes.Iter, h wire.Header) *answer {
	for ctx.Err() == nil {
		n, ok := it.Next()
		if !ok {
			return nil
		}
		if a := s.writeTo(ctx, r, n, h); a != nil {
			return a
		}
	}
	return nil
}

// writeTo returns the answer of a node, if the answer is below 500.
func (s *Store) writeTo(ctx context.Context, r *request, n nodes.Node, h wire.Header) *answer {
	res, err := s.ask(ctx, r, n, h, 0)
	if err != nil {
		return nil
	}
	a := readAnswer(n, res)
	if !verdict.Final(a.status) {
		return nil
	}
	return a
}

// writeHandoffs sends a request to each of some handoffs. The heads are those
// of the last primaries, which have the fewest rows to send.
func (s *Store) writeHandoffs(ctx context.Context, r *request, w *written, handoffs []nodes.Node, heads []wire.Header) {
	results := make(chan *answer, len(handoffs))
	for i, n := range handoffs {
		h := heads[len(heads)-1-i%len(heads)]
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			results <- s.writeTo(ctx, r, n, h)
		}()
	}
	w.AskHandoffs(len(handoffs))
	for range handoffs {
		w.add(<-results)
	}
}

// collect takes the answers of n workers, and returns how many workers run on.
func (s *Store) collect(w *written, results <-chan *answer, n int) (left int) {
	var deadline <-chan time.Time
	for left = n; left > 0; left-- {
		select {
		case a := <-results:
			w.add(a)
			if deadline == nil && w.Decided() {
				deadline = s.after(s.options.PostQuorumTimeout)
			}
		case <-deadline:
			return left
		}
	}
	return 0
}

// leave lets stragglers go on in the background: until their answers, until
// Close, or not at all if too many writes have stragglers already.
func leave[T any](s *Store, cancel context.CancelFunc, results <-chan T, left int) {
	select {
	case s.stragglers <- struct{}{}:
	default:
		cancel()
		return
	}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer func() { <-s.stragglers }()
		defer cancel()
		for range left {
			select {
			case <-results:
			case <-s.quit:
				return
			}
		}
	}()
}
