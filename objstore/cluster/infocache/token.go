// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"time"

	"needletail/objstore"
)

// The cooperative token keeps the proxies of a cluster from asking the container
// servers for the same shards at the same time (swift/common/utils:
// CooperativeCachePopulator, since Swift 2.36). The token is a number in
// memcached beside the missing value:
//
//	incr _cache_token/shard-updating-v2/A/C 1       a missing number begins as 1
//
// The requests that count up to FetchTokens hold a token and fetch; whoever has
// cached the shards deletes the number. The other requests look for the shards
// in the cache after 1.5, 3 and 6 times FetchTime, and fetch if the shards are
// not there. The number lives as long as that takes: tokenFetches times
// FetchTime.
const (
	tokenPrefix  = "_cache_token/"
	tokenFetches = 10
	tokenLooks   = 3
)

// The defaults of Swift (swift/proxy/server.py).
const (
	DefaultFetchTime   = 300 * time.Millisecond
	DefaultFetchTokens = 3
)

// FetchShardUpdating caches and returns the namespaces for object updates that
// fetch gets from the container servers, or the namespaces that another proxy
// has fetched meanwhile. A cache in the process has no other proxies.
func (c *Cache) FetchShardUpdating(ctx context.Context, id objstore.ContainerID, fetch func() ([]Namespace, error)) ([]Namespace, error) {
	token := tokenPrefix + c.shardName(forUpdating, id)
	holds := false
	if c.Shared() && c.conf.FetchTokens > 0 {
		n, err := c.Incr(ctx, token, 1, tokenFetches*c.conf.FetchTime)
		holds = err == nil && n <= uint64(c.conf.FetchTokens)
		if err == nil && !holds {
			if all, ok := c.awaitShardUpdating(ctx, id); ok {
				return all, nil
			}
		}
	}
	all, err := fetch()
	if err != nil {
		return nil, err
	}
	all, kept := c.setNamespaces(ctx, forUpdating, id, all)
	if kept && holds {
		_ = c.Delete(ctx, token) // or the token ends by itself
	}
	return all, nil
}

// awaitShardUpdating looks for namespaces that another proxy fetches.
func (c *Cache) awaitShardUpdating(ctx context.Context, id objstore.ContainerID) ([]Namespace, bool) {
	wait := c.conf.FetchTime * 3 / 2
	for range tokenLooks {
		select {
		case <-c.after(wait):
		case <-ctx.Done():
			return nil, false
		}
		if all, ok := c.ShardUpdating(ctx, id); ok {
			return all, true
		}
		wait *= 2
	}
	return nil, false
}
