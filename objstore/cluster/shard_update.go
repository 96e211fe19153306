// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/wire"
)

// rowTargetOf finds where the row of an object goes: to the shard with the
// object's name while a container is sharding or sharded, else to the container
// itself (swift/proxy/controllers/obj.py: _get_update_target). A row at the
// container itself is never lost: the sharder moves the row. So no error here
// ends a write.
func (s *Store) rowTargetOf(ctx context.Context, c call, id objstore.ObjectID, state string) rowTarget {
	if state == infocache.Sharding || state == infocache.Sharded {
		if n, ok := s.updateShard(ctx, c, id); ok {
			if shard, ok := n.Container(); ok {
				return rowTarget{container: s.containerTarget(shard), shard: true, state: state}
			}
		}
	}
	return rowTarget{container: s.containerTarget(id.ContainerID()), state: state}
}

// updateShard returns the shard for the row of an object. With a cache all
// shards of the container are fetched and kept; requests of this process that
// need them at the same time wait for a single fetch, and fetches of all proxies
// share a token.
func (s *Store) updateShard(ctx context.Context, c call, id objstore.ObjectID) (namespace, bool) {
	root := id.ContainerID()
	if s.cache == nil {
		all, err := s.fetchUpdateShards(ctx, c, root, "&includes="+wire.Quote(string(id.Object)))
		if err != nil || len(all) == 0 {
			return namespace{}, false
		}
		return all[0], true
	}
	all, ok := s.cache.ShardUpdating(ctx, root)
	if !ok {
		fetched, err, _ := s.shardFetches.Do(root.String(), func() (any, error) {
			ctx := context.WithoutCancel(ctx) // of many requests
			return s.cache.FetchShardUpdating(ctx, root, func() ([]namespace, error) {
				return s.fetchUpdateShards(ctx, c, root, "")
			})
		})
		if err != nil {
			return namespace{}, false
		}
		all, _ = fetched.([]namespace)
	}
	return namespaceOf(string(id.Object), all)
}

// fetchUpdateShards asks for the shards that take rows.
func (s *Store) fetchUpdateShards(ctx context.Context, c call, id objstore.ContainerID, more string) ([]namespace, error) {
	r := &request{target: s.containerTarget(id), method: "GET", query: "format=json&states=updating" + more}
	h := s.header(ctx)
	h.Set(recordType, recordShard)
	if s.cache == nil || !s.cache.WholeRanges() {
		h.Set(recordFormat, "namespace")
	}
	src, bad := s.newFinder(r, h).find(ctx)
	if src == nil {
		return nil, s.refusal(ctx, c, r, bad)
	}
	defer src.close()
	all, err := readNamespaces(src)
	return all, s.listed(ctx, c, r, src, err)
}
