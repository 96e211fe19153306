// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/wire/wiretest"
)

// Limited nodes are asked where a read would be answered 503 without them, and not
// where other nodes say 404.
func TestReadAsksLimitedNodesLast(t *testing.T) {
	e := newMix(t, Options{Proxy: unhedged()})
	body := seededBody(t, 1000)
	e.putBody(body)
	absent := e.c.Object("absent")
	for _, d := range e.s.dir.AccountRing().Devices() {
		e.s.nodes.Limit(d)
	}
	got, err := io.ReadAll(e.open(objstore.OpenOptions{}).Range(0, 1000))
	require.NoError(t, err)
	require.Equal(t, body, got)
	_, err = e.s.HeadObject(context.Background(), absent, objstore.OpenOptions{})
	wantKind(t, err, objstore.KindNotFound)

	e.s.nodes.Answered(e.s.dir.AccountRing().Devices()[0]) // no sign of life lifts a limit
	require.Equal(t, 4, e.limited())
}

func TestReadOfNothingLeavesLimitedNodes(t *testing.T) {
	e := newMix(t, Options{Proxy: unhedged()})
	target, ok := e.s.objectTarget(e.id, 0)
	require.True(t, ok)
	walk := e.objectWalk()
	e.s.nodes.Limit(target.ring.Nodes(target.partition)[0])
	_, err := e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
	wantKind(t, err, objstore.KindNotFound)
	for _, r := range walk[0].Requests() {
		require.NotContains(t, r.Path, "/c/o")
	}
}

func TestErasureAsksLimitedNodesLast(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 3210)
	f.put(t, body, objstore.PutOptions{})
	target, ok := f.store.objectTarget(ecID, 0)
	require.True(t, ok)
	for _, d := range target.ring.Nodes(target.partition)[:3] {
		f.store.nodes.Limit(d)
	}
	got, err := f.get(t, "", 0, int64(len(body)))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
}

// A node that hangs does not hold up the answer that there is no object.
func TestReadOfNothingLeavesASilentNode(t *testing.T) {
	e := newMix(t, Options{Proxy: patient(), after: only(patient().ConcurrencyTimeout, patient().PostQuorumTimeout)})
	walk := e.objectWalk()
	set(walk, hang(ObjectServer, "HEAD"))
	_, err := e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
	wantKind(t, err, objstore.KindNotFound)
}

func TestErasureReadOfNothingLeavesSilentNodes(t *testing.T) {
	f := newECFake(t, Options{Proxy: patient(), after: only(patient().PostQuorumTimeout)})
	for _, n := range f.nodes[:3] {
		n.set(func(n *ecNode) {
			n.script = func(_ string, r *wiretest.Request) *wiretest.Answer {
				if r.Method == "GET" {
					return &wiretest.Answer{Hang: true}
				}
				return nil
			}
		})
	}
	_, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{})
	wantKind(t, err, objstore.KindNotFound)
}
