// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
	"needletail/objstore/memstore"
	"needletail/ring"
)

// shardServer is the only server of a cluster: accounts are there, containers
// are sharded as shards says, rows come from a memstore.
type shardServer struct {
	*wiretest.Server
	rows objstore.Store

	mu     sync.Mutex
	shards map[string]string // JSON of the namespaces, by "account/container"
	state  string            // of containers with shards
	policy map[string]string // of the rows of a container, in place of "0"
	broken map[string]int    // status of a container
	seen   []*wiretest.Request
}

var (
	root   = objstore.ContainerID{Account: "AUTH_a", Container: "root"}
	shard0 = objstore.ContainerID{Account: ".shards_AUTH_a", Container: "root-0"}
	shard1 = objstore.ContainerID{Account: ".shards_AUTH_a", Container: "root-1"}
)

const twoShards = `[{"name": ".shards_AUTH_a/root-0", "lower": "", "upper": "m"}, {"name": ".shards_AUTH_a/root-1", "lower": "m", "upper": ""}]`

// newShardServer starts the server, with the names of a to d in the first shard
// and those of w to z in the second.
func newShardServer(t *testing.T) *shardServer {
	t.Helper()
	f := &shardServer{
		rows: memstore.New(memstore.Options{}), state: infocache.Sharded,
		shards: map[string]string{root.String()[1:]: twoShards}, policy: map[string]string{}, broken: map[string]int{},
	}
	f.Server = wiretest.New(t, wiretest.Handler{Final: f.answer})
	put(t, f.rows, root, "")
	for _, name := range []string{"a", "b/1", "b/2", "d"} {
		put(t, f.rows, shard0, name)
	}
	for _, name := range []string{"w", "x/1", "z"} {
		put(t, f.rows, shard1, name)
	}
	return f
}

func (f *shardServer) answer(r *wiretest.Request) *wiretest.Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r)
	parts := strings.SplitN(r.Path, "/", 6) // "", device, partition, account, container, object
	switch {
	case len(parts) == 6:
		return &wiretest.Answer{Status: 201, Header: wire.Header{{Name: "Etag", Value: "d41d8cd98f00b204e9800998ecf8427e"}}}
	case len(parts) == 4:
		return &wiretest.Answer{Status: 204, Header: wire.Header{{Name: "X-Timestamp", Value: "1700000000.00000"}, {Name: "X-Put-Timestamp", Value: "1700000000.00000"}}}
	}
	return f.container(r, parts[3]+"/"+parts[4])
}

// container answers HEAD and GET of a container.
func (f *shardServer) container(r *wiretest.Request, name string) *wiretest.Answer {
	if status := f.broken[name]; status != 0 {
		return &wiretest.Answer{Status: status}
	}
	a := &wiretest.Answer{Status: 204}
	for n, v := range map[string]string{
		"X-Timestamp": "1700000000.00000", "X-Put-Timestamp": "1700000000.00000", "X-Backend-Timestamp": "1700000000.00000",
		"X-Backend-Put-Timestamp": "1700000000.00000", policyHeader: "0", "X-Container-Object-Count": "0", "X-Container-Bytes-Used": "0",
	} {
		a.Header.Set(n, v)
	}
	shards, sharded := f.shards[name]
	if sharded {
		a.Header.Set("X-Backend-Sharding-State", f.state)
	}
	if r.Method == "HEAD" {
		return a
	}
	q, _ := url.ParseQuery(r.Query)
	kind := r.Header.Get(recordType)
	if kind == recordShard || kind == recordAuto && sharded {
		a.Header.Set(recordType, recordShard)
		if r.Header.Get(overrideNameFilter) == f.state {
			a.Header.Set(overrideNameFilter, "true")
		} else if q.Get("reverse") == "true" {
			var list []json.RawMessage
			_ = json.Unmarshal([]byte(shards), &list)
			slices.Reverse(list)
			text, _ := json.Marshal(list)
			shards = string(text)
		}
		a.Status, a.Body = 200, []byte(shards)
		return a
	}
	a.Header.Set(recordType, recordObject)
	a.Header.Set(recordPolicy, "0")
	if p := f.policy[name]; p != "" {
		a.Header.Set(recordPolicy, p)
	}
	a.Status, a.Body = 200, f.list(name, q)
	return a
}

// list is a listing of rows.
func (f *shardServer) list(name string, q url.Values) []byte {
	limit, _ := strconv.Atoi(q.Get("limit"))
	o := objstore.ListOptions{
		Limit: limit, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), Marker: q.Get("marker"),
		EndMarker: q.Get("end_marker"), Reverse: q.Get("reverse") == "true",
	}
	account, container, _ := strings.Cut(name, "/")
	id := objstore.ContainerID{Account: objstore.AccountName(account), Container: objstore.ContainerName(container)}
	rows := []map[string]any{}
	err := f.rows.ListObjects(context.Background(), id, o, func(e *objstore.ObjectEntry) error {
		if e.Subdir {
			rows = append(rows, map[string]any{"subdir": e.Name})
		} else {
			rows = append(rows, map[string]any{"name": e.Name, "bytes": 5, "hash": "e", "content_type": "t",
				"last_modified": "2026-12-01T03:25:18.000000"})
		}
		return nil
	})
	if err != nil {
		panic(err) // a mistake of the test
	}
	text, _ := json.Marshal(rows)
	return text
}

// requests are the requests since the last call, as "METHOD container?query".
func (f *shardServer) requests() (lines []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.seen {
		parts := strings.SplitN(r.Path, "/", 5)
		lines = append(lines, r.Method+" "+parts[len(parts)-1])
	}
	f.seen = nil
	return lines
}

// open opens a Store over the server.
func (f *shardServer) open(t *testing.T, cache *infocache.Cache) *Store {
	t.Helper()
	dir := t.TempDir()
	conf := "[swift-hash]\nswift_hash_path_suffix = x\n[storage-policy:0]\nname = gold\ndefault = yes\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(conf), 0o600))
	for _, name := range []string{"account", "container", "object"} {
		b, err := ring.NewBuilder(2, 1, 0)
		require.NoError(t, err)
		host, port, err := net.SplitHostPort(f.Addr)
		require.NoError(t, err)
		p, err := strconv.Atoi(port)
		require.NoError(t, err)
		require.NoError(t, b.Add(ring.Device{ID: 0, Region: 1, Zone: 1, Weight: 1, IP: host, Port: p,
			ReplicationIP: host, ReplicationPort: p, Device: "sda"}))
		_, err = b.Rebalance(1)
		require.NoError(t, err)
		r, err := b.Ring(ring.Hash{Suffix: "x"})
		require.NoError(t, err)
		require.NoError(t, r.WriteFile(filepath.Join(dir, name+".ring.gz"), 1))
	}
	d, err := swiftconf.Open(dir, swiftconf.DirOptions{})
	require.NoError(t, err)
	s, err := Open(Options{Dir: d, Cache: cache})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func newCache(t *testing.T) *infocache.Cache {
	t.Helper()
	c, err := infocache.New(infocache.Config{})
	require.NoError(t, err)
	return c
}

func TestListShards(t *testing.T) {
	for name, cache := range map[string]*infocache.Cache{"without a cache": nil, "with a cache": newCache(t)} {
		t.Run(name, func(t *testing.T) {
			f := newShardServer(t)
			s := f.open(t, cache)
			require.Equal(t, []string{"a", "b/1", "b/2", "d", "w", "x/1", "z"}, listed(t, s, root, objstore.ListOptions{Limit: 100}))
			require.Equal(t, []string{"GET root", "GET root-0", "GET root-1"}, f.requests())
			require.Equal(t, []string{"a", "b/", "d", "w", "x/", "z"}, listed(t, s, root, objstore.ListOptions{Limit: 100, Delimiter: "/"}))
			require.Equal(t, []string{"z", "x/", "w", "d", "b/"}, listed(t, s, root, objstore.ListOptions{Limit: 5, Delimiter: "/", Reverse: true}))
			f.requests()
			require.Equal(t, []string{"d", "w"}, listed(t, s, root, objstore.ListOptions{Limit: 2, Marker: "b/2"}))
			require.Equal(t, []string{"x/1"}, listed(t, s, root, objstore.ListOptions{Limit: 2, Prefix: "x"}))
			if cache != nil {
				require.Equal(t, []string{"GET root-0", "GET root-1", "GET root-1"}, f.requests(), "the shards are cached")
			}
		})
	}
}

// The counters of a listing are those of the server that answered, and of a
// complete listing over shards those of the rows: the root lags behind.
func TestCountedShards(t *testing.T) {
	path := ""
	for name, cache := range map[string]*infocache.Cache{"without a cache": nil, "with a cache": newCache(t)} {
		t.Run(name, func(t *testing.T) {
			f := newShardServer(t)
			s := f.open(t, cache)
			for _, c := range []struct {
				o    objstore.ListOptions
				rows int64 // that count; -1: the counters of the root, if any
			}{
				{objstore.ListOptions{Limit: 100}, 7}, {objstore.ListOptions{Limit: 8}, 7}, {objstore.ListOptions{Limit: 7}, -1},
				{objstore.ListOptions{Limit: 100, Reverse: true}, 7}, {objstore.ListOptions{Limit: 100, Marker: "a"}, -1},
				{objstore.ListOptions{Limit: 100, EndMarker: "zz"}, -1}, {objstore.ListOptions{Limit: 100, Prefix: "x"}, -1},
				{objstore.ListOptions{Limit: 100, Delimiter: "-"}, -1}, {objstore.ListOptions{Limit: 100, Path: &path}, -1},
			} {
				var got objstore.Counters
				c.o.Counted = &got
				listed(t, s, root, c.o)
				if c.rows >= 0 {
					require.Equal(t, objstore.Counters{Known: true, ObjectCount: c.rows, BytesUsed: 5 * c.rows}, got, c.o)
				} else {
					require.Zero(t, got.ObjectCount, c.o)
					require.Equal(t, cache == nil, got.Known, c.o)
				}
			}
			var got objstore.Counters
			listed(t, s, shard0, objstore.ListOptions{Limit: 100, Counted: &got})
			require.Equal(t, objstore.Counters{Known: true}, got, "the container without shards knows")
		})
	}
}

// TestListHeaders has the headers of the requests that Swift's proxy sends.
func TestListHeaders(t *testing.T) {
	f := newShardServer(t)
	s := f.open(t, newCache(t))
	listed(t, s, root, objstore.ListOptions{Limit: 100, Marker: "b"})
	first, second := f.seen[0], f.seen[1]
	require.Equal(t, "auto", first.Header.Get(recordType))
	require.Equal(t, "namespace", first.Header.Get(recordFormat))
	require.Equal(t, "false", first.Header.Get("X-Backend-Include-Deleted"))
	require.Equal(t, "sharded", first.Header.Get(overrideNameFilter))
	require.Empty(t, first.Header.Get(policyHeader))
	require.Equal(t, "format=json&limit=100&marker=b&states=listing", first.Query)
	require.Equal(t, "auto", second.Header.Get(recordType))
	require.Equal(t, "0", second.Header.Get(policyHeader), "the rows of the root's policy")
	q, err := url.ParseQuery(second.Query)
	require.NoError(t, err)
	require.Equal(t, "m\x00", q.Get("end_marker"))
	require.Equal(t, "b", q.Get("marker"))

	whole, err := infocache.New(infocache.Config{WholeRanges: true})
	require.NoError(t, err)
	f = newShardServer(t)
	listed(t, f.open(t, whole), root, objstore.ListOptions{Limit: 1})
	require.Empty(t, f.seen[0].Header.Get(recordFormat), "Swift 2.30 shares whole ranges")
}

// TestShardFailures: whatever is wrong with a shard, the container is
// unavailable; no page has a hole.
func TestShardFailures(t *testing.T) {
	name := shard1.String()[1:]
	for what, change := range map[string]func(f *shardServer){
		"an absent shard":      func(f *shardServer) { f.broken[name] = 404 },
		"a failing shard":      func(f *shardServer) { f.broken[name] = 500 },
		"a refusing shard":     func(f *shardServer) { f.broken[name] = 412 },
		"another policy":       func(f *shardServer) { f.policy[name] = "1" },
		"a name without slash": func(f *shardServer) { f.shards[root.String()[1:]] = `[{"name": "root", "lower": "", "upper": ""}]` },
		"bounds in disorder":   func(f *shardServer) { f.shards[root.String()[1:]] = `[{"name": "a/b", "lower": "z", "upper": "a"}]` },
		"no list":              func(f *shardServer) { f.shards[root.String()[1:]] = `{}` },
		"a cut list":           func(f *shardServer) { f.shards[root.String()[1:]] = twoShards[:len(twoShards)-1] },
	} {
		t.Run(what, func(t *testing.T) {
			f := newShardServer(t)
			change(f)
			s := f.open(t, nil)
			err := s.ListObjects(context.Background(), root, objstore.ListOptions{Limit: 100}, func(*objstore.ObjectEntry) error { return nil })
			require.ErrorIs(t, err, objstore.KindUnavailable)
			require.NotErrorIs(t, objstore.KindOf(err), objstore.KindNotFound)
		})
	}
	f := newShardServer(t)
	s := f.open(t, nil)
	enough := errors.New("enough")
	err := s.ListObjects(context.Background(), root, objstore.ListOptions{Limit: 100}, func(e *objstore.ObjectEntry) error {
		if e.Name == "w" {
			return enough
		}
		return nil
	})
	require.Equal(t, enough, err, "the error of the caller comes back unchanged")
	f.mu.Lock()
	f.broken[root.String()[1:]] = 404
	f.mu.Unlock()
	err = s.ListObjects(context.Background(), root, objstore.ListOptions{Limit: 100}, func(*objstore.ObjectEntry) error { return nil })
	require.ErrorIs(t, err, objstore.KindNotFound, "the container itself is absent")
}

// TestDepthBound: as many levels as allowed are listed, and not a level more.
func TestDepthBound(t *testing.T) {
	for levels, ok := range map[int]bool{shardDepthMax: true, shardDepthMax + 1: false} {
		f := newShardServer(t)
		inner := root.String()[1:]
		for i := range levels {
			outer := inner
			inner = fmt.Sprintf("a/level-%d", i)
			f.shards[outer] = fmt.Sprintf(`[{"name": %q, "lower": "", "upper": ""}]`, inner)
		}
		put(t, f.rows, objstore.ContainerID{Account: "a", Container: objstore.ContainerName(inner[2:])}, "deep")
		s := f.open(t, nil)
		if ok {
			require.Equal(t, []string{"deep"}, listed(t, s, root, objstore.ListOptions{Limit: 100}))
			continue
		}
		err := s.ListObjects(context.Background(), root, objstore.ListOptions{Limit: 100}, func(*objstore.ObjectEntry) error { return nil })
		require.ErrorIs(t, err, objstore.KindUnavailable)
		require.ErrorIs(t, err, errShardDepth)
	}
}

// TestGapFiller: a container that is sharding names itself for the part that is
// not moved yet, and is asked for rows then.
func TestGapFiller(t *testing.T) {
	f := newShardServer(t)
	f.state = infocache.Sharding
	f.shards[root.String()[1:]] = `[{"name": ".shards_AUTH_a/root-0", "lower": "", "upper": "m"}, {"name": "AUTH_a/root", "lower": "m", "upper": ""}]`
	put(t, f.rows, root, "q")
	put(t, f.rows, root, "a-old") // below the gap: not asked for
	cache := newCache(t)
	s := f.open(t, cache)
	require.Equal(t, []string{"a", "b/1", "b/2", "d", "q"}, listed(t, s, root, objstore.ListOptions{Limit: 100}))
	require.Equal(t, "object", f.seen[2].Header.Get(recordType))
	_, ok := cache.ShardListing(context.Background(), root)
	require.False(t, ok, "the shards of a container that is sharding are not cached")
	require.Equal(t, []string{"GET root", "GET root-0", "GET root"}, f.requests())
}

func TestShardsAreBounded(t *testing.T) {
	list := func(n int) *source {
		var b strings.Builder
		b.WriteString("[")
		for i := range n {
			fmt.Fprintf(&b, `%s{"name": "a/c", "lower": "%d", "upper": ""}`, []string{"", ","}[min(i, 1)], i)
		}
		b.WriteString("]")
		return &source{Response: &wire.Response{Status: 200, Body: readNothing{strings.NewReader(b.String())}}}
	}
	all, err := readNamespaces(list(shardsMax + 1))
	require.ErrorIs(t, err, errShardCount)
	require.Len(t, all, shardsMax, "so many are read")

	l := &lister{call: call{"list", "x"}, requests: shardRequestMax}
	require.ErrorIs(t, l.list(context.Background(), root, objstore.ListOptions{}, &page{}, 0), errShardRequests)
}

// readNothing is a body.
type readNothing struct{ *strings.Reader }

func (readNothing) Close() error { return nil }

// TestUpdateShard puts objects into a sharded container: the row goes to the
// shard with the name.
func TestUpdateShard(t *testing.T) {
	ctx := context.Background()
	rowOf := func(t *testing.T, f *shardServer, s *Store, name string) wire.Header {
		t.Helper()
		_, err := s.PutObject(ctx, root.Object(objstore.ObjectName(name)), strings.NewReader(""), objstore.PutOptions{})
		require.NoError(t, err)
		f.mu.Lock()
		defer f.mu.Unlock()
		i := slices.IndexFunc(f.seen, func(r *wiretest.Request) bool { return r.Method == "PUT" })
		return f.seen[i].Header
	}
	for _, state := range []string{infocache.Sharding, infocache.Sharded} {
		for name, cache := range map[string]*infocache.Cache{"without a cache": nil, "with a cache": newCache(t)} {
			t.Run(state+" "+name, func(t *testing.T) {
				f := newShardServer(t)
				f.state = state
				if cache == nil { // the server answers for "includes"
					f.shards[root.String()[1:]] = `[{"name": ".shards_AUTH_a/root-1", "lower": "m", "upper": ""}]`
				}
				s := f.open(t, cache)
				h := rowOf(t, f, s, "q é")
				require.Equal(t, ".shards_AUTH_a/root-1", h.Get("X-Backend-Quoted-Container-Path"))
				require.Equal(t, state, h.Get("X-Container-Root-Db-State"))
				require.Equal(t, strconv.Itoa(int(s.containerTarget(shard1).partition)), h.Get("X-Container-Partition"))
				if cache == nil {
					require.Contains(t, f.requests(), "GET root")
					return
				}
				require.Equal(t, []string{"HEAD root", "GET root", "PUT root/q é"}, f.requests())
				rowOf(t, f, s, "q2")
				require.Equal(t, []string{"PUT root/q2"}, f.requests(), "info and shards are cached")
				h = rowOf(t, f, s, "b")
				require.Equal(t, ".shards_AUTH_a/root-0", h.Get("X-Backend-Quoted-Container-Path"))
			})
		}
	}
	t.Run("no shard takes the row", func(t *testing.T) {
		f := newShardServer(t)
		f.shards[root.String()[1:]] = "[]"
		h := rowOf(t, f, f.open(t, newCache(t)), "q")
		require.Empty(t, h.Get("X-Backend-Quoted-Container-Path"))
		require.Equal(t, infocache.Sharded, h.Get("X-Container-Root-Db-State"))
	})
	t.Run("the shards cannot be had", func(t *testing.T) {
		f := newShardServer(t)
		f.shards[root.String()[1:]] = `[{]`
		h := rowOf(t, f, f.open(t, newCache(t)), "q")
		require.Empty(t, h.Get("X-Backend-Quoted-Container-Path"), "the write goes on: the sharder moves the row")
	})
	t.Run("unsharded", func(t *testing.T) {
		f := newShardServer(t)
		delete(f.shards, root.String()[1:])
		h := rowOf(t, f, f.open(t, nil), "q")
		require.Empty(t, h.Get("X-Backend-Quoted-Container-Path"))
		require.Equal(t, infocache.Unsharded, h.Get("X-Container-Root-Db-State"))
		require.Equal(t, []string{"HEAD root", "PUT root/q"}, f.requests())
	})
}

// TestUpdateShardsAreFetchedOnce: writers at the same time share a fetch.
func TestUpdateShardsAreFetchedOnce(t *testing.T) {
	f := newShardServer(t)
	s := f.open(t, newCache(t))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			n, ok := s.updateShard(context.Background(), call{"put", "x"}, root.Object(objstore.ObjectName(fmt.Sprint("n", i))))
			if !ok || n.Name != ".shards_AUTH_a/root-1" {
				t.Errorf("%d: %v", i, n)
			}
		})
	}
	group.Wait()
	lines := f.requests()
	require.LessOrEqual(t, len(lines), 8)
	require.Equal(t, "GET root", lines[0])
}
