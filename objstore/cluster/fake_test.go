// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
	"needletail/objstore/memstore"
	"needletail/ring"
)

// fakeCluster is a Swift of nodes in memory. Each node is an account, a
// container and an object server at once. Rows and counters arrive at once.
type fakeCluster struct {
	dir   *swiftconf.Dir
	nodes []*fakeNode
}

// fakeNode is a server. All its state is behind mu.
type fakeNode struct {
	cluster *fakeCluster
	*wiretest.Server
	device string

	mu         sync.Mutex
	accounts   map[string]*fakeDB
	containers map[string]*fakeDB
	objects    map[string]*fakeObject
	// script answers in place of the node, before a body or at the end.
	script func(r *wiretest.Request) *wiretest.Answer
	// atEnd changes the answer of the node to a request.
	atEnd func(r *wiretest.Request, a *wiretest.Answer) *wiretest.Answer
	// midBody is called while a body arrives.
	midBody func(got int)
}

// fakeDB is an account or a container.
type fakeDB struct {
	created, put, deleted internaltime.Time
	policy                string
	meta                  map[string]string
	rows                  map[string]fakeRow
}

func (d *fakeDB) exists() bool { return d != nil && d.deleted.Before(d.put) }

// fakeRow is an object or a container in a listing.
type fakeRow struct {
	at                   internaltime.Time
	deleted              bool
	size, objects        int64
	etag, kind           string
	modified             internaltime.Time
	policyName, policyID string
}

// fakeObject is an object or a tombstone.
type fakeObject struct {
	data, modified internaltime.Time
	dead           bool
	header         wire.Header // Content-Type, metadata and stored headers
	deleteAt       int64
	body           []byte
	etag           string
	kind           string // content type of the PUT
}

func (o *fakeObject) expired() bool { return o.deleteAt != 0 && o.deleteAt <= time.Now().Unix() }

const fakePolicies = `
[swift-hash]
swift_hash_path_suffix = x
[storage-policy:0]
name = Policy-0
default = yes
[storage-policy:1]
name = second
aliases = zweite
[storage-policy:2]
name = old
deprecated = yes
`

// newFake starts nodes and a swift_dir whose rings have the replicas.
func newFake(t testing.TB, nodes int, replicas float64) *fakeCluster {
	t.Helper()
	f := &fakeCluster{}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(fakePolicies), 0o600))
	for i := range nodes {
		n := &fakeNode{cluster: f, device: fmt.Sprintf("sd%c", 'a'+i), accounts: map[string]*fakeDB{},
			containers: map[string]*fakeDB{}, objects: map[string]*fakeObject{}}
		n.Server = wiretest.New(t, wiretest.Handler{Expect: n.expect, MidBody: n.mid, Final: n.final})
		f.nodes = append(f.nodes, n)
	}
	for i, name := range []string{"account", "container", "object", "object-1", "object-2"} {
		b, err := ring.NewBuilder(4, replicas, 0)
		require.NoError(t, err)
		for j, n := range f.nodes {
			host, port, err := net.SplitHostPort(n.Addr)
			require.NoError(t, err)
			p, err := strconv.Atoi(port)
			require.NoError(t, err)
			require.NoError(t, b.Add(ring.Device{ID: j, Region: 1, Zone: j + 1, Weight: 1, IP: host, Port: p,
				ReplicationIP: host, ReplicationPort: p, Device: n.device}))
		}
		_, err = b.Rebalance(uint64(i))
		require.NoError(t, err)
		r, err := b.Ring(ring.Hash{Suffix: "x"})
		require.NoError(t, err)
		require.NoError(t, r.WriteFile(filepath.Join(dir, name+".ring.gz"), 1))
	}
	var err error
	f.dir, err = swiftconf.Open(dir, swiftconf.DirOptions{})
	require.NoError(t, err)
	return f
}

// open opens a Store over the cluster.
func (f *fakeCluster) open(t testing.TB, o Options) *Store {
	t.Helper()
	o.Dir = f.dir
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			require.ErrorIs(t, err, objstore.KindClosed)
		}
	})
	return s
}

func (f *fakeCluster) at(addr string) *fakeNode {
	for _, n := range f.nodes {
		if n.Addr == addr {
			return n
		}
	}
	return nil
}

// setScript replaces the script of a node.
func (n *fakeNode) setScript(script func(r *wiretest.Request) *wiretest.Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.script = script
}

func (n *fakeNode) scripted(r *wiretest.Request) *wiretest.Answer {
	n.mu.Lock()
	script := n.script
	n.mu.Unlock()
	if script == nil {
		return nil
	}
	return script(r)
}

// expect is what a node says before the body of a PUT.
func (n *fakeNode) expect(r *wiretest.Request) *wiretest.Answer {
	if a := n.scripted(r); a != nil {
		return a
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old, at := n.objects[n.key(r)], timeOf(r, "X-Timestamp")
	switch {
	case old == nil:
	case r.Header.Get("If-None-Match") == "*" && !old.dead && !old.expired():
		return &wiretest.Answer{Status: 412}
	case !old.modifiedBefore(at):
		return &wiretest.Answer{Status: 409, Header: wire.Header{{Name: "X-Backend-Timestamp", Value: old.data.String()}}}
	}
	return nil
}

func (o *fakeObject) modifiedBefore(at internaltime.Time) bool { return o.data.Before(at) }

// mid is called after each read of a body.
func (n *fakeNode) mid(_ *wiretest.Request, got int) *wiretest.Answer {
	n.mu.Lock()
	midBody := n.midBody
	n.mu.Unlock()
	if midBody != nil {
		midBody(got)
	}
	return nil
}

// final is the answer of a node at the end of a request.
func (n *fakeNode) final(r *wiretest.Request) *wiretest.Answer {
	a := n.answer(r)
	n.mu.Lock()
	atEnd := n.atEnd
	n.mu.Unlock()
	if atEnd != nil {
		return atEnd(r, a)
	}
	return a
}

func (n *fakeNode) answer(r *wiretest.Request) *wiretest.Answer {
	if r.Header.Get("Expect") == "" {
		if a := n.scripted(r); a != nil {
			return a
		}
	}
	switch parts := n.parts(r); len(parts) {
	case 3:
		return n.account(r, parts[2])
	case 4:
		return n.container(r, parts[2], parts[3])
	default:
		return n.object(r, parts[2], parts[3], parts[4])
	}
}

func (n *fakeNode) parts(r *wiretest.Request) []string { return strings.SplitN(r.Path[1:], "/", 5) }

func (n *fakeNode) key(r *wiretest.Request) string {
	return strings.Join(n.parts(r)[2:], "/") + "#" + r.Header.Get(policyHeader)
}

func timeOf(r *wiretest.Request, name string) internaltime.Time {
	t, _ := internaltime.Parse(r.Header.Get(name))
	return t
}

// tell calls do with each node of a list of hosts.
func (n *fakeNode) tell(hosts string, do func(*fakeNode)) {
	for host := range strings.SplitSeq(hosts, ",") {
		if other := n.cluster.at(host); other != nil {
			do(other)
		}
	}
}

func (n *fakeNode) account(r *wiretest.Request, name string) *wiretest.Answer {
	n.mu.Lock()
	defer n.mu.Unlock()
	db := n.accounts[name]
	switch r.Method {
	case "PUT":
		created := !db.exists()
		if db != nil && created {
			return &wiretest.Answer{Status: 403, Header: wire.Header{{Name: "X-Account-Status", Value: "Deleted"}}}
		}
		if !validMeta(r.Header) {
			return &wiretest.Answer{Status: 400, Body: []byte("Metadata must be valid UTF-8")}
		}
		if created {
			db = &fakeDB{created: timeOf(r, "X-Timestamp"), rows: map[string]fakeRow{}, meta: map[string]string{}}
			n.accounts[name] = db
		}
		db.put = timeOf(r, "X-Timestamp")
		db.update(r.Header, accountMeta, accountSys)
		return putAnswer(created)
	case "POST", "DELETE", "GET", "HEAD":
		if !db.exists() {
			return &wiretest.Answer{Status: 404}
		}
	}
	switch r.Method {
	case "POST":
		if !validMeta(r.Header) {
			return &wiretest.Answer{Status: 400, Body: []byte("Metadata must be valid UTF-8")}
		}
		db.update(r.Header, accountMeta, accountSys)
		return &wiretest.Answer{Status: 204}
	case "DELETE":
		db.deleted = timeOf(r, "X-Timestamp")
		return &wiretest.Answer{Status: 204}
	case "GET":
		return &wiretest.Answer{Header: db.accountHeader(), Body: db.listing(r, func(name string, row fakeRow) any {
			return map[string]any{"name": name, "count": row.objects, "bytes": row.size,
				"last_modified": iso(row.modified), "storage_policy": row.policyName}
		})}
	}
	return &wiretest.Answer{Status: 204, Header: db.accountHeader()}
}

// validMeta is swift/common/db.py: validate_metadata.
func validMeta(h wire.Header) bool {
	for _, f := range h {
		if !utf8.ValidString(f.Value) {
			return false
		}
	}
	return true
}

func putAnswer(created bool) *wiretest.Answer {
	if created {
		return &wiretest.Answer{Status: 201}
	}
	return &wiretest.Answer{Status: 202}
}

// update takes the metadata of a request.
func (d *fakeDB) update(h wire.Header, prefixes ...string) {
	for _, f := range h {
		name := titleName(f.Name)
		if anyPrefix(name, prefixes...) || containerHeaders[name] && prefixes[0] == containerMeta {
			d.meta[name] = f.Value
		}
	}
}

func (d *fakeDB) accountHeader() wire.Header {
	var containers, objects, bytes int64
	usage := map[string][3]int64{}
	for _, row := range d.rows {
		if row.deleted {
			continue
		}
		containers, objects, bytes = containers+1, objects+row.objects, bytes+row.size
		u := usage[row.policyName]
		usage[row.policyName] = [3]int64{u[0] + 1, u[1] + row.objects, u[2] + row.size}
	}
	h := d.metaHeader()
	h.Add("X-Account-Container-Count", fmt.Sprint(containers))
	h.Add("X-Account-Object-Count", fmt.Sprint(objects))
	h.Add("X-Account-Bytes-Used", fmt.Sprint(bytes))
	for name, u := range usage {
		for i, suffix := range []string{"-Container-Count", "-Object-Count", "-Bytes-Used"} {
			h.Add(accountPolicy+name+suffix, fmt.Sprint(u[i]))
		}
	}
	return h
}

func (d *fakeDB) metaHeader() (h wire.Header) {
	h.Add("X-Timestamp", d.created.Normal())
	h.Add("X-PUT-Timestamp", d.put.Normal())
	for name, value := range d.meta {
		if value != "" {
			h.Add(name, value)
		}
	}
	return h
}

// listing is a page in JSON. The reference model, which takes no NUL, cuts the
// page. Reserved names are shown to those who ask for them.
func (d *fakeDB) listing(r *wiretest.Request, show func(name string, row fakeRow) any) []byte {
	const nul = "\x01\x01\x01"
	encode := func(s string) string { return strings.ReplaceAll(s, reserved, nul) }
	decode := func(s string) string { return strings.ReplaceAll(s, nul, reserved) }
	model, id := memstore.New(memstore.Options{}), objstore.ContainerID{Account: "a", Container: "c"}
	_, err := model.PutContainer(context.Background(), id, objstore.PutContainerOptions{})
	for name, row := range d.rows {
		if !row.deleted && err == nil && (!isReserved(name) || r.Header.Get("X-Backend-Allow-Reserved-Names") == "true") {
			_, err = model.PutObject(context.Background(), id.Object(objstore.ObjectName(encode(name))), strings.NewReader(""), objstore.PutOptions{})
		}
	}
	query := map[string]string{}
	for p := range strings.SplitSeq(r.Query, "&") {
		name, value, _ := strings.Cut(p, "=")
		value, err := url.PathUnescape(value)
		if err != nil {
			panic(err)
		}
		query[name] = encode(value)
	}
	limit, _ := strconv.Atoi(query["limit"])
	o := objstore.ListOptions{Limit: limit, Prefix: query["prefix"], Delimiter: query["delimiter"],
		Marker: query["marker"], EndMarker: query["end_marker"], Reverse: query["reverse"] == "true"}
	if p, ok := query["path"]; ok {
		o.Path = &p
	}
	rows := []any{}
	if err == nil {
		err = model.ListObjects(context.Background(), id, o, func(e *objstore.ObjectEntry) error {
			if name := decode(e.Name); e.Subdir {
				rows = append(rows, map[string]any{"subdir": name})
			} else {
				rows = append(rows, show(name, d.rows[name]))
			}
			return nil
		})
	}
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		panic(err)
	}
	return text
}

func iso(t internaltime.Time) string { return string(t.Units.AppendISO(nil)) }

func (n *fakeNode) container(r *wiretest.Request, account, name string) *wiretest.Answer {
	n.mu.Lock()
	a, row := n.containerLocked(r, account+"/"+name)
	n.mu.Unlock()
	if row != nil {
		n.tell(r.Header.Get("X-Account-Host"), func(to *fakeNode) { to.setRow(account, name, *row) })
	}
	return a
}

// containerLocked answers, and returns the row for the account servers.
func (n *fakeNode) containerLocked(r *wiretest.Request, key string) (*wiretest.Answer, *fakeRow) {
	db := n.containers[key]
	at := timeOf(r, "X-Timestamp")
	if r.Method == "PUT" {
		return n.putContainer(r, key, db, at)
	}
	if !db.exists() {
		return &wiretest.Answer{Status: 404}, nil
	}
	switch r.Method {
	case "POST":
		if !validMeta(r.Header) {
			return &wiretest.Answer{Status: 400, Body: []byte("Metadata must be valid UTF-8")}, nil
		}
		db.update(r.Header, containerMeta, containerSys)
		db.put = at
		n.update(key, db.row())
		return &wiretest.Answer{Status: 204}, nil
	case "DELETE":
		if objects, _ := db.count(); objects > 0 {
			return &wiretest.Answer{Status: 409}, nil
		}
		db.deleted = at
		row := db.row()
		row.deleted = true
		return &wiretest.Answer{Status: 204}, &row
	case "GET":
		return &wiretest.Answer{Header: db.containerHeader(), Body: db.listing(r, func(name string, row fakeRow) any {
			return map[string]any{"name": name, "bytes": row.size, "hash": row.etag, "content_type": row.kind, "last_modified": iso(row.modified)}
		})}, nil
	}
	return &wiretest.Answer{Status: 204, Header: db.containerHeader()}, nil
}

func (n *fakeNode) putContainer(r *wiretest.Request, key string, db *fakeDB, at internaltime.Time) (*wiretest.Answer, *fakeRow) {
	want, named := r.Header.Lookup(policyHeader)
	created := !db.exists()
	if created {
		db = &fakeDB{created: at, rows: map[string]fakeRow{}, meta: map[string]string{}, policy: want}
		if !named {
			db.policy = r.Header.Get("X-Backend-Storage-Policy-Default")
		}
		n.containers[key] = db
	} else if named && want != db.policy {
		return &wiretest.Answer{Status: 409}, nil
	}
	db.update(r.Header, containerMeta, containerSys)
	db.put = at
	row := db.row()
	return putAnswer(created), &row
}

func (d *fakeDB) count() (objects, bytes int64) {
	for _, row := range d.rows {
		if !row.deleted {
			objects, bytes = objects+1, bytes+row.size
		}
	}
	return objects, bytes
}

// row is the container in its account.
func (d *fakeDB) row() fakeRow {
	row := fakeRow{at: d.put, modified: d.put, policyID: d.policy, policyName: [...]string{"Policy-0", "second", "old"}[d.policy[0]-'0']}
	row.objects, row.size = d.count()
	return row
}

func (d *fakeDB) containerHeader() wire.Header {
	objects, bytes := d.count()
	h := d.metaHeader()
	h.Add("X-Container-Object-Count", fmt.Sprint(objects))
	h.Add("X-Container-Bytes-Used", fmt.Sprint(bytes))
	h.Add(policyHeader, d.policy)
	h.Add("X-Backend-Sharding-State", "unsharded")
	return h
}

// update does the work of the container-updater.
func (n *fakeNode) update(key string, row fakeRow) {
	account, name, _ := strings.Cut(key, "/")
	go func() {
		for _, other := range n.cluster.nodes {
			other.setRow(account, name, row)
		}
	}()
}

// setRow takes the row of a container.
func (n *fakeNode) setRow(account, name string, row fakeRow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if db := n.accounts[account]; db != nil && !row.modified.Before(db.rows[name].modified) {
		db.rows[name] = row
	}
}

// objectRow takes the row of an object, and returns the container's own row.
func (n *fakeNode) objectRow(account, container, name string, row fakeRow) (fakeRow, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	db := n.containers[account+"/"+container]
	if !db.exists() {
		return fakeRow{}, false
	}
	// The newest data and the newest time of metadata may come from two rows.
	old, ok := db.rows[name]
	if ok && row.at.Before(old.at) {
		row, old = old, row
	}
	if ok && row.modified.Before(old.modified) && !row.deleted {
		row.modified = old.modified
	}
	db.rows[name] = row
	return db.row(), true
}
