// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"time"

	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

// source is a good answer to a GET or a HEAD, with the body open. The caller
// closes the source.
type source struct {
	*wire.Response
	node    nodes.Node
	reply   verdict.Reply
	attempt int // of the finder
	cancel  context.CancelFunc
}

func (s *source) close() {
	_ = s.Body.Close()
	s.cancel()
}

// finder asks one node after the other until an answer is good, and a further
// node at once when a node is slow (swift/proxy/controllers/base.py:
// GetOrHeadHandler). A finder belongs to a single read, and goes on with the
// nodes not yet asked when a body broke.
type finder struct {
	store *Store
	*request
	header  wire.Header
	timeout time.Duration // of a node; 0 means NodeTimeout
	it      *nodes.Iter
	search  *verdict.Search
	kept    map[int]*answer // bad answers, by their number in search
	good    map[int]*source // good answers of a search for the newest, by their number
	number  int
	absent  int // primaries that said 404

	parallel int           // nodes that are asked at once
	hedge    time.Duration // without an answer before a further node is asked
}

// newFinder begins a read.
func (s *Store) newFinder(r *request, h wire.Header) *finder {
	o := s.options.PolicyOptions
	f := &finder{store: s, request: r, header: h, it: s.iter(r.target, nodes.AnyRegion), parallel: 1}
	if r.server == ObjectServer {
		o = s.options.For(r.policy)
		f.timeout = s.options.RecoverableNodeTimeout
	}
	f.search = verdict.NewSearch(verdict.SearchOptions{
		Object: r.server == ObjectServer, Newest: h.Get(newestHeader) != "",
		Primaries: f.it.Primaries(), Suppression: o.RebalanceMissingSuppressionCount,
	})
	if o.ConcurrentGets {
		f.parallel, f.hedge = f.it.Primaries(), o.ConcurrencyTimeout
	}
	return f
}

// reply is the outcome of an attempt.
type reply struct {
	attempt int
	source  *source // a good answer
	answer  *answer // any other answer
	reply   verdict.Reply
}

// find returns a source, or the answer that tells best why there is none. A
// search for the newest asks all nodes first. Nodes that are limited are asked
// where the client would get 503.
func (f *finder) find(ctx context.Context) (*source, *answer) {
	f.kept, f.good = map[int]*answer{}, map[int]*source{}
	replies := make(chan reply, f.parallel)
	var cancels []context.CancelFunc
	silent := map[int]nodes.Node{} // by attempt
	f.absent = 0
	next, more, last := f.it.Next, true, false
	var found *source
	for found == nil && (more || len(silent) > 0) {
		if more && len(silent) < f.parallel {
			n, ok := next()
			if more = ok && ctx.Err() == nil; more {
				own, cancel := context.WithCancel(ctx)
				cancels = append(cancels, cancel)
				silent[len(cancels)-1] = n
				f.start(own, n, len(cancels)-1, replies, cancel)
			}
		}
		if len(silent) == 0 {
			if !more && !last && f.worst().status == statusUnavailable {
				next, more, last = f.it.Skipped, true, true
			}
			continue
		}
		unlucky := !more && !last && f.hedge > 0 && f.worst().status == statusUnavailable
		select {
		case r := <-replies:
			delete(silent, r.attempt)
			found = f.take(r)
		case <-f.slow((more || unlucky) && len(silent) < f.parallel):
			if f.overtaken(silent); unlucky {
				next, more, last = f.it.Skipped, true, true
			}
		case <-f.enough(more):
			f.overtaken(silent)
			f.abandon(cancels, replies, len(silent), nil)
			return nil, f.worst()
		}
	}
	if found == nil {
		found = f.newest()
	}
	f.abandon(cancels, replies, len(silent), found)
	if found != nil {
		return found, nil
	}
	return nil, f.worst()
}

// overtaken notes that nodes are late.
func (f *finder) overtaken(silent map[int]nodes.Node) {
	for _, n := range silent {
		f.store.nodes.Overtaken(n.Device)
	}
}

// enough fires when the silent nodes are not waited for: all others were asked, and
// a quorum of the primaries says 404. Without concurrent reads they are waited for,
// as by Swift's proxy.
func (f *finder) enough(more bool) <-chan time.Time {
	if more || f.hedge == 0 || len(f.good) > 0 || f.absent < verdict.Quorum(f.it.Primaries()) || f.worst().status != statusNotFound {
		return nil
	}
	return f.store.after(f.store.options.PostQuorumTimeout)
}

// slow fires when a further node is to be asked.
func (f *finder) slow(possible bool) <-chan time.Time {
	if !possible {
		return nil
	}
	return f.store.after(f.hedge)
}

// start asks a node in the background. Each attempt ends with a reply.
func (f *finder) start(ctx context.Context, n nodes.Node, attempt int, replies chan<- reply, cancel context.CancelFunc) {
	f.store.running.Add(1)
	go func() {
		defer f.store.running.Done()
		r := f.attempt(ctx, n)
		r.attempt = attempt
		if r.source != nil {
			r.source.attempt, r.source.cancel = attempt, cancel
		}
		replies <- r
	}()
}

// attempt asks a node. An answer of the wrong form is a failure of the node.
func (f *finder) attempt(ctx context.Context, n nodes.Node) reply {
	res, err := f.store.ask(ctx, f.request, n, f.header, f.timeout)
	if err != nil {
		return reply{}
	}
	v, err := verdict.ReadReply(res.Status, n.Handoff(), res.Header.Get)
	if err != nil {
		_ = res.Body.Close()
		f.store.failed(f.request, n, err)
		return reply{}
	}
	if good(f.server, res.Status) {
		return reply{source: &source{Response: res, node: n, reply: v}, reply: v}
	}
	return reply{answer: readAnswer(n, res), reply: v}
}

// good reports whether an answer can be a source.
func good(server Server, status int) bool {
	return status >= 200 && status < 400 || server == ObjectServer && status == statusRange
}

// take gives a reply to the search, and returns the source that ends it.
func (f *finder) take(r reply) *source {
	if r.source == nil && r.answer == nil {
		return nil
	}
	if r.answer != nil && r.answer.status == statusNotFound && !r.answer.node.Handoff() {
		f.absent++
	}
	number := f.number
	f.number++
	switch f.search.Add(r.reply) {
	case verdict.Found:
		return r.source
	case verdict.Candidate:
		f.good[number] = r.source
		return nil
	case verdict.Kept:
		f.kept[number] = r.answer
	}
	if r.source != nil {
		r.source.close()
	}
	return nil
}

// newest returns the newest of all good answers, or nil, and closes the others.
func (f *finder) newest() *source {
	best, ok := f.search.Result()
	var found *source
	for number, s := range f.good {
		if ok && number == best.Answer {
			found = s
		} else {
			s.close()
		}
	}
	return found
}

// abandon ends the attempts besides the source, and closes what they get.
func (f *finder) abandon(cancels []context.CancelFunc, replies <-chan reply, running int, found *source) {
	for i, cancel := range cancels {
		if found == nil || i != found.attempt {
			cancel()
		}
	}
	if running == 0 {
		return
	}
	f.store.running.Add(1)
	go func() {
		defer f.store.running.Done()
		for range running {
			if r := <-replies; r.source != nil {
				r.source.close()
			}
		}
	}()
}

// worst is the answer for a client without a source.
func (f *finder) worst() *answer {
	best, _ := f.search.Result()
	if a := f.kept[best.Answer]; a != nil {
		return a
	}
	return &answer{status: best.Status}
}
