// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/wire"
)

// code42 is the policy of the recorded conversations: 4+2 with 6 replicas.
func code42(t testing.TB) *coding {
	c, err := newCoding(objstore.Policy{Name: "ec", ECType: "isa_l_rs_vand", DataFragments: 4, ParityFragments: 2, SegmentBytes: 1 << 20})
	require.NoError(t, err)
	return c
}

// simNode is an object server: its fragments by the second of their time.
type simNode struct {
	name      string
	fragments map[int64][]int
	durable   int64
	tombstone int64
	status    int    // in place of all else
	etag      string // "" means the second
}

func second(s int64) internaltime.Time {
	return internaltime.Time{Units: objstore.Timestamp(s * 100_000)}
}

// choose is the object server's choice (swift/obj/diskfile.py:
// ECDiskFileManager): the first preferred time that has an index which is not
// excluded, else the newest time without a preference; the highest index.
func (n *simNode) choose(preferences string) (at int64, index int, ok bool) {
	var wanted []struct {
		Timestamp string
		Exclude   []int
	}
	if err := json.Unmarshal([]byte(preferences), &wanted); err != nil {
		panic(err)
	}
	ruledOut := map[int64]bool{}
	for _, w := range wanted {
		for s, indexes := range n.fragments {
			if second(s).String() != w.Timestamp {
				continue
			}
			left := slices.DeleteFunc(slices.Clone(indexes), func(i int) bool { return slices.Contains(w.Exclude, i) })
			if len(left) > 0 {
				return s, slices.Max(left), true
			}
			ruledOut[s] = true
		}
	}
	for s, indexes := range n.fragments {
		if !ruledOut[s] && (!ok || s > at) {
			at, index, ok = s, slices.Max(indexes), true
		}
	}
	return at, index, ok
}

// answer is the server's answer as headers.
func (n *simNode) answer(preferences string) (int, wire.Header) {
	var h wire.Header
	at, index, ok := n.choose(preferences)
	switch {
	case n.status != 0:
		return n.status, nil
	case !ok && n.tombstone > 0:
		h.Set("X-Backend-Timestamp", second(n.tombstone).String())
		return 404, h
	case !ok:
		return 404, nil
	}
	h.Set("X-Backend-Timestamp", second(at).String())
	h.Set("X-Backend-Data-Timestamp", second(at).String())
	if n.durable > 0 {
		h.Set("X-Backend-Durable-Timestamp", second(n.durable).String())
	}
	listed := map[string][]int{}
	for s, indexes := range n.fragments {
		listed[second(s).String()] = indexes
	}
	text, err := json.Marshal(listed)
	if err != nil {
		panic(err)
	}
	h.Set("X-Backend-Fragments", string(text))
	h.Set(ecIndex, fmt.Sprint(index))
	if h.Set(ecETag, fmt.Sprint(at)); n.etag != "" {
		h.Set(ecETag, n.etag)
	}
	return 200, h
}

// play runs the requests of a GET against nodes, in the order in which nodes are
// given, and answers in the order of the requests. The first primaries nodes are
// primaries. The log has a line for each request.
func play(t *testing.T, primaries int, list ...simNode) (log []string, g *buckets) {
	t.Helper()
	g = newBuckets(code42(t), func(int, func(i, j int)) {})
	type flight struct {
		node        int
		preferences string
	}
	var flights []flight
	var asked []int
	next := 0
	noNodes := false
	ask := func() {
		node, ok := g.ask()
		if ok {
			node = asked[node]
		} else if next == len(list) {
			noNodes = true
			return
		} else {
			node, next = next, next+1
		}
		asked = append(asked, node)
		flights = append(flights, flight{node, g.preferences()})
	}
	for range g.data {
		ask()
	}
	for at := 0; at < len(flights) && !g.done(); at++ {
		f := flights[at]
		status, h := list[f.node].answer(f.preferences)
		r, err := readFragmentReply(status, h)
		require.NoError(t, err)
		r.node, r.source = at, at
		if f.node >= primaries && (status == 404 || status >= 500) && r.backend.IsZero() {
			r.dropped, status = true, 500
		}
		line := fmt.Sprintf("%s %s: %d", list[f.node].name, f.preferences, r.status)
		if r.index >= 0 {
			line += fmt.Sprintf(" fragment %d", r.index)
		}
		if err := g.add(r); err != nil {
			line += ", not used"
		}
		log = append(log, strings.ReplaceAll(line, "0000000001.00000", "T"))
		if !g.done() && g.wantsMore(status, len(flights)-at-1, !noNodes) {
			ask()
		}
	}
	return log, g
}

func fragmentsOf(s int64, indexes ...int) map[int64][]int { return map[int64][]int{s: indexes} }

// TestBucketsTwoFragmentsOnANode is a conversation of Swift's proxy: fragment 0
// lay beside 1, and 4 and 5 were missing. The eighth request goes to a node that
// was asked before.
func TestBucketsTwoFragmentsOnANode(t *testing.T) {
	log, g := play(t, 6,
		simNode{name: "p0"}, simNode{name: "p4"}, simNode{name: "p5"},
		simNode{name: "p3", fragments: fragmentsOf(1, 3), durable: 1},
		simNode{name: "p2", fragments: fragmentsOf(1, 2), durable: 1},
		simNode{name: "p1", fragments: fragmentsOf(1, 0, 1), durable: 1},
		simNode{name: "h0"}, simNode{name: "h1"})
	require.Equal(t, []string{
		"p0 []: 404",
		"p4 []: 404",
		"p5 []: 404",
		"p3 []: 200 fragment 3",
		"p2 []: 200 fragment 2",
		"p1 []: 200 fragment 1",
		"h0 []: 404",
		`p1 [{"timestamp": "T", "exclude": [3, 2, 1]}]: 200 fragment 0`,
	}, log)
	require.True(t, g.done())
	require.Equal(t, second(1), g.best().time)
}

// TestBucketsDurability has the recorded numbers of requests for fragments that
// are not durable.
func TestBucketsDurability(t *testing.T) {
	nodes := func(durable int) []simNode {
		var list []simNode
		for i := range 6 {
			n := simNode{name: fmt.Sprint("p", i), fragments: fragmentsOf(1, i)}
			if i == durable {
				n.durable = 1
			}
			list = append(list, n)
		}
		return append(list, simNode{name: "h0"}, simNode{name: "h1"})
	}
	log, g := play(t, 6, nodes(-1)...)
	require.Len(t, log, 8)
	require.False(t, g.done())
	status, source := g.worst(1)
	require.Equal(t, []int{404, -1}, []int{status, source})

	log, g = play(t, 6, nodes(5)...)
	require.Len(t, log, 6)
	require.True(t, g.done())
	log, g = play(t, 6, nodes(0)...)
	require.Len(t, log, 4)
	require.True(t, g.done())
}

// TestBuckets has mixes of versions, tombstones and failures: the number of
// requests, and the second of the version or the status.
func TestBuckets(t *testing.T) {
	have := func(s int64, durable int64, indexes ...int) (list []simNode) {
		for _, i := range indexes {
			list = append(list, simNode{name: fmt.Sprint("p", i), fragments: fragmentsOf(s, i), durable: durable})
		}
		return list
	}
	empty := func(n int) (list []simNode) {
		for range n {
			list = append(list, simNode{name: "empty"})
		}
		return list
	}
	gone := func(n int, tombstone int64) (list []simNode) {
		for range n {
			list = append(list, simNode{name: "gone", tombstone: tombstone})
		}
		return list
	}
	failing := func(n, status int) (list []simNode) {
		for range n {
			list = append(list, simNode{name: "failing", status: status})
		}
		return list
	}
	f := func(name string, requests int, version int64, status int, parts ...[]simNode) {
		t.Run(name, func(t *testing.T) {
			log, g := play(t, 6, slices.Concat(parts...)...)
			require.Len(t, log, requests, strings.Join(log, "\n"))
			require.Equal(t, version > 0, g.done())
			if version > 0 {
				require.Equal(t, second(version), g.best().time)
				return
			}
			got, _ := g.worst(1)
			require.Equal(t, status, got)
		})
	}
	f("all there", 4, 1, 0, have(1, 1, 0, 1, 2, 3, 4, 5))
	f("two lost", 6, 1, 0, empty(2), have(1, 1, 2, 3, 4, 5))
	f("two nodes fail", 6, 1, 0, failing(2, 503), have(1, 1, 2, 3, 4, 5))
	f("never existed", 8, 0, 404, empty(8))
	f("deleted", 8, 0, 404, gone(6, 2), empty(2))
	f("three lost", 8, 0, 503, failing(3, 503), have(1, 1, 3, 4, 5), empty(2))
	f("all fail", 8, 0, 503, failing(8, 503))
	f("no disk anywhere", 8, 0, 503, failing(6, 507), empty(2))
	f("a new version beside the old", 6, 2, 0, have(1, 1, 0, 1), have(2, 2, 2, 3, 4, 5))
	f("an unfinished new version", 6, 1, 0, have(2, 0, 0, 1), have(1, 1, 2, 3, 4, 5))
	f("an unfinished new version of two fragments that come late", 4, 1, 0, have(1, 1, 2, 3, 4, 5), have(2, 0, 0, 1))
	f("too few of either version", 8, 0, 503, have(1, 1, 0, 1, 2), have(2, 2, 3, 4, 5), empty(2))
	f("a tombstone newer than the data", 8, 0, 404, gone(1, 2), have(1, 1, 1, 2, 3, 4, 5), empty(2))
	f("a tombstone older than the data", 5, 2, 0, gone(1, 1), have(2, 2, 1, 2, 3, 4, 5))
	f("404 beside data out of reach", 8, 0, 503, have(1, 1, 0, 1, 2), empty(5))
	f("a range that no server can give", 4, 0, 416, failing(6, 416))
	f("the same fragment everywhere", 8, 0, 503, have(1, 1, 0, 0, 0, 0, 0, 0, 0, 0))
}

// TestBucketsMixedETags: archives of one time and two objects are never decoded
// together.
func TestBucketsMixedETags(t *testing.T) {
	var list []simNode
	for i := range 6 {
		list = append(list, simNode{name: fmt.Sprint("p", i), fragments: fragmentsOf(1, i), durable: 1})
	}
	list[1].etag = "another"
	log, g := play(t, 6, list...)
	require.Contains(t, log, "p1 []: 200 fragment 1, not used")
	require.True(t, g.done())
	require.NotContains(t, g.best().got, 1)
	require.Len(t, log, 5)
}

// TestBucketsEndAtLast: nodes that always have another fragment that is listed
// and never given do not keep a GET busy for ever.
func TestBucketsEndAtLast(t *testing.T) {
	liar := simNode{name: "liar", fragments: fragmentsOf(1, 0), durable: 1}
	var list []simNode
	for range 100 {
		list = append(list, liar)
	}
	log, _ := play(t, 100, list...)
	require.Len(t, log, 4+2*6-4)
}

func TestReadFragmentReply(t *testing.T) {
	r, err := readFragmentReply(200, wire.Header{
		{Name: "X-Backend-Timestamp", Value: "0000000003.00000"}, {Name: "X-Backend-Data-Timestamp", Value: "0000000002.00000_0000000000000001"},
		{Name: "X-Backend-Durable-Timestamp", Value: "0000000001.00000"}, {Name: "X-Object-Sysmeta-EC-Frag-Index", Value: "5"},
		{Name: "X-Backend-Fragments", Value: `{"0000000002.00000_0000000000000001": [5, 1], "0000000001.00000": []}`},
		{Name: "X-Object-Sysmeta-EC-Etag", Value: "e"},
	})
	require.NoError(t, err)
	at := internaltime.Time{Units: 200_000, Offset: 1}
	require.Equal(t, fragmentReply{status: 200, at: at, backend: second(3), durable: second(1), index: 5, etag: "e",
		listed: map[internaltime.Time][]int{at: {5, 1}, second(1): {}}}, r)

	r, err = readFragmentReply(200, wire.Header{{Name: "X-Timestamp", Value: "0000000003.00000"}})
	require.NoError(t, err)
	require.Equal(t, fragmentReply{status: 200, at: second(3), backend: second(3), durable: second(3), index: -1}, r)

	for _, wrong := range []wire.Header{
		{{Name: "X-Backend-Timestamp", Value: "x"}}, {{Name: "X-Backend-Data-Timestamp", Value: "x"}},
		{{Name: "X-Backend-Durable-Timestamp", Value: "x"}}, {{Name: ecIndex, Value: "x"}}, {{Name: ecIndex, Value: "-1"}},
	} {
		_, err := readFragmentReply(200, wrong)
		require.Error(t, err, "%v", wrong)
	}
}

// TestFragmentListIsBounded at N and N+1.
func TestFragmentListIsBounded(t *testing.T) {
	list := func(n int) string {
		return `{"0000000001.00000": [` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}`
	}
	require.Len(t, readFragmentList(list(fragmentsListedMax - 1))[second(1)], fragmentsListedMax-1)
	require.Nil(t, readFragmentList(list(fragmentsListedMax)))
	require.Nil(t, readFragmentList(`{"x": [1]}`))
	require.Nil(t, readFragmentList(`[]`))
	require.Nil(t, readFragmentList(``))
}

func FuzzFragmentList(f *testing.F) {
	f.Add(`{"0000000001.00000": [0, 1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for _, indexes := range readFragmentList(text) {
			n += 1 + len(indexes)
		}
		if n > fragmentsListedMax {
			t.Fatal(n)
		}
	})
}

func TestAssignFragments(t *testing.T) {
	f := func(places []int, fragments, copies int, want ...int) {
		t.Helper()
		require.Equal(t, want, assignFragments(places, fragments, copies))
	}
	f([]int{0, 1, 2, 3, 4, 5}, 6, 1, 0, 1, 2, 3, 4, 5)
	f([]int{5, -1, 2, 3, -1, 0}, 6, 1, 5, 1, 2, 3, 4, 0)
	f([]int{-1, -1}, 2, 1, 0, 1)
	f([]int{0, 1, -1}, 2, 1, 0, 1, -1)
	// Twice each of three fragments: 0 is there once, 1 not at all, 2 twice.
	f([]int{0, 2, 5, -1, -1, -1}, 3, 2, 0, 2, 2, 1, 0, 1)
}

func TestSegmentsOfAnObject(t *testing.T) {
	c := code42(t)
	for size, want := range map[int64]int64{0: 0, 1: 1, 1 << 20: 1, 1<<20 + 1: 2, 2_500_000: 3} {
		require.Equal(t, want, c.segments(size), size)
	}
	require.Equal(t, 1<<20, c.segmentBytes(1, 2_500_000))
	require.Equal(t, 2_500_000-2<<20, c.segmentBytes(2, 2_500_000))
	require.EqualValues(t, 625_240, c.ArchiveBytes(2_500_000))
	require.Equal(t, 5, c.quorum())
}
