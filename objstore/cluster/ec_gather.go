// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
)

// archive is a good answer to the GET of a fragment archive, with the body open.
// The caller closes the archive.
type archive struct {
	*wire.Response
	node    nodes.Node
	reply   fragmentReply
	attempt int // of the gathering
	cancel  context.CancelFunc
}

func (a *archive) close() {
	_ = a.Body.Close()
	a.cancel()
}

// gathering asks nodes for archives until the buckets have k fragments of a
// durable version (swift/proxy/controllers/obj.py:
// ECObjectController._get_or_head_response).
type gathering struct {
	store *Store
	*request
	header  wire.Header
	it      *nodes.Iter
	buckets *buckets

	asked    []nodes.Node // by attempt
	cancels  []context.CancelFunc
	archives map[int]*archive // good answers, by attempt
	answers  map[int]*answer  // bad answers, by attempt
	running  map[int]bool     // attempts
	outcomes chan gathered
	noNodes  bool          // the walk is over
	hedge    time.Duration // without an answer before a further primary is asked; 0: never
	width    int           // requests at the beginning
}

// gathered is the outcome of an attempt.
type gathered struct {
	attempt int
	archive *archive
	answer  *answer
	reply   fragmentReply
}

func (s *Store) newGathering(r *request, h wire.Header) *gathering {
	o := s.options.For(r.policy)
	g := &gathering{
		store: s, request: r, header: h, it: s.iter(r.target, nodes.AnyRegion), buckets: newBuckets(r.code, rand.Shuffle),
		archives: map[int]*archive{}, answers: map[int]*answer{}, running: map[int]bool{}, width: r.code.codec.Data(),
	}
	if o.ConcurrentGets {
		g.width += o.ConcurrentECExtraRequests
		g.hedge = o.ConcurrencyTimeout
	}
	// Each attempt gives one outcome. Besides the first requests there are the
	// extra ones, one for each primary, and those to limited nodes.
	g.outcomes = make(chan gathered, g.width+2*r.code.nodes()+(1+nodes.SkippedMax)*g.it.Primaries())
	return g
}

// gather returns the archives of a version, one of each index, or the answer
// that tells best why there are too few. Nodes that are limited are asked where
// the client would get 503.
func (g *gathering) gather(ctx context.Context) (best *bucket, bad *answer) {
	for range g.width {
		g.ask(ctx)
	}
	g.await(ctx)
	if !g.buckets.done() && ctx.Err() == nil && g.worst(nil).status == statusUnavailable {
		for n, ok := g.it.Skipped(); ok; n, ok = g.it.Skipped() {
			g.send(ctx, n)
		}
		g.await(ctx)
	}
	best = g.buckets.best()
	if !g.buckets.done() {
		best = nil
	}
	g.abandon(best)
	if best != nil && best.status < 300 {
		return best, nil
	}
	return nil, g.worst(best)
}

// await takes outcomes until the buckets are done or no request runs.
func (g *gathering) await(ctx context.Context) {
	for len(g.running) > 0 && !g.buckets.done() {
		select {
		case out := <-g.outcomes:
			status := g.take(out)
			if !g.buckets.done() && ctx.Err() == nil && g.buckets.wantsMore(status, len(g.running), !g.noNodes) {
				g.ask(ctx)
			}
		case <-g.slow():
			for attempt := range g.running {
				g.store.nodes.Overtaken(g.asked[attempt].Device)
			}
			g.ask(ctx)
		case <-g.enough():
			return
		}
	}
}

// enough fires when the silent nodes are not waited for: all others were asked and
// say 404, and the silent nodes have too few fragments between them. Without
// concurrent reads they are waited for, as by Swift's proxy.
func (g *gathering) enough() <-chan time.Time {
	if g.hedge == 0 || !g.noNodes || len(g.buckets.good) > 0 || len(g.running) >= g.code.codec.Data() || g.worst(nil).status != statusNotFound {
		return nil
	}
	return g.store.after(g.store.options.PostQuorumTimeout)
}

// slow fires when a further primary is to be asked.
func (g *gathering) slow() <-chan time.Time {
	if g.hedge == 0 || g.noNodes || g.it.PrimariesLeft() == 0 {
		return nil
	}
	return g.store.after(g.hedge)
}

// ask sends a request: to a node with a further fragment of the best version,
// else to the next in line.
func (g *gathering) ask(ctx context.Context) {
	if other, ok := g.buckets.ask(); ok {
		g.send(ctx, g.asked[other])
	} else if n, ok := g.it.Next(); ok {
		g.send(ctx, n)
	} else {
		g.noNodes = true
	}
}

// send sends a request to a node.
func (g *gathering) send(ctx context.Context, n nodes.Node) {
	attempt := len(g.asked)
	own, cancel := context.WithCancel(ctx)
	g.asked, g.cancels = append(g.asked, n), append(g.cancels, cancel)
	g.running[attempt] = true
	h := g.header.Clone()
	h.Set("X-Backend-Fragment-Preferences", g.buckets.preferences())
	g.store.running.Add(1)
	go func() {
		defer g.store.running.Done()
		out := g.store.askArchive(own, g.request, n, h)
		out.attempt, out.reply.node, out.reply.source = attempt, attempt, attempt
		if out.archive != nil {
			out.archive.attempt, out.archive.cancel, out.archive.reply = attempt, cancel, out.reply
		}
		g.outcomes <- out
	}()
}

var errNoIndex = errors.New("an archive has no usable index")

// checkArchive refuses an archive whose own headers disagree: metadata are damaged
// apart from the body. The length of an archive in several parts is known later.
func (c *coding) checkArchive(index int, res *wire.Response) error {
	size := parseSize(res.Header.Get(ecLength))
	switch {
	case index < 0 || index >= c.fragments():
		return errNoIndex
	case size == nil:
		return errECLength
	}
	var whole int64
	var err error
	if res.Status != statusPartial {
		whole, err = contentLength(res.Header)
	} else if _, single := res.Header.Lookup("Content-Range"); single {
		_, _, whole, err = contentRange(res.Header)
	} else {
		return nil
	}
	if _, _, foreign := c.objectOfArchive(res.Header); foreign != nil {
		return nil // another segment size: no fault of the node
	}
	if err == nil && whole != c.ArchiveBytes(*size) {
		err = fmt.Errorf("%w: %d bytes, want %d", errECArchive, whole, c.ArchiveBytes(*size))
	}
	return err
}

// askArchive asks a node for an archive. An answer of the wrong form is a
// failure of the node.
func (s *Store) askArchive(ctx context.Context, r *request, n nodes.Node, h wire.Header) gathered {
	res, err := s.ask(ctx, r, n, h, s.options.RecoverableNodeTimeout)
	if err != nil {
		return gathered{reply: fragmentReply{dropped: true}}
	}
	reply, err := readFragmentReply(res.Status, res.Header)
	if err == nil && res.Status < 300 {
		err = r.code.checkArchive(reply.index, res)
	}
	if err != nil {
		_ = res.Body.Close()
		s.failed(r, n, err)
		return gathered{reply: fragmentReply{dropped: true}}
	}
	if res.Status >= 200 && res.Status < 300 {
		return gathered{archive: &archive{Response: res, node: n}, reply: reply}
	}
	a := readAnswer(n, res)
	missing := a.status >= statusInternal || a.status == statusNotFound
	reply.dropped = n.Handoff() && missing && !a.timestamped()
	return gathered{answer: a, reply: reply}
}

// take gives an outcome to the buckets, and returns its status.
func (g *gathering) take(out gathered) int {
	delete(g.running, out.attempt)
	err := g.buckets.add(out.reply)
	switch {
	case out.archive == nil:
		if out.answer != nil {
			g.answers[out.attempt] = out.answer
		}
		g.cancels[out.attempt]()
	case err != nil:
		g.store.failed(g.request, out.archive.node, err)
		out.archive.close()
	default:
		g.archives[out.attempt] = out.archive
	}
	if out.reply.dropped {
		return http.StatusInternalServerError
	}
	return out.reply.status
}

// abandon ends what is not read: running attempts, and the archives that are not
// the first k of the best bucket.
func (g *gathering) abandon(best *bucket) {
	used := map[int]bool{}
	if best != nil {
		for _, index := range g.chosen(best) {
			used[best.got[index]] = true
		}
	}
	for attempt, a := range g.archives {
		if !used[attempt] {
			a.close()
			delete(g.archives, attempt)
		}
	}
	for attempt := range g.running {
		g.cancels[attempt]()
	}
	if len(g.running) == 0 {
		return
	}
	left := len(g.running)
	g.store.running.Add(1)
	go func() {
		defer g.store.running.Done()
		for range left {
			if out := <-g.outcomes; out.archive != nil {
				out.archive.close()
			}
		}
	}()
}

// chosen are the k indexes of a bucket that are read. Data fragments come first:
// with all of them nothing is computed.
func (g *gathering) chosen(b *bucket) []int {
	indexes := slices.Sorted(slices.Values(b.indexes))
	return indexes[:min(len(indexes), g.code.codec.Data())]
}

// sources returns the archives of a version, and the nodes that may have further
// fragments of the version: nodes that are not read, and then nodes that have a
// fragment beside the fragment that is read.
func (g *gathering) sources(b *bucket) (list []*archive, spare []nodes.Node) {
	used := map[int]bool{}
	for _, index := range g.chosen(b) {
		list = append(list, g.archives[b.got[index]])
		used[b.got[index]] = true
	}
	for attempt, n := range g.asked {
		if g.answers[attempt] == nil && !used[attempt] {
			spare = append(spare, n)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(b.on)) {
		for _, attempt := range b.on[index] {
			if _, read := b.got[index]; !read && used[attempt] {
				spare = append(spare, g.asked[attempt])
			}
		}
	}
	return list, spare
}

// worst is the answer for a client without an object. best is a bucket of 416,
// or nil.
func (g *gathering) worst(best *bucket) *answer {
	if best != nil {
		for attempt, a := range g.answers {
			if a.status == best.status {
				return g.answers[attempt]
			}
		}
	}
	suppression := g.store.options.For(g.policy).RebalanceMissingSuppressionCount
	status, source := g.buckets.worst(min(suppression, g.it.Primaries()-1))
	if a := g.answers[source]; a != nil {
		return a
	}
	return &answer{status: status}
}
