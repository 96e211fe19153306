// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/wire/wiretest"
)

func seededBody(t *testing.T, size int) []byte {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	body := make([]byte, size)
	rand.NewChaCha8(key).Read(body)
	return body
}

// requestsOf are the requests for objects with a method, in the order of their
// ends at each node.
func (e *mixEnv) requestsOf(method string) (all []*wiretest.Request) {
	for _, n := range e.f.nodes {
		for _, r := range n.Requests() {
			if r.Method == method && len(strings.SplitN(r.Path[1:], "/", 5)) == 5 {
				all = append(all, r)
			}
		}
	}
	return all
}

func (e *mixEnv) putBody(body []byte) objstore.ObjectInfo {
	info, err := e.s.PutObject(context.Background(), e.id, bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
	require.NoError(e, err)
	return info
}

func (e *mixEnv) open(o objstore.OpenOptions) objstore.Object {
	ob, err := e.s.OpenObject(context.Background(), e.id, o)
	require.NoError(e, err)
	e.Cleanup(func() { require.NoError(e, ob.Close()) })
	return ob
}

// cut breaks the bodies of a node after some bytes.
func cut(after int) behaviour {
	return func(n *fakeNode) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.atEnd = func(r *wiretest.Request, a *wiretest.Answer) *wiretest.Answer {
			if r.Method == "GET" {
				a.Cut, a.CutAfter = true, after
			}
			return a
		}
	}
}

// A body that breaks goes on at the next node, from where it broke.
func TestFailoverWithinABody(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 300_000)
	e.putBody(body)
	set(e.objectWalk(), cut(100_000), cut(50_000))
	ob := e.open(objstore.OpenOptions{})
	got, err := io.ReadAll(ob.Range(0, 300_000))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
	var ranges []string
	for _, r := range e.requestsOf("GET") {
		ranges = append(ranges, r.Header.Get("Range"))
	}
	require.ElementsMatch(t, []string{"", "bytes=100000-299999", "bytes=150000-299999"}, ranges)
}

// No node is left: the reader says so, and what was read is right.
func TestFailoverEnds(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 300_000)
	e.putBody(body)
	set(e.objectWalk(), cut(100_000), cut(50_000), cut(1))
	ob := e.open(objstore.OpenOptions{})
	got, err := io.ReadAll(ob.Range(0, 300_000))
	wantKind(t, err, objstore.KindUnavailable)
	require.True(t, bytes.Equal(body[:150_001], got))
}

// Another version is never the rest of a body.
func TestFailoverWantsTheSameETag(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 300_000)
	e.putBody(body)
	walk := e.objectWalk()
	set(walk, cut(100_000))
	ob := e.open(objstore.OpenOptions{})
	e.heal()
	set(walk, cut(100_000))
	e.putBody(seededBody(t, 300_001)[1:])
	got, err := io.ReadAll(ob.Range(0, 300_000))
	wantKind(t, err, objstore.KindUnavailable)
	require.True(t, bytes.HasPrefix(body, got))
	require.Len(t, got, 100_000)
}

// A later range is a GET of its own, and finds the same version or an error.
func TestRangesAreOneVersion(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 200_000)
	e.putBody(body)
	ob := e.open(objstore.OpenOptions{})
	got, err := io.ReadAll(ob.Range(150_000, 10))
	require.NoError(t, err)
	require.Equal(t, body[150_000:150_010], got)

	// The same bytes at another time are another version.
	e.putBody(body)
	_, err = io.ReadAll(ob.Range(0, 10))
	wantKind(t, err, objstore.KindUnavailable)
	require.ErrorIs(t, err, errOtherVersion)
	e.putBody(body[:100])
	_, err = io.ReadAll(ob.Range(150, 10)) // 416
	wantKind(t, err, objstore.KindUnavailable)
	require.ErrorIs(t, err, errOtherVersion)
	_, err = e.s.DeleteObject(context.Background(), e.id, objstore.DeleteOptions{})
	require.NoError(t, err)
	_, err = io.ReadAll(ob.Range(0, 10))
	wantKind(t, err, objstore.KindUnavailable)
}

// A GET carries the hint, and its body serves the reader of the hinted range
// and the ranges behind.
func TestRangeHint(t *testing.T) {
	type spans [][2]int64 // offset and length
	for hint, want := range map[string]struct {
		read spans
		gets int
	}{
		"":                          {spans{{0, 100_000}}, 1},
		"bytes=5-9":                 {spans{{5, 5}}, 1},
		"bytes=-7":                  {spans{{99_993, 7}}, 1},
		"bytes=99990-":              {spans{{99_990, 10}}, 1},
		"bytes=200000-":             {nil, 1}, // 416
		"bytes=5-9,20-":             {spans{{5, 5}, {20, 99_980}}, 1},
		"bytes=70000-99999,-1,0-99": {spans{{70_000, 30_000}, {99_999, 1}, {0, 100}}, 1},
		"bytes=0-9,200000-":         {spans{{0, 10}}, 1},
		"bytes=5-9,40-49,x":         {spans{{5, 5}}, 2},   // no ranges: the whole
		"bytes=5-9,40-49":           {spans{{40, 10}}, 2}, // the first part is not read
		"bytes=5-9,40-49,50-59":     {spans{{5, 5}, {50, 10}}, 2},
	} {
		t.Run(hint, func(t *testing.T) {
			e := newMix(t, Options{})
			body := seededBody(t, 100_000)
			info := e.putBody(body)
			ob := e.open(objstore.OpenOptions{Ranges: hint, WholeIf: "X-Static-Large-Object"})
			require.Equal(t, info, *ob.Info())
			for _, span := range want.read {
				got, err := io.ReadAll(ob.Range(span[0], span[1]))
				require.NoError(t, err)
				require.True(t, bytes.Equal(body[span[0]:span[0]+span[1]], got), span)
			}
			require.Len(t, e.requestsOf("GET"), want.gets)
			require.Empty(t, e.requestsOf("HEAD"))
			if hint != "" {
				require.Equal(t, "X-Static-Large-Object", e.requestsOf("GET")[0].Header.Get("X-Backend-Ignore-Range-If-Metadata-Present"))
			}
		})
	}
}

// Ranges one behind the other are read from a single GET.
func TestConsecutiveRanges(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 100_000)
	e.putBody(body)
	ob := e.open(objstore.OpenOptions{})
	for at := 0; at < len(body); at += 10_000 {
		var got bytes.Buffer
		_, err := io.Copy(&got, ob.Range(int64(at), 10_000))
		require.NoError(t, err)
		require.True(t, bytes.Equal(body[at:at+10_000], got.Bytes()))
	}
	require.Len(t, e.requestsOf("GET"), 1)
}

// now is a timer that has fired already.
func now(time.Duration) <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}

// only is a timer that fires at once for some times, and never for another time.
func only(fire ...time.Duration) func(time.Duration) <-chan time.Time {
	return func(d time.Duration) <-chan time.Time {
		if slices.Contains(fire, d) {
			return now(d)
		}
		return nil
	}
}

// patient are the settings of a proxy that never gives a hung node up: a test
// that waits for the node does not end. Each time has a length of its own.
func patient() *swiftconf.Options {
	o := DefaultOptions()
	o.NodeTimeout, o.RecoverableNodeTimeout, o.ConcurrencyTimeout = time.Hour, time.Hour, time.Minute
	return o
}

// hang leaves a method unanswered.
func hang(server Server, method string) behaviour {
	return on(server, method, func(*wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Hang: true} })
}

// A node that says nothing does not hold up a read.
func TestHedgedRead(t *testing.T) {
	e := newMix(t, Options{Proxy: patient(), after: only()})
	body := seededBody(t, 1000)
	e.putBody(body)
	e.s.after = now
	set(e.objectWalk(), hang(ObjectServer, "GET"), hang(ObjectServer, "GET"))
	got, err := io.ReadAll(e.open(objstore.OpenOptions{}).Range(0, 1000))
	require.NoError(t, err)
	require.Equal(t, body, got)
}

// A node that says nothing after the body does not hold up an upload, and not
// the Store's end.
func TestStragglers(t *testing.T) {
	for _, method := range []string{"PUT", "POST", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			e := newMix(t, Options{Proxy: patient(), after: only()})
			e.putBody([]byte("x"))
			e.s.after = only(e.s.options.PostQuorumTimeout)
			set(e.objectWalk(), atEnd(method, wiretest.Answer{Hang: true}))
			var err error
			switch method {
			case "PUT":
				e.putBody([]byte("y"))
			case "POST":
				_, err = e.s.PostObject(context.Background(), e.id, objstore.PostOptions{})
			case "DELETE":
				_, err = e.s.DeleteObject(context.Background(), e.id, objstore.DeleteOptions{})
			}
			require.NoError(t, err)
			require.NoError(t, e.s.Close())
		})
	}
}

// Uploads with stragglers are bounded: above the bound the straggler is given
// up, and the verdict is the same.
func TestStragglersAreBounded(t *testing.T) {
	e := newMix(t, Options{Proxy: patient(), after: only(patient().PostQuorumTimeout)})
	for range cap(e.s.stragglers) {
		e.s.stragglers <- struct{}{}
	}
	set(e.objectWalk(), atEnd("PUT", wiretest.Answer{Hang: true}))
	e.putBody([]byte("y"))
	e.s.running.Wait() // nothing runs on
	<-e.s.stragglers
	e.putBody([]byte("z"))
	require.Len(t, e.s.stragglers, cap(e.s.stragglers))
}

// A node that takes no bytes is left behind, and the others get all of the body.
// The time of NodeTimeout is over when the other nodes have all that was given
// out before.
func TestSlowNodeIsLeft(t *testing.T) {
	p := newPace()
	e := newMix(t, Options{after: func(d time.Duration) <-chan time.Time {
		if d == DefaultOptions().NodeTimeout {
			return p.whenCaughtUp()
		}
		return nil // no node is late before the body
	}})
	release := make(chan struct{})
	defer close(release)
	for i, n := range e.objectWalk()[:3] {
		n.mu.Lock()
		n.midBody = func(got int) {
			if i == 1 && got > 0 {
				<-release
			}
			p.note(i, got)
		}
		n.mu.Unlock()
	}
	const size = 24 << 20 // more than the sockets hold
	body := io.LimitReader(readerFunc(func(b []byte) (int, error) {
		p.note(1, p.given())
		return len(b), nil
	}), size)
	_, err := e.s.PutObject(context.Background(), e.id, body, objstore.PutOptions{SizeBytes: -1})
	require.NoError(t, err)
	holds := 0
	for _, n := range e.objectWalk() {
		n.mu.Lock()
		for _, o := range n.objects {
			holds++
			require.Len(t, o.body, size)
		}
		n.mu.Unlock()
	}
	require.Equal(t, 2, holds)
	require.Zero(t, e.limited(), "a slow node is a failure, and not limited at once")
}

// pace follows the chunks of an upload to nodes 0 and 2; the place of node 1 is
// for the chunks that were given out.
type pace struct {
	mu   sync.Mutex
	more *sync.Cond
	got  [3]int
}

func newPace() *pace {
	p := &pace{}
	p.more = sync.NewCond(&p.mu)
	return p
}

func (p *pace) given() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got[1] + chunkBytes
}

func (p *pace) note(i, got int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got[i] = got
	p.more.Broadcast()
}

// whenCaughtUp fires when both healthy nodes have all chunks but the last.
func (p *pace) whenCaughtUp() <-chan time.Time {
	p.mu.Lock()
	want := p.got[1] - chunkBytes
	p.mu.Unlock()
	fired := make(chan time.Time)
	go func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for p.got[0] < want || p.got[2] < want {
			p.more.Wait()
		}
		close(fired)
	}()
	return fired
}

// The end of the client's request ends the requests to the servers.
func TestCanceledRequests(t *testing.T) {
	e := newMix(t, Options{})
	e.putBody(make([]byte, 1000))
	reached := make(chan struct{}, 100)
	for _, n := range e.f.nodes {
		n.setScript(func(*wiretest.Request) *wiretest.Answer {
			reached <- struct{}{}
			return &wiretest.Answer{Hang: true}
		})
	}
	cause := errors.New("the client left")
	for name, run := range map[string]func(ctx context.Context) error{
		"head": func(ctx context.Context) error {
			_, err := e.s.HeadContainer(ctx, e.c, objstore.InfoOptions{})
			return err
		},
		"post": func(ctx context.Context) error { return e.s.PostContainer(ctx, e.c, objstore.MetadataUpdate{}) },
		"list": func(ctx context.Context) error {
			return e.s.ListObjects(ctx, e.c, objstore.ListOptions{Limit: 1}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			go func() { <-reached; cancel(cause) }()
			err := run(ctx)
			wantKind(t, err, objstore.KindUnavailable)
			require.ErrorIs(t, err, cause)
		})
	}
	require.Zero(t, e.limited(), "a client that left is no failure of a server")
}

// limited is how many nodes are error limited.
func (e *mixEnv) limited() (n int) {
	for _, d := range e.s.dir.AccountRing().Devices() {
		if e.s.nodes.Limited(d) {
			n++
		}
	}
	return n
}

func TestCanceledUpload(t *testing.T) {
	e := newMix(t, Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("the client left")
	body := readerFunc(func(p []byte) (int, error) {
		cancel(cause)
		return len(p), nil
	})
	_, err := e.s.PutObject(ctx, e.id, body, objstore.PutOptions{SizeBytes: -1})
	require.ErrorIs(t, err, cause)
	for _, n := range e.f.nodes {
		n.mu.Lock()
		require.Empty(t, n.objects)
		n.mu.Unlock()
	}
	require.Zero(t, e.limited())
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A node with too many failures is asked no more.
func TestNodesAreLimited(t *testing.T) {
	m := &countedMetrics{counts: map[string]int{}}
	e := newMix(t, Options{Metrics: m})
	e.putBody([]byte("x"))
	first := e.objectWalk()[0]
	first.setScript(func(*wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Status: 507} })
	for range 3 {
		_, err := e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
		require.NoError(t, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	require.Equal(t, 1, m.counts["507 "+first.device])
	require.Equal(t, 1, m.counts["limited "+first.device])
}

// countedMetrics counts by text.
type countedMetrics struct {
	noMetrics
	mu     sync.Mutex
	counts map[string]int
}

func (m *countedMetrics) Exchanged(e Exchange) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Status == 507 {
		m.counts["507 "+e.Device]++
	}
}

func (m *countedMetrics) Limited(_ Server, _, device string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts["limited "+device]++
}

func (m *countedMetrics) BodyFailed(Server, string, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts["body"]++
}

// piecesReader gives a piece a Read, as far as there is room.
type piecesReader struct{ pieces []int }

func (r *piecesReader) Read(p []byte) (int, error) {
	if len(r.pieces) == 0 {
		return 0, io.EOF
	}
	n := min(r.pieces[0], len(p))
	if r.pieces[0] -= n; r.pieces[0] == 0 {
		r.pieces = r.pieces[1:]
	}
	return n, nil
}

// Bytes that are enough do not wait for more, and bytes that are not enough do.
func TestReadFull(t *testing.T) {
	for _, c := range []struct {
		pieces []int
		n      int
		end    bool
	}{
		{[]int{64, 9}, 64, false}, {[]int{63, 9}, 72, false}, {[]int{10, 20, 30}, 60, true},
		{[]int{200}, 100, false}, {[]int{63, 1, 9}, 64, false}, {nil, 0, true},
	} {
		n, end, err := readFull(&piecesReader{c.pieces}, make([]byte, 100), 64)
		require.NoError(t, err)
		require.Equal(t, c.n, n, "%v", c)
		require.Equal(t, c.end, end, "%v", c)
	}
}
