// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire"
)

// The bounds of a listing over shards. Swift's sharder makes two levels, and
// shards of some 500,000 rows.
const (
	shardDepthMax   = 8
	shardsMax       = 30_000 // of a container
	shardRequestMax = 60_000 // of a page: each shard twice
)

var (
	errShardDepth    = fmt.Errorf("shards of a container are nested deeper than %d", shardDepthMax)
	errShardCount    = fmt.Errorf("a container has more than %d shards", shardsMax)
	errShardRequests = fmt.Errorf("a page of a listing needs more than %d requests", shardRequestMax)
	errShardPolicy   = errors.New("the shard lists the rows of another storage policy")
	errShardName     = errors.New("a shard's name is not of the form account/container")
)

// Headers of listings that may be lists of shards (swift/container/server.py:
// GET).
const (
	recordType         = "X-Backend-Record-Type"
	recordFormat       = "X-Backend-Record-Shard-Format"
	recordPolicy       = "X-Backend-Record-Storage-Policy-Index"
	overrideNameFilter = "X-Backend-Override-Shard-Name-Filter"

	recordAuto, recordObject, recordShard = "auto", "object", "shard"
)

// lister lists a page of a container. A container server answers with rows, or
// with the container's shards, which are listed in turn.
type lister struct {
	*Store
	call
	account  string // of the client's container: rows are read for it
	etags    *swiftcrypto.Listing
	garbled  bool // a line of the log told of an ETag that cannot be decrypted
	reserved bool // names of Swift's features are listed
	visit    func(*objstore.ObjectEntry) error

	visited  map[objstore.ContainerID]bool // they answered with shards
	policy   string                        // of the client's container, once it answered with shards
	requests int
	stopped  bool // an error came from visit

	counted *objstore.Counters // of the client's container, or nil
	bytes   int64              // of all rows
}

// countedByAnswer takes the counters of the server that lists the container.
func (l *lister) countedByAnswer(h wire.Header) {
	if l.counted == nil {
		return
	}
	objects, err1 := strconv.ParseInt(h.Get("X-Container-Object-Count"), 10, 64)
	bytes, err2 := strconv.ParseInt(h.Get("X-Container-Bytes-Used"), 10, 64)
	if err1 == nil && err2 == nil {
		*l.counted = objstore.Counters{Known: true, ObjectCount: objects, BytesUsed: bytes}
	}
}

// countedByRows counts the rows of a complete listing over shards, of whose rows
// the container knows from reports alone (swift/proxy/controllers/container.py:
// _get_from_shards).
func (l *lister) countedByRows(o *objstore.ListOptions, p *page) {
	whole := o.Marker == "" && o.EndMarker == "" && o.Prefix == "" && o.Delimiter == "" && o.Path == nil
	if l.counted != nil && len(l.visited) > 0 && whole && p.count < p.limit {
		*l.counted = objstore.Counters{Known: true, ObjectCount: int64(p.count), BytesUsed: l.bytes}
	}
}

// list lists a part of a container: the page is complete, or an error tells why.
func (l *lister) list(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, p *page, depth int) error {
	if depth > shardDepthMax {
		return l.fail(objstore.KindUnavailable, errShardDepth)
	}
	if l.requests++; l.requests > shardRequestMax {
		return l.fail(objstore.KindUnavailable, errShardRequests)
	}
	if !l.visited[id] && (depth > 0 || !o.Newest) {
		if all, ok := l.cachedShards(ctx, id); ok {
			return l.merge(ctx, id, namespacesOf(&o, all), o, p, depth)
		}
	}
	all, err := l.ask(ctx, id, o, p, depth)
	if err != nil || all == nil {
		return err
	}
	return l.merge(ctx, id, all, o, p, depth)
}

// ask asks a container. The shards are nil if the container listed rows.
func (l *lister) ask(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, p *page, depth int) ([]namespace, error) {
	r, src, err := l.open(ctx, id, o, p)
	if err != nil {
		return nil, err
	}
	defer src.close() // no connection is held while shards are listed
	if depth == 0 {
		l.countedByAnswer(src.Header)
	}
	if !strings.EqualFold(src.Header.Get(recordType), recordShard) {
		return nil, l.rows(ctx, r, src, p, depth)
	}
	if l.policy == "" {
		l.policy = src.Header.Get(policyHeader)
	}
	return l.shards(ctx, id, o, r, src)
}

// cachedShards are the shards of a container that is known to be sharded. The
// cached info of the client's container tells the policy of the rows.
func (l *lister) cachedShards(ctx context.Context, id objstore.ContainerID) ([]namespace, bool) {
	if l.cache == nil {
		return nil, false
	}
	info, ok := l.cache.Container(ctx, id)
	if !ok || !info.Exists() || info.ShardingState != infocache.Sharded {
		return nil, false
	}
	all, ok := l.cache.ShardListing(ctx, id)
	if ok && l.policy == "" {
		l.policy = strconv.Itoa(int(info.Policy))
	}
	return all, ok
}

// open asks for rows or shards. A container that answered with shards before is
// asked for rows: a container that fills a gap among its shards itself tells
// its own name.
func (l *lister) open(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, p *page) (*request, *source, error) {
	r := &request{target: l.containerTarget(id), method: "GET", query: listQuery(o, p.limit)}
	h := l.infoHeader(ctx, o.Newest && len(l.visited) == 0)
	if l.reserved {
		h.Set("X-Backend-Allow-Reserved-Names", "true")
	}
	if l.policy != "" {
		h.Set(policyHeader, l.policy)
	}
	if l.visited[id] {
		h.Set(recordType, recordObject)
	} else {
		r.query += "&states=listing"
		h.Set(recordType, recordAuto)
		h.Set("X-Backend-Include-Deleted", "false")
		if l.cache == nil || !l.cache.WholeRanges() {
			h.Set(recordFormat, "namespace")
		}
		if l.cache != nil {
			h.Set(overrideNameFilter, infocache.Sharded)
		}
	}
	src, bad := l.newFinder(r, h).find(ctx)
	if src == nil {
		l.keepContainer(ctx, id, bad.status, bad.header)
		return r, nil, l.refusal(ctx, l.call, r, bad)
	}
	l.keepContainer(ctx, id, src.Status, src.Header)
	return r, src, nil
}

// rows reads a listing of objects. The rows of a shard must be of the policy
// that was asked for.
func (l *lister) rows(ctx context.Context, r *request, src *source, p *page, depth int) error {
	if depth > 0 {
		policy := src.Header.Get(recordPolicy)
		if policy == "" {
			policy = src.Header.Get(policyHeader)
		}
		if policy != l.policy {
			return l.fail(objstore.KindUnavailable, fmt.Errorf("%w: %s, not %s", errShardPolicy, policy, l.policy))
		}
	}
	return l.listed(ctx, l.call, r, src, eachRowOf(src, func(row *objectRow) error {
		row.Hash = l.etag(src, row)
		e, err := row.entry(l.account)
		if err != nil {
			return &visitError{l.fail(objstore.KindInternal, err)}
		}
		p.count, p.last, p.subdir = p.count+1, e.Name, e.Subdir
		l.bytes += e.SizeBytes
		if err := l.visit(&e); err != nil {
			l.stopped = true
			return err
		}
		return nil
	}))
}

// etag is the ETag of a row in clear. A page has a line in the log at most: a
// secret that is missing spoils many rows.
func (l *lister) etag(src *source, row *objectRow) string {
	etag, err := l.etags.ETag(row.Hash)
	if err != nil && !l.garbled {
		l.garbled = true
		l.log.Warn("an ETag of a listing cannot be decrypted", "container", l.name, "object", row.Name,
			"node", src.node.String(), "err", err)
	}
	return etag
}

// shards reads a list of shards, and returns the shards for the page in the
// order of the page. A complete list is cached.
func (l *lister) shards(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, r *request, src *source) ([]namespace, error) {
	all, err := readNamespaces(src)
	if err != nil {
		return nil, l.listed(ctx, l.call, r, src, err)
	}
	complete := strings.EqualFold(src.Header.Get(overrideNameFilter), "true") &&
		strings.EqualFold(src.Header.Get("X-Backend-Sharding-State"), infocache.Sharded)
	if !complete || l.cache == nil || len(all) == 0 {
		return all, nil
	}
	return namespacesOf(&o, l.cache.SetShardListing(ctx, id, all)), nil
}

// readNamespaces reads the shards in an answer.
func readNamespaces(src *source) ([]namespace, error) {
	var all []namespace
	err := eachRowOf(src, func(raw *json.RawMessage) error {
		if len(all) == shardsMax {
			return errShardCount
		}
		n, err := infocache.ParseNamespace(*raw)
		all = append(all, n)
		return err
	})
	var visited *visitError
	if errors.As(err, &visited) {
		err = visited.err // the fault is the server's
	}
	return all, err
}

// merge lists the shards. Whatever keeps a shard from being listed makes the
// container unavailable: a page with a hole would look complete.
func (l *lister) merge(ctx context.Context, id objstore.ContainerID, all []namespace, o objstore.ListOptions, p *page, depth int) error {
	l.visited[id] = true
	return mergeShards(o, p, all, func(n namespace, o objstore.ListOptions, part *page) error {
		shard, ok := n.Container()
		if !ok {
			return l.fail(objstore.KindUnavailable, fmt.Errorf("%w: %q", errShardName, n.Name))
		}
		err := l.list(ctx, shard, o, part, depth+1)
		if err == nil || l.stopped {
			return err
		}
		return l.fail(objstore.KindUnavailable, fmt.Errorf("shard %s: %w", n.Name, err))
	})
}
