// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

// fragmentsListedMax bounds what is read of an X-Backend-Fragments: the times,
// and the indexes of all times.
const fragmentsListedMax = 1000

// fragmentReply is what the buckets look at in an answer to the GET of an
// archive. node and source are numbers of the caller.
type fragmentReply struct {
	node, source int
	// status is that of the answer. dropped marks a failure of a node, and an
	// answer that tells nothing: both count as an answer of 500.
	status  int
	dropped bool
	at      internaltime.Time // of the data, else of the metadata
	// backend is X-Backend-Timestamp, else X-Timestamp. In a 404, backend is
	// the time of the tombstone.
	backend internaltime.Time
	durable internaltime.Time // of the newest durable fragments on the node
	index   int               // of the fragment; -1 if not told
	etag    string            // of the object
	size    string            // of the object, in bytes
	listed  map[internaltime.Time][]int
}

// readFragmentReply takes a reply from the headers of an answer. An error is a
// fault of the node.
func readFragmentReply(status int, h wire.Header) (fragmentReply, error) {
	r := fragmentReply{status: status, index: -1, etag: h.Get(ecETag), size: h.Get(ecLength)}
	at := func(names ...string) (t internaltime.Time, err error) {
		for _, name := range names {
			if text := h.Get(name); text != "" {
				if t, err = internaltime.Parse(text); err != nil {
					err = fmt.Errorf("header %s: %w", name, err)
				}
				return t, err
			}
		}
		return t, nil
	}
	var errs [4]error
	r.backend, errs[0] = at("X-Backend-Timestamp", "X-Timestamp")
	r.at, errs[1] = at("X-Backend-Data-Timestamp", "X-Backend-Timestamp", "X-Timestamp")
	r.durable, errs[2] = at("X-Backend-Durable-Timestamp")
	if r.durable.IsZero() && h.Get("X-Backend-Data-Timestamp") == "" {
		// A server that does not tell of durability keeps durable archives.
		r.durable = r.at
	}
	if text := h.Get(ecIndex); text != "" {
		if r.index, errs[3] = strconv.Atoi(text); r.index < 0 {
			errs[3] = fmt.Errorf("header %s: %q", ecIndex, text)
		}
	}
	r.listed = readFragmentList(h.Get("X-Backend-Fragments"))
	return r, errors.Join(errs[:]...)
}

// readFragmentList reads {"TIME": [INDEX…]}. A list of another form is empty, as
// in Swift.
func readFragmentList(text string) map[internaltime.Time][]int {
	var byText map[string][]int
	if json.Unmarshal([]byte(text), &byText) != nil {
		return nil
	}
	listed, n := map[internaltime.Time][]int{}, 0
	for stamp, indexes := range byText {
		t, err := internaltime.Parse(stamp)
		if n += 1 + len(indexes); err != nil || n > fragmentsListedMax {
			return nil
		}
		listed[t] = indexes
	}
	return listed
}

// bucket gathers the replies with archives of a single time, or bad replies of
// a single status (swift/proxy/controllers/obj.py: ECGetResponseBucket).
type bucket struct {
	time    internaltime.Time // of the data, or of the newest tombstone
	status  int               // of the first reply; 0 without a reply
	durable bool
	etag    string
	size    string
	indexes []int         // of the fragments, in the order of the replies
	got     map[int]int   // the source of each index
	others  int           // replies without an index
	on      map[int][]int // by index, the nodes that have the fragment beside another
}

func newBucket(at internaltime.Time) *bucket {
	return &bucket{time: at, got: map[int]int{}, on: map[int][]int{}}
}

var errMixedETags = errors.New("archives of one time and different objects")

func (b *bucket) add(r fragmentReply) error {
	if b.status == 0 {
		b.status, b.etag, b.size = r.status, r.etag, r.size
	} else if b.etag != r.etag || b.size != r.size {
		return fmt.Errorf("%w: Ec-Etag %q and %q, %s and %s bytes", errMixedETags, b.etag, r.etag, b.size, r.size)
	}
	if r.index < 0 {
		b.others++
	} else if _, ok := b.got[r.index]; !ok {
		b.got[r.index] = r.source
		b.indexes = append(b.indexes, r.index)
	}
	return nil
}

func (b *bucket) replies() int { return len(b.got) + b.others }

// buckets decides after each reply of a coded GET what to do next
// (swift/proxy/controllers/obj.py: ECGetResponseCollection). Buckets is pure: no
// clock, no network.
type buckets struct {
	data, parity, replicas int

	good    map[internaltime.Time]*bucket
	bad     map[int]*bucket
	asked   int             // nodes that were given out
	extra   int             // requests beyond the first
	kept    []fragmentReply // the bad replies that may be shown to a client
	shuffle func(n int, swap func(i, j int))
}

func newBuckets(c *coding, shuffle func(n int, swap func(i, j int))) *buckets {
	return &buckets{data: c.codec.Data(), parity: c.codec.Parity(), replicas: c.nodes(),
		good: map[internaltime.Time]*bucket{}, bad: map[int]*bucket{}, shuffle: shuffle}
}

func (g *buckets) at(t internaltime.Time) *bucket {
	if g.good[t] == nil {
		g.good[t] = newBucket(t)
	}
	return g.good[t]
}

// add takes a reply. With an error the reply is not used.
func (g *buckets) add(r fragmentReply) error {
	if r.dropped {
		r.status = http.StatusInternalServerError
	}
	if r.status < 200 || r.status > 299 {
		b := g.bad[r.status]
		if b == nil {
			b = newBucket(internaltime.Time{})
			g.bad[r.status] = b
		}
		if b.time.Before(r.backend) {
			b.time = r.backend
		}
		if !r.dropped {
			g.kept = append(g.kept, r)
		}
		return b.add(r)
	}
	if err := g.at(r.at).add(r); err != nil {
		return err
	}
	for t, indexes := range r.listed {
		b := g.at(t)
		for _, i := range indexes {
			b.on[i] = append(b.on[i], r.node)
		}
	}
	if !r.durable.IsZero() {
		g.at(r.durable).durable = true
	}
	return nil
}

// shortfallOf is how many replies a bucket lacks. A bucket without a durable
// archive asks for more than decoding needs: a durable one may be elsewhere.
func (g *buckets) shortfallOf(b *bucket) int {
	n := b.replies()
	if b.durable || b.status == statusRange {
		return max(g.data-n, 0)
	}
	return max(1, g.data-n, min(g.replicas-n, g.parity))
}

// shortfallWithOthers is the shortfall if all fragments come that are known to
// lie beside others.
func (g *buckets) shortfallWithOthers(b *bucket) int {
	n := b.replies()
	for i := range b.on {
		if _, ok := b.got[i]; !ok {
			n++
		}
	}
	return max(g.data-n, 0)
}

// sorted are the good buckets, the best first.
func (g *buckets) sorted() []*bucket {
	list := slices.Collect(maps.Values(g.good))
	slices.SortFunc(list, func(a, b *bucket) int {
		return cmp.Or(
			compareBool(b.durable, a.durable),
			compareBool(g.shortfallOf(b) <= 0, g.shortfallOf(a) <= 0),
			cmp.Compare(g.shortfallWithOthers(a), g.shortfallWithOthers(b)),
			b.time.Compare(a.time),
		)
	})
	return list
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// best is the bucket to read: the best one that no tombstone outdates, else the
// least bad.
func (g *buckets) best() *bucket {
	tombstone := internaltime.Time{}
	if gone := g.bad[statusNotFound]; gone != nil {
		tombstone = gone.time
	}
	for _, b := range g.sorted() {
		if !b.time.Before(tombstone) {
			return b
		}
	}
	return g.leastBad()
}

// leastBad is the bad bucket with the smallest shortfall. A 404 is no reason to
// stop looking.
func (g *buckets) leastBad() *bucket {
	var least *bucket
	for _, status := range slices.Sorted(maps.Keys(g.bad)) {
		b := g.bad[status]
		if status != statusNotFound && (least == nil || g.shortfallOf(b) < g.shortfallOf(least)) {
			least = b
		}
	}
	if least == nil {
		return newBucket(internaltime.Time{})
	}
	return least
}

// done reports whether the best bucket can be read.
func (g *buckets) done() bool {
	b := g.best()
	return b.durable && g.shortfallOf(b) <= 0
}

// wantsMore reports whether a further request is to be sent after a reply of a
// status, with so many requests running. nodesLeft says whether nodes are left
// that were not asked.
func (g *buckets) wantsMore(status, running int, nodesLeft bool) bool {
	if g.extra >= 2*g.replicas-g.data || !nodesLeft && !g.hasOther() {
		return false
	}
	short := min(g.shortfallOf(g.best()), g.shortfallOf(g.leastBad()))
	if short <= running && good(ObjectServer, status) {
		return false
	}
	g.extra++
	return true
}

// others are the indexes that are only known to lie beside others, for the best
// bucket. There are none before k requests: fragments of different nodes spread
// the work.
func (g *buckets) others() (b *bucket, indexes []int) {
	if g.asked <= g.data {
		return nil, nil
	}
	b = g.best()
	if g.shortfallOf(b) <= 0 || !b.durable {
		return b, nil
	}
	for i, nodes := range b.on {
		if _, ok := b.got[i]; !ok && len(nodes) > 0 {
			indexes = append(indexes, i)
		}
	}
	slices.Sort(indexes)
	g.shuffle(len(indexes), func(i, j int) { indexes[i], indexes[j] = indexes[j], indexes[i] })
	return b, indexes
}

func (g *buckets) hasOther() bool {
	_, indexes := g.others()
	return len(indexes) > 0
}

// ask counts a request, and returns the node that the request goes to if not the
// next in line: a node that has a further fragment of the best bucket.
func (g *buckets) ask() (node int, ok bool) {
	g.asked++
	b, indexes := g.others()
	if len(indexes) == 0 {
		return 0, false
	}
	nodes := b.on[indexes[0]]
	b.on[indexes[0]] = nodes[1:]
	return nodes[0], true
}

// preferences is the X-Backend-Fragment-Preferences of a request that is sent
// now.
func (g *buckets) preferences() string {
	text := []byte{'['}
	for _, b := range g.sorted() {
		if b.time.IsZero() {
			continue
		}
		if len(text) > 1 {
			text = append(text, ", "...)
		}
		text = appendPreference(text, b.time, b.indexes)
	}
	return string(append(text, ']'))
}

// appendPreference appends the wish for a fragment of a time, but not for those
// that are there.
func appendPreference(text []byte, at internaltime.Time, exclude []int) []byte {
	text = fmt.Appendf(text, `{"timestamp": "%s", "exclude": [`, at)
	for i, index := range exclude {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(text, int64(index), 10)
	}
	return append(text, "]}"...)
}

// worst chooses the answer for a client without an object: a source among the
// bad replies, or -1 with a status. suppressed is how many 404s of primaries
// without a time tell nothing.
func (g *buckets) worst(suppressed int) (status, source int) {
	best := g.best()
	var statuses, sources []int
	for _, r := range g.kept {
		known := r.at
		switch {
		case best.durable && known.Compare(best.time) <= 0:
			// The object is probably there, and out of reach.
		case suppressed > 0 && r.status == statusNotFound && r.backend.IsZero():
			suppressed--
		default:
			statuses, sources = append(statuses, r.status), append(sources, r.source)
		}
	}
	if len(statuses) == 0 && best.status >= 200 && best.status < 300 && !best.durable {
		return statusNotFound, -1
	}
	verdict := verdict.BestResponse(statuses, verdict.Quorum(len(statuses)), nil)
	if verdict.Answer < 0 {
		return verdict.Status, -1
	}
	return verdict.Status, sources[verdict.Answer]
}
