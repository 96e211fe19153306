// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
	"needletail/ring"
)

// ecConf has a small segment, so that small bodies have several.
const ecConf = `
[swift-hash]
swift_hash_path_suffix = x
[storage-policy:0]
name = ec
policy_type = erasure_coding
ec_type = isa_l_rs_vand
ec_num_data_fragments = 4
ec_num_parity_fragments = 2
ec_object_segment_size = 1000
`

const ecSegment = 1000

// ecNode is an object server for a single object, and a container server that
// has every container.
type ecNode struct {
	*wiretest.Server

	// mu guards the following.
	mu       sync.Mutex
	archives []*ecArchive
	// script answers in place of the node; stage is "expect", "stored" or
	// "final".
	script func(stage string, r *wiretest.Request) *wiretest.Answer
	// spoil changes an archive's answer.
	spoil func(a *wiretest.Answer)
}

// ecArchive is a fragment archive on a node.
type ecArchive struct {
	at      string
	index   int
	durable bool
	body    []byte
	header  wire.Header
}

// ecFake is a cluster of 8 nodes, 6 of them primaries of every partition.
type ecFake struct {
	nodes []*ecNode
	store *Store
}

func newECFake(t *testing.T, o Options) *ecFake {
	t.Helper()
	f := &ecFake{}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(ecConf), 0o600))
	for range 8 {
		n := &ecNode{}
		n.Server = wiretest.New(t, wiretest.Handler{
			Expect: func(r *wiretest.Request) *wiretest.Answer { return n.scripted("expect", r) },
			Stored: n.stored,
			Final:  n.final,
		})
		f.nodes = append(f.nodes, n)
	}
	for name, replicas := range map[string]float64{"account": 3, "container": 3, "object": 6} {
		b, err := ring.NewBuilder(2, replicas, 0)
		require.NoError(t, err)
		for i, n := range f.nodes {
			host, port, err := net.SplitHostPort(n.Addr)
			require.NoError(t, err)
			p, err := strconv.Atoi(port)
			require.NoError(t, err)
			require.NoError(t, b.Add(ring.Device{ID: i, Region: 1, Zone: 1, Weight: 1, IP: host, Port: p,
				ReplicationIP: host, ReplicationPort: p, Device: fmt.Sprint("sd", i)}))
		}
		_, err = b.Rebalance(1)
		require.NoError(t, err)
		r, err := b.Ring(ring.Hash{Suffix: "x"})
		require.NoError(t, err)
		require.NoError(t, r.WriteFile(filepath.Join(dir, name+".ring.gz"), 1))
	}
	var err error
	o.Dir, err = swiftconf.Open(dir, swiftconf.DirOptions{})
	require.NoError(t, err)
	f.store, err = Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.store.Close()) })
	return f
}

// set changes the node.
func (n *ecNode) set(change func(n *ecNode)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(n)
}

func (n *ecNode) answers(status int) {
	n.set(func(n *ecNode) {
		n.script = func(string, *wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Status: status} }
	})
}

// having are the nodes with an archive, in the order of the indexes.
func (f *ecFake) having() (list []*ecNode) {
	index := map[*ecNode]int{}
	for _, n := range f.nodes {
		n.set(func(n *ecNode) {
			if len(n.archives) > 0 {
				list = append(list, n)
				index[n] = n.archives[0].index
			}
		})
	}
	slices.SortFunc(list, func(a, b *ecNode) int { return index[a] - index[b] })
	return list
}

// durable counts the durable archives.
func (f *ecFake) durable() (n int) {
	for _, node := range f.nodes {
		node.mu.Lock()
		for _, a := range node.archives {
			if a.durable {
				n++
			}
		}
		node.mu.Unlock()
	}
	return n
}

func (n *ecNode) scripted(stage string, r *wiretest.Request) *wiretest.Answer {
	n.mu.Lock()
	script := n.script
	n.mu.Unlock()
	if script == nil || strings.Count(r.Path, "/") < 5 {
		return nil
	}
	return script(stage, r)
}

func (n *ecNode) stored(r *wiretest.Request) *wiretest.Answer {
	if a := n.scripted("stored", r); a != nil {
		return a
	}
	index, err := strconv.Atoi(r.Footer[ecIndex])
	if err != nil || r.Footer["Etag"] != fmt.Sprintf("%x", md5.Sum(r.Body)) {
		return &wiretest.Answer{Status: 422}
	}
	a := &ecArchive{at: r.Header.Get("X-Timestamp"), index: index, body: r.Body}
	for _, f := range r.Header {
		if strings.HasPrefix(f.Name, "X-Object-") || f.Name == "Content-Type" {
			a.header.Set(f.Name, f.Value)
		}
	}
	for name, value := range r.Footer {
		a.header.Set(name, value)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.archives = slices.DeleteFunc(n.archives, func(o *ecArchive) bool { return o.at != a.at || o.index == a.index })
	n.archives = append(n.archives, a)
	return nil
}

func (n *ecNode) final(r *wiretest.Request) *wiretest.Answer {
	if strings.Count(r.Path, "/") < 5 {
		return &wiretest.Answer{Status: 204, Header: wire.Header{
			{Name: "X-Put-Timestamp", Value: "0000000001.00000"}, {Name: "X-Timestamp", Value: "0000000001.00000"},
			{Name: "X-Backend-Storage-Policy-Index", Value: "0"}}}
	}
	if a := n.scripted("final", r); a != nil {
		return a
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch r.Method {
	case "PUT":
		for _, a := range n.archives {
			a.durable = a.durable || a.at == r.Header.Get("X-Timestamp")
		}
		return &wiretest.Answer{Status: 201, Header: wire.Header{{Name: "Etag", Value: r.Footer["Etag"]}}}
	case "GET", "HEAD":
		return n.read(r)
	}
	return &wiretest.Answer{Status: 500}
}

// read answers a GET or a HEAD out of the archive that the preferences choose.
func (n *ecNode) read(r *wiretest.Request) *wiretest.Answer {
	listed := map[string][]int{}
	durable := ""
	for _, a := range n.archives {
		listed[a.at] = append(listed[a.at], a.index)
		if a.durable {
			durable = a.at
		}
	}
	chosen := n.choose(r.Header.Get("X-Backend-Fragment-Preferences"))
	if chosen == nil || r.Method == "HEAD" && durable == "" {
		return &wiretest.Answer{Status: 404}
	}
	text, err := json.Marshal(listed)
	if err != nil {
		panic(err)
	}
	a := &wiretest.Answer{Header: chosen.header.Clone(), Body: chosen.body}
	a.Header.Set("X-Backend-Timestamp", chosen.at)
	a.Header.Set("X-Backend-Data-Timestamp", chosen.at)
	a.Header.Set("X-Backend-Fragments", string(text))
	if durable != "" {
		a.Header.Set("X-Backend-Durable-Timestamp", durable)
	}
	if r.Method == "HEAD" {
		a.Header.Set("Content-Length", fmt.Sprint(len(chosen.body)))
	}
	cutRange(a, r.Header.Get("Range"))
	if n.spoil != nil {
		n.spoil(a)
	}
	return a
}

// choose is simNode.choose for archives.
func (n *ecNode) choose(preferences string) *ecArchive {
	var wanted []struct {
		Timestamp string
		Exclude   []int
	}
	if preferences != "" {
		if err := json.Unmarshal([]byte(preferences), &wanted); err != nil {
			panic(err)
		}
	}
	best := func(at string, exclude []int) (found *ecArchive) {
		for _, a := range n.archives {
			if (at == "" || a.at == at) && !slices.Contains(exclude, a.index) && (found == nil || a.index > found.index) {
				found = a
			}
		}
		return found
	}
	for _, w := range wanted {
		if a := best(w.Timestamp, w.Exclude); a != nil {
			return a
		}
	}
	if len(wanted) > 0 {
		return nil
	}
	return best("", nil)
}

var ecID = objstore.ObjectID{Account: "AUTH_a", Container: "c", Object: "o"}

// forgive forgets the failures of the nodes.
func (f *ecFake) forgive() {
	f.store.nodes = nodes.New(f.store.options, nodes.SelectorOptions{})
}

// put stores a body.
func (f *ecFake) put(t *testing.T, body []byte, o objstore.PutOptions) objstore.ObjectInfo {
	t.Helper()
	o.SizeBytes = int64(len(body))
	info, err := f.store.PutObject(t.Context(), ecID, bytes.NewReader(body), o)
	require.NoError(t, err)
	return info
}
