// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/wire/wiretest"
)

// storedAt are the places of a walk whose nodes have an object.
func storedAt(walk []*fakeNode) (places []int) {
	for i, n := range walk {
		n.mu.Lock()
		if len(n.objects) > 0 {
			places = append(places, i)
		}
		n.mu.Unlock()
	}
	return places
}

// rowHosts are the container servers that the uploads told the nodes of.
func rowHosts(walk []*fakeNode, places ...int) (hosts []string) {
	for _, place := range places {
		for _, r := range walk[place].Requests() {
			if r.Method == "PUT" && r.Header.Get("Expect") != "" {
				hosts = append(hosts, r.Header.Get("X-Container-Host"))
			}
		}
	}
	return hosts
}

// unhedged is patient, with no further node for reads.
func unhedged() *swiftconf.Options {
	o := patient()
	o.ConcurrentGets = false
	return o
}

// A node that hangs before the body does not hold up an upload: a handoff takes
// the object, with the rows that the node was to send. The next upload asks the
// handoff at once.
func TestUploadLeavesASilentNode(t *testing.T) {
	e := newMix(t, Options{Proxy: unhedged(), after: only(patient().ConcurrencyTimeout)})
	walk := e.objectWalk()
	set(walk, nil, hang(ObjectServer, "PUT"))
	e.putBody([]byte("x"))
	require.Equal(t, []int{0, 2, 3}, storedAt(walk))
	hosts := rowHosts(walk, 0, 2, 3)
	require.Len(t, hosts, 3)
	require.NotContains(t, hosts, "")
	require.NotEqual(t, hosts[0], hosts[1])
	require.NotContains(t, hosts[:2], hosts[2], "the rows of the silent node")

	e.s.after = only() // no time passes
	e.putBody([]byte("yz"))
	require.Equal(t, []int{0, 2, 3}, storedAt(walk))
	for _, o := range walk[3].objects {
		require.Equal(t, "yz", string(o.body))
	}
}

// Without a further node an upload goes on with a quorum, after a time for the
// silent node.
func TestUploadGoesOnWithAQuorum(t *testing.T) {
	var asked sync.Map
	fires := func(d time.Duration) <-chan time.Time { asked.Store(d, true); return now(d) }
	e := newMix(t, Options{Proxy: unhedged(), after: fires})
	walk := e.objectWalk()
	set(walk, hang(ObjectServer, "PUT"), nil, nil, dead(ObjectServer, "PUT"))
	e.putBody([]byte("x"))
	require.Subset(t, []int{1, 2}, storedAt(walk))
	_, ok := asked.Load(patient().ConcurrencyTimeout)
	require.True(t, ok)
	require.NoError(t, e.s.Close())
	require.Equal(t, []int{1, 2}, storedAt(walk))
}

// Where most nodes are silent the nodes are not to blame: no further node is asked
// before half of the nodes are ready, and no upload goes on without a quorum.
func TestUploadWaitsForMostNodes(t *testing.T) {
	proxy := unhedged()
	proxy.NodeTimeout = 100 * time.Millisecond
	var early sync.Map
	e := newMix(t, Options{Proxy: proxy, after: func(d time.Duration) <-chan time.Time {
		early.Store(d, true)
		return nil
	}})
	walk := e.objectWalk()
	h := hang(ObjectServer, "PUT")
	set(walk, h, h, nil, h)
	wantKind(t, e.put(objstore.PutOptions{SizeBytes: 10}), objstore.KindUnavailable)
	_, ok := early.Load(proxy.ConcurrencyTimeout)
	require.False(t, ok)
	require.Empty(t, storedAt(walk))
}

// Limited nodes are asked where an upload fails without them, and only there.
func TestUploadAsksLimitedNodesLast(t *testing.T) {
	e := newMix(t, Options{Proxy: unhedged()})
	walk := e.objectWalk()
	target, ok := e.s.objectTarget(e.id, 0)
	require.True(t, ok)
	limited := target.ring.Nodes(target.partition)[:2]
	for _, d := range limited {
		e.s.nodes.Limit(d)
	}
	e.putBody([]byte("x"))
	require.Equal(t, []int{2, 3}, storedAt(walk), "a quorum without the limited nodes")
	set(walk, nil, nil, dead(ObjectServer, "PUT"))
	e.putBody([]byte("y"))
	require.Equal(t, []int{0, 1, 2, 3}, storedAt(walk))
	set(walk, dead(ObjectServer, "PUT"), dead(ObjectServer, "PUT"))
	wantKind(t, e.put(objstore.PutOptions{SizeBytes: 10}), objstore.KindUnavailable)
}

// A node that comes too late stores nothing, and has not failed. A node that
// hangs has.
func TestLateNodes(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		proxy := unhedged()
		if hangs {
			proxy.NodeTimeout = 50 * time.Millisecond
		}
		m := &silentMetrics{}
		e := newMix(t, Options{Proxy: proxy, Metrics: m, after: only(proxy.ConcurrencyTimeout)})
		walk := e.objectWalk()
		release := make(chan struct{})
		set(walk, on(ObjectServer, "PUT", func(*wiretest.Request) *wiretest.Answer { <-release; return nil }))
		e.putBody([]byte("x"))
		require.Equal(t, []int{1, 2, 3}, storedAt(walk))
		if hangs {
			e.s.running.Wait() // until NodeTimeout
		}
		close(release)
		e.s.running.Wait()
		require.Equal(t, []int{1, 2, 3}, storedAt(walk))
		require.Equal(t, hangs, m.silent.Load() == 1, "%d", m.silent.Load())
		require.Zero(t, m.silent.Load()&^1)
	}
}

// silentMetrics counts uploads without an answer.
type silentMetrics struct {
	noMetrics
	silent atomic.Int32
}

func (m *silentMetrics) Exchanged(e Exchange) {
	if e.Method == "PUT" && e.Status == 0 {
		m.silent.Add(1)
	}
}
