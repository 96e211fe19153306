// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"crypto/md5"
	"encoding/hex"

	"needletail/objstore"
)

// keyOf returns the key of a name on the wire (swift/common/memcached.py:
// md5hash).
func keyOf(name string) string {
	sum := md5.Sum([]byte(name))
	return hex.EncodeToString(sum[:])
}

// The names are those of swift/proxy/controllers/base.py: get_cache_key.

func accountName(a objstore.AccountName) string { return "account/" + string(a) }

func containerName(c objstore.ContainerID) string { return "container" + c.String() }

// shardName is the name of the namespaces of a container for "listing" or for
// "updating". Swift 2.30 keeps whole shard ranges, and no version in the name.
func (c *Cache) shardName(use string, id objstore.ContainerID) string {
	if c.conf.WholeRanges {
		return "shard-" + use + id.String()
	}
	return "shard-" + use + "-v2" + id.String()
}
