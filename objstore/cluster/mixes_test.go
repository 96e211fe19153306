// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

// behaviour is what a node does with the requests of a row: nil is a healthy
// node.
type behaviour func(f *fakeNode)

// on sets a script for the requests of a method to a kind of server.
func on(server Server, method string, answer func(r *wiretest.Request) *wiretest.Answer) behaviour {
	return func(n *fakeNode) {
		n.setScript(func(r *wiretest.Request) *wiretest.Answer {
			if r.Method == method && len(strings.SplitN(r.Path[1:], "/", 5)) == int(server)+3 {
				return answer(r)
			}
			return nil
		})
	}
}

// status answers a method of object servers with a status.
func status(server Server, method string, code int, header ...string) behaviour {
	var h wire.Header
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return on(server, method, func(*wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Status: code, Header: h} })
}

// dead breaks the connections of a method.
func dead(server Server, method string) behaviour {
	return on(server, method, func(*wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Break: true} })
}

// atEnd answers a method of object servers after the body.
func atEnd(method string, answer wiretest.Answer) behaviour {
	return func(n *fakeNode) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.atEnd = func(r *wiretest.Request, a *wiretest.Answer) *wiretest.Answer {
			if r.Method == method && len(strings.SplitN(r.Path[1:], "/", 5)) == int(ObjectServer)+3 {
				copied := answer
				return &copied
			}
			return a
		}
	}
}

// inOrder makes walks follow the ring.
func inOrder(int, func(i, j int)) {}

// mixEnv is a cluster of four nodes and three replicas, with a container.
type mixEnv struct {
	*testing.T
	f  *fakeCluster
	s  *Store
	c  objstore.ContainerID
	id objstore.ObjectID
}

func newMix(t *testing.T, o Options) *mixEnv {
	f := newFake(t, 4, 3)
	o.shuffle = inOrder
	e := &mixEnv{T: t, f: f, s: f.open(t, o), c: objstore.ContainerID{Account: "AUTH_a", Container: "c"}}
	e.id = e.c.Object("o")
	_, err := e.s.PutContainer(context.Background(), e.c, objstore.PutContainerOptions{})
	require.NoError(t, err)
	return e
}

// walk are the nodes of a target: the primaries, then the handoff.
func (e *mixEnv) walk(target *target) (walk []*fakeNode) {
	it := e.s.iter(target, nodes.AnyRegion)
	for n, ok := it.Next(); ok; n, ok = it.Next() {
		walk = append(walk, e.f.at(n.Address()))
	}
	require.Len(e, walk, 4)
	return walk
}

func (e *mixEnv) objectWalk() []*fakeNode {
	t, ok := e.s.objectTarget(e.id, 0)
	require.True(e, ok)
	return e.walk(t)
}

// set gives each node of a walk its behaviour.
func set(walk []*fakeNode, behaviours ...behaviour) {
	for i, b := range behaviours {
		if b != nil {
			b(walk[i])
		}
	}
}

// heal makes all nodes healthy.
func (e *mixEnv) heal() {
	for _, n := range e.f.nodes {
		n.setScript(nil)
		n.mu.Lock()
		n.atEnd, n.midBody = nil, nil
		n.mu.Unlock()
	}
}

func (e *mixEnv) put(o objstore.PutOptions) error {
	_, err := e.s.PutObject(context.Background(), e.id, bytes.NewReader(make([]byte, 10)), o)
	return err
}

// wantKind checks an error; KindInternal with no error means success.
func wantKind(t *testing.T, err error, want objstore.Kind) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, objstore.KindOf(err), "%v", err)
}

// The rows were seen at Swift's proxy, for PUT of objects.
func TestPutMixes(t *testing.T) {
	gone := dead(ObjectServer, "PUT")
	full := status(ObjectServer, "PUT", 507)
	conflict := status(ObjectServer, "PUT", 409, "X-Backend-Timestamp", "9999999999.00000")
	for name, row := range map[string]struct {
		nodes []behaviour
		o     objstore.PutOptions
		want  objstore.Kind // KindClosed stands for success
		holds []int         // nodes that have the object afterwards
	}{
		"all":                   {want: objstore.KindClosed, holds: []int{0, 1, 2}},
		"one dead":              {nodes: []behaviour{gone}, want: objstore.KindClosed, holds: []int{1, 2, 3}},
		"two dead":              {nodes: []behaviour{gone, gone}, want: objstore.KindClosed, holds: []int{2, 3}},
		"one node":              {nodes: []behaviour{gone, gone, nil, gone}, want: objstore.KindUnavailable},
		"503 at the end":        {nodes: []behaviour{atEnd("PUT", wiretest.Answer{Status: 503})}, want: objstore.KindClosed, holds: []int{1, 2}},
		"conflict":              {nodes: []behaviour{nil, nil, conflict}, want: objstore.KindConflict},
		"there":                 {nodes: []behaviour{status(ObjectServer, "PUT", 412)}, o: objstore.PutOptions{IfNoneMatch: true}, want: objstore.KindPrecondition},
		"other MD5":             {o: objstore.PutOptions{ETag: etagX}, want: objstore.KindETagMismatch},
		"full":                  {nodes: []behaviour{full, full, full, full}, want: objstore.KindNoSpace},
		"full or dead":          {nodes: []behaviour{full, full, gone, full}, want: objstore.KindUnavailable},
		"full at the end":       {nodes: []behaviour{atEnd("PUT", wiretest.Answer{Status: 507}), atEnd("PUT", wiretest.Answer{Status: 507}), atEnd("PUT", wiretest.Answer{Status: 507})}, want: objstore.KindNoSpace},
		"refused":               {nodes: []behaviour{status(ObjectServer, "PUT", 400), status(ObjectServer, "PUT", 400)}, want: objstore.KindInvalid},
		"ETags differ":          {nodes: []behaviour{atEnd("PUT", wiretest.Answer{Status: 201, Header: wire.Header{{Name: "Etag", Value: etagX}}})}, want: objstore.KindInternal},
		"dead at the end":       {nodes: []behaviour{atEnd("PUT", wiretest.Answer{Break: true})}, want: objstore.KindClosed, holds: []int{1, 2}},
		"two dead at the end":   {nodes: []behaviour{atEnd("PUT", wiretest.Answer{Break: true}), atEnd("PUT", wiretest.Answer{Break: true})}, want: objstore.KindUnavailable},
		"containers dead":       {want: objstore.KindClosed, holds: []int{0, 1, 2}},
		"no text of a protocol": {nodes: []behaviour{on(ObjectServer, "PUT", func(*wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Raw: "SMTP\r\n", Close: true} })}, want: objstore.KindClosed, holds: []int{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newMix(t, Options{})
			walk := e.objectWalk()
			set(walk, row.nodes...)
			row.o.SizeBytes = 10
			err := e.put(row.o)
			if row.want != objstore.KindClosed {
				wantKind(t, err, row.want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, e.s.Close()) // stragglers have ended
			var holds []int
			for i, n := range walk {
				n.mu.Lock()
				if len(n.objects) > 0 && n.atEnd == nil {
					holds = append(holds, i)
				}
				n.mu.Unlock()
			}
			require.Equal(t, row.holds, holds)
		})
	}
}

// A refused upload does not touch the body.
func TestRefusedPutLeavesTheBody(t *testing.T) {
	e := newMix(t, Options{})
	set(e.objectWalk(), nil, status(ObjectServer, "PUT", 409))
	_, err := e.s.PutObject(context.Background(), e.id, failing{t}, objstore.PutOptions{SizeBytes: -1})
	wantKind(t, err, objstore.KindConflict)
	require.ErrorContains(t, err, "status 409")
}

type failing struct{ *testing.T }

func (f failing) Read([]byte) (int, error) {
	f.Error("the body is read")
	return 0, nil
}

// The rows were seen at Swift's proxy, for GET of objects. Replies come in the
// order of the walk.
func TestReadMixes(t *testing.T) {
	both := func(make func(method string) behaviour) behaviour {
		return func(n *fakeNode) {
			make("GET")(n)
			get := n.script
			make("HEAD")(n)
			head := n.script
			n.setScript(func(r *wiretest.Request) *wiretest.Answer {
				if a := get(r); a != nil {
					return a
				}
				return head(r)
			})
		}
	}
	gone := both(func(m string) behaviour { return dead(ObjectServer, m) })
	absent := both(func(m string) behaviour { return status(ObjectServer, m, 404) })
	newer := both(func(m string) behaviour {
		return status(ObjectServer, m, 404, "X-Backend-Timestamp", "9999999999.00000")
	})
	older := both(func(m string) behaviour {
		return status(ObjectServer, m, 404, "X-Backend-Timestamp", "0000000001.00000")
	})
	strange := both(func(m string) behaviour {
		return status(ObjectServer, m, 200, "X-Backend-Timestamp", "yesterday", "Content-Length", "0")
	})
	for name, row := range map[string]struct {
		nodes  []behaviour
		stored bool
		want   objstore.Kind // KindClosed stands for success
	}{
		"all":                       {nil, true, objstore.KindClosed},
		"one dead":                  {[]behaviour{gone}, true, objstore.KindClosed},
		"two dead":                  {[]behaviour{gone, gone}, true, objstore.KindClosed},
		"two empty":                 {[]behaviour{absent, absent}, true, objstore.KindClosed},
		"tombstone before the data": {[]behaviour{newer}, true, objstore.KindNotFound},
		"data before the tombstone": {[]behaviour{nil, newer}, true, objstore.KindClosed},
		"older tombstone":           {[]behaviour{older}, true, objstore.KindClosed},
		"bad timestamp":             {[]behaviour{strange}, true, objstore.KindClosed},
		"never there":               {nil, false, objstore.KindNotFound},
		"never there, one dead":     {[]behaviour{gone}, false, objstore.KindNotFound},
		"never there, two dead":     {[]behaviour{gone, gone}, false, objstore.KindUnavailable},
		"tombstone, two dead":       {[]behaviour{newer, gone, gone}, false, objstore.KindNotFound},
		"all dead":                  {[]behaviour{gone, gone, gone, gone}, true, objstore.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			o := DefaultOptions()
			o.ConcurrentGets = false // the order of the answers is that of the walk
			e := newMix(t, Options{Proxy: o})
			if row.stored {
				require.NoError(t, e.put(objstore.PutOptions{SizeBytes: 10}))
			}
			set(e.objectWalk(), row.nodes...)
			_, err := e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
			ob, openErr := e.s.OpenObject(context.Background(), e.id, objstore.OpenOptions{})
			if row.want == objstore.KindClosed {
				require.NoError(t, err)
				require.NoError(t, openErr)
				require.NoError(t, ob.Close())
				return
			}
			wantKind(t, err, row.want)
			wantKind(t, openErr, row.want)
		})
	}
}

// The rows were seen at Swift's proxy, for POST and DELETE of objects.
func TestPostMixes(t *testing.T) {
	gone, absent := dead(ObjectServer, "POST"), status(ObjectServer, "POST", 404)
	for name, row := range map[string]struct {
		nodes []behaviour
		want  objstore.Kind
	}{
		"all":                     {nil, objstore.KindClosed},
		"one without":             {[]behaviour{absent}, objstore.KindClosed},
		"one dead":                {[]behaviour{gone}, objstore.KindClosed},
		"one dead, one without":   {[]behaviour{gone, absent}, objstore.KindUnavailable},
		"two without, a handoff":  {[]behaviour{absent, absent, nil, status(ObjectServer, "POST", 202)}, objstore.KindClosed},
		"two without, no handoff": {[]behaviour{absent, absent}, objstore.KindUnavailable},
		"none":                    {[]behaviour{absent, absent, absent}, objstore.KindNotFound},
		"two dead":                {[]behaviour{absent, gone, gone}, objstore.KindUnavailable},
		"conflict":                {[]behaviour{status(ObjectServer, "POST", 409), status(ObjectServer, "POST", 409)}, objstore.KindConflict},
	} {
		t.Run(name, func(t *testing.T) {
			e := newMix(t, Options{})
			require.NoError(t, e.put(objstore.PutOptions{SizeBytes: 10}))
			set(e.objectWalk(), row.nodes...)
			_, err := e.s.PostObject(context.Background(), e.id, objstore.PostOptions{})
			if row.want == objstore.KindClosed {
				require.NoError(t, err)
				return
			}
			wantKind(t, err, row.want)
		})
	}
}

func TestDeleteMixes(t *testing.T) {
	gone, absent := dead(ObjectServer, "DELETE"), status(ObjectServer, "DELETE", 404, "X-Backend-Timestamp", "0000000001.00000")
	broken := status(ObjectServer, "DELETE", 503)
	for name, row := range map[string]struct {
		nodes []behaviour
		want  objstore.Kind
	}{
		"all":                       {nil, objstore.KindClosed},
		"204, 404, 503":             {[]behaviour{nil, absent, broken, broken}, objstore.KindClosed},
		"404, 404, 503":             {[]behaviour{absent, absent, broken, broken}, objstore.KindNotFound},
		"404, 503, 503":             {[]behaviour{absent, broken, broken, broken}, objstore.KindUnavailable},
		"one dead, handoff":         {[]behaviour{gone}, objstore.KindClosed},
		"all dead":                  {[]behaviour{gone, gone, gone, gone}, objstore.KindUnavailable},
		"conflict":                  {[]behaviour{status(ObjectServer, "DELETE", 409), status(ObjectServer, "DELETE", 409)}, objstore.KindConflict},
		"the wrong second":          {[]behaviour{status(ObjectServer, "DELETE", 412), status(ObjectServer, "DELETE", 412)}, objstore.KindPrecondition},
		"a deletion without quorum": {[]behaviour{nil, broken, broken, broken}, objstore.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			e := newMix(t, Options{})
			require.NoError(t, e.put(objstore.PutOptions{SizeBytes: 10}))
			set(e.objectWalk(), row.nodes...)
			_, err := e.s.DeleteObject(context.Background(), e.id, objstore.DeleteOptions{})
			if row.want == objstore.KindClosed {
				require.NoError(t, err)
				return
			}
			wantKind(t, err, row.want)
		})
	}
}

// A DELETE of what is absent leaves tombstones.
func TestDeleteOfNothing(t *testing.T) {
	e := newMix(t, Options{})
	_, err := e.s.DeleteObject(context.Background(), e.id, objstore.DeleteOptions{})
	wantKind(t, err, objstore.KindNotFound)
	for _, n := range e.objectWalk()[:3] {
		n.mu.Lock()
		require.Len(t, n.objects, 1)
		n.mu.Unlock()
	}
}

func TestContainerMixes(t *testing.T) {
	put := dead(ContainerServer, "PUT")
	e := newMix(t, Options{})
	ctx := context.Background()
	other := objstore.ContainerID{Account: "AUTH_a", Container: "d"}
	walk := e.walk(e.s.containerTarget(other))
	set(walk, put)
	created, err := e.s.PutContainer(ctx, other, objstore.PutContainerOptions{})
	require.NoError(t, err)
	require.True(t, created)

	e.heal()
	other.Container = "e"
	walk = e.walk(e.s.containerTarget(other))
	set(walk, put, put, nil, put)
	_, err = e.s.PutContainer(ctx, other, objstore.PutContainerOptions{})
	wantKind(t, err, objstore.KindUnavailable)

	e.heal()
	gone := dead(ContainerServer, "HEAD")
	set(e.walk(e.s.containerTarget(e.c)), gone, gone)
	_, err = e.s.HeadContainer(ctx, e.c, objstore.InfoOptions{})
	require.NoError(t, err)
	set(e.walk(e.s.containerTarget(e.c)), nil, nil, gone)
	_, err = e.s.HeadContainer(ctx, e.c, objstore.InfoOptions{})
	wantKind(t, err, objstore.KindUnavailable)
	require.NotErrorIs(t, e.put(objstore.PutOptions{SizeBytes: 10}), objstore.KindContainerNotFound)
}

// A container server that has rows and no container yet has no container.
func TestUnsyncedContainer(t *testing.T) {
	e := newMix(t, Options{})
	unsynced := status(ContainerServer, "HEAD", 204, "X-PUT-Timestamp", "0000000000.00000")
	set(e.walk(e.s.containerTarget(e.c)), unsynced, unsynced, unsynced, unsynced)
	_, err := e.s.HeadContainer(context.Background(), e.c, objstore.InfoOptions{})
	wantKind(t, err, objstore.KindNotFound)
}

func TestDeletedAccount(t *testing.T) {
	e := newMix(t, Options{})
	deleted := status(AccountServer, "HEAD", 404, "X-Account-Status", "Deleted")
	set(e.walk(e.s.accountTarget(e.c.Account)), deleted, deleted, deleted)
	_, err := e.s.HeadAccount(context.Background(), e.c.Account, objstore.InfoOptions{})
	wantKind(t, err, objstore.KindNotFound)
}

// The row of an object with a time to die goes to the expirer's queue, and each
// object server has its own container server.
func TestPutHeaders(t *testing.T) {
	e := newMix(t, Options{Cause: func(context.Context) (string, string) { return "tx1", "PUT /v1/AUTH_a/c/o" }})
	require.NoError(t, e.put(objstore.PutOptions{SizeBytes: 10, DeleteAt: 1796067408}))
	hosts := map[string]bool{}
	for _, n := range e.objectWalk()[:3] {
		requests := n.Requests()
		r := requests[len(requests)-1]
		require.Equal(t, "PUT", r.Method)
		require.Equal(t, "tx1", r.Header.Get("X-Trans-Id"))
		require.Equal(t, "PUT /v1/AUTH_a/c/o", r.Header.Get("Referer"))
		require.Equal(t, "1796067408", r.Header.Get("X-Delete-At"))
		require.Regexp(t, `^17959\d{5}$`, r.Header.Get("X-Delete-At-Container"))
		require.NotEmpty(t, r.Header.Get("X-Delete-At-Host"))
		require.Equal(t, "unsharded", r.Header.Get("X-Container-Root-Db-State"))
		hosts[r.Header.Get("X-Container-Host")] = true
	}
	require.Len(t, hosts, 3)
}

// A read of the newest asks all nodes: a node that missed the last PUT, and a
// node that missed the DELETE, do not answer for the others.
func TestNewestAsksAllNodes(t *testing.T) {
	for _, concurrent := range []bool{false, true} {
		proxy := swiftconf.DefaultOptions()
		proxy.ConcurrentGets = concurrent
		e := newMix(t, Options{Proxy: &proxy})
		ctx, walk := context.Background(), e.objectWalk()
		read := func(newest bool) (int64, error) {
			info, err := e.s.HeadObject(ctx, e.id, objstore.OpenOptions{Newest: newest})
			return info.SizeBytes, err
		}
		put := func(body string) {
			_, err := e.s.PutObject(ctx, e.id, strings.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
			require.NoError(t, err)
		}
		put("old")
		set(walk, dead(ObjectServer, "PUT"))
		put("newer")
		e.heal()
		if !concurrent {
			size, err := read(false)
			require.NoError(t, err)
			require.Equal(t, int64(len("old")), size, "the first node missed the PUT")
		}
		size, err := read(true)
		require.NoError(t, err)
		require.Equal(t, int64(len("newer")), size)
		obj, err := e.s.OpenObject(ctx, e.id, objstore.OpenOptions{Newest: true})
		require.NoError(t, err)
		body, err := io.ReadAll(obj.Range(0, obj.Info().SizeBytes))
		require.NoError(t, err)
		require.NoError(t, obj.Close())
		require.Equal(t, "newer", string(body))

		set(walk, dead(ObjectServer, "DELETE"))
		_, err = e.s.DeleteObject(ctx, e.id, objstore.DeleteOptions{})
		require.NoError(t, err)
		e.heal()
		_, err = read(true)
		wantKind(t, err, objstore.KindNotFound)
	}
}
