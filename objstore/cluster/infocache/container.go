// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"needletail/objstore"
)

// The states of a container's shards (swift/container/backend.py).
const (
	Unsharded = "unsharded"
	Sharding  = "sharding"
	Sharded   = "sharded"
	Collapsed = "collapsed"
)

// ContainerInfo is a container as Swift's proxies cache it
// (swift/proxy/controllers/base.py: headers_to_container_info). An empty string
// is a header that was not there.
type ContainerInfo struct {
	Status            int // of the container server's answer
	ReadACL, WriteACL string
	SyncTo, SyncKey   string
	ObjectCount       int64
	BytesUsed         int64
	Versions          string // X-Versions-Location
	Policy            objstore.PolicyIndex
	CORS              CORS
	Meta              map[string]string // by lower name without X-Container-Meta-
	Sysmeta           map[string]string // by lower name without X-Container-Sysmeta-
	ShardingState     string            // Unsharded if the header was not there
	// The times are in Swift's internal form, which may have an offset.
	CreatedAt, PutTimestamp, DeleteTimestamp, StatusChangedAt string
}

// CORS is the part of the metadata that browsers ask for.
type CORS struct{ AllowOrigin, ExposeHeaders, MaxAge string }

// Exists says whether the cached answer was a success.
func (c ContainerInfo) Exists() bool { return success(c.Status) }

// Container returns a cached container. Its maps may be shared and must not be
// changed.
func (c *Cache) Container(ctx context.Context, id objstore.ContainerID) (ContainerInfo, bool) {
	raw, ok := c.Get(ctx, containerName(id))
	if !ok {
		return ContainerInfo{}, false
	}
	info, err := c.containers.of(containerName(id), raw)
	return info, err == nil
}

// SetContainer caches the answer to a HEAD or GET of a container. Only a
// success, a 404 and a 410 are cached.
func (c *Cache) SetContainer(ctx context.Context, id objstore.ContainerID, info ContainerInfo) {
	if life := lifeOf(info.Status, c.conf.ContainerLife); life > 0 {
		_ = c.Set(ctx, containerName(id), info.appendJSON(nil), life)
	}
}

// ForgetContainer removes a cached container and its namespaces for listings:
// after PUT, before POST and before DELETE of the container
// (swift/proxy/controllers/container.py: _clear_container_info_cache).
func (c *Cache) ForgetContainer(ctx context.Context, id objstore.ContainerID) {
	_ = c.Delete(ctx, containerName(id))
	_ = c.Delete(ctx, c.shardName(forListing, id))
}

// appendJSON appends the value as Swift writes it.
func (c ContainerInfo) appendJSON(dst []byte) []byte {
	optional := func(name, v string) {
		dst = append(dst, `, "`+name+`": `...)
		dst = appendOptional(dst, v)
	}
	dst = fmt.Appendf(dst, `{"status": %d`, c.Status)
	optional("read_acl", c.ReadACL)
	optional("write_acl", c.WriteACL)
	optional("sync_to", c.SyncTo)
	optional("sync_key", c.SyncKey)
	dst = appendCount(append(dst, `, "object_count": `...), c.ObjectCount, c.Exists())
	dst = appendCount(append(dst, `, "bytes": `...), c.BytesUsed, c.Exists())
	optional("versions", c.Versions)
	dst = fmt.Appendf(dst, `, "storage_policy": "%d"`, c.Policy)
	dst = appendOptional(append(dst, `, "cors": {"allow_origin": `...), c.CORS.AllowOrigin)
	optional("expose_headers", c.CORS.ExposeHeaders)
	optional("max_age", c.CORS.MaxAge)
	dst = appendTexts(append(dst, `}, "meta": `...), c.Meta)
	dst = appendTexts(append(dst, `, "sysmeta": `...), c.Sysmeta)
	optional("sharding_state", c.ShardingState)
	optional("created_at", c.CreatedAt)
	optional("put_timestamp", c.PutTimestamp)
	optional("delete_timestamp", c.DeleteTimestamp)
	optional("status_changed_at", c.StatusChangedAt)
	return append(dst, '}')
}

// decodeContainer reads a cached container of any proxy.
func decodeContainer(raw []byte) (ContainerInfo, error) {
	var in struct {
		Status          int   `json:"status"`
		ReadACL         text  `json:"read_acl"`
		WriteACL        text  `json:"write_acl"`
		SyncTo          text  `json:"sync_to"`
		SyncKey         text  `json:"sync_key"`
		ObjectCount     count `json:"object_count"`
		Bytes           count `json:"bytes"`
		Versions        text  `json:"versions"`
		StoragePolicy   count `json:"storage_policy"`
		CORS            texts `json:"cors"`
		Meta            texts `json:"meta"`
		Sysmeta         texts `json:"sysmeta"`
		ShardingState   text  `json:"sharding_state"`
		CreatedAt       text  `json:"created_at"`
		PutTimestamp    text  `json:"put_timestamp"`
		DeleteTimestamp text  `json:"delete_timestamp"`
		StatusChangedAt text  `json:"status_changed_at"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return ContainerInfo{}, fmt.Errorf("cached container: %w", err)
	}
	if !lasting(in.Status) {
		return ContainerInfo{}, fmt.Errorf("cached container has status %d", in.Status)
	}
	if in.StoragePolicy != count(objstore.PolicyIndex(in.StoragePolicy)) {
		return ContainerInfo{}, fmt.Errorf("cached container has policy %d", in.StoragePolicy)
	}
	if in.ShardingState == "" {
		in.ShardingState = Unsharded
	}
	return ContainerInfo{
		Status: in.Status, ReadACL: string(in.ReadACL), WriteACL: string(in.WriteACL), SyncTo: string(in.SyncTo),
		SyncKey: string(in.SyncKey), ObjectCount: int64(in.ObjectCount), BytesUsed: int64(in.Bytes),
		Versions: string(in.Versions), Policy: objstore.PolicyIndex(in.StoragePolicy),
		CORS: CORS{in.CORS["allow_origin"], in.CORS["expose_headers"], in.CORS["max_age"]},
		Meta: in.Meta, Sysmeta: in.Sysmeta, ShardingState: string(in.ShardingState), CreatedAt: string(in.CreatedAt),
		PutTimestamp: string(in.PutTimestamp), DeleteTimestamp: string(in.DeleteTimestamp),
		StatusChangedAt: string(in.StatusChangedAt),
	}, nil
}

// ContainerInfoFromHeaders reads the headers of a container server's answer.
func ContainerInfoFromHeaders(status int, headers iter.Seq2[string, string]) ContainerInfo {
	other, meta, sysmeta := sortHeaders(headers, "x-container-")
	c := containerOf(status, other, meta, sysmeta)
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(other[name], 10, 64) // a bad counter is none
		return n
	}
	c.ObjectCount, c.BytesUsed = number("x-container-object-count"), number("x-container-bytes-used")
	policy, _ := strconv.ParseUint(other["x-backend-storage-policy-index"], 10, 16)
	c.Policy = objstore.PolicyIndex(policy)
	if state := other["x-backend-sharding-state"]; state != "" {
		c.ShardingState = state
	}
	c.CreatedAt, c.PutTimestamp = other["x-backend-timestamp"], other["x-backend-put-timestamp"]
	c.DeleteTimestamp, c.StatusChangedAt = other["x-backend-delete-timestamp"], other["x-backend-status-changed-at"]
	return c
}

// containerOf makes the part of an info that is metadata.
func containerOf(status int, other, meta, sysmeta map[string]string) ContainerInfo {
	return ContainerInfo{
		Status: status, ReadACL: other["x-container-read"], WriteACL: other["x-container-write"],
		SyncTo: other["x-container-sync-to"], SyncKey: other["x-container-sync-key"],
		Versions: other["x-versions-location"], Meta: meta, Sysmeta: sysmeta, ShardingState: Unsharded,
		CORS: CORS{
			meta["access-control-allow-origin"], meta["access-control-expose-headers"], meta["access-control-max-age"],
		},
	}
}

// ContainerInfoOf is the cached form of a container of the contract. What the
// contract does not have is unsharded and never deleted.
func ContainerInfoOf(status int, in objstore.ContainerInfo) ContainerInfo {
	other, meta, sysmeta := sortHeaders(fields(in.Metadata), "x-container-")
	c := containerOf(status, other, meta, sysmeta)
	c.ObjectCount, c.BytesUsed, c.Policy = in.ObjectCount, in.BytesUsed, in.Policy
	c.CreatedAt, c.PutTimestamp = in.Created.String(), in.Modified.String()
	c.DeleteTimestamp, c.StatusChangedAt = objstore.Timestamp(0).String(), in.Created.String()
	return c
}

// Contract is the container in the contract's form. A time that cannot be read
// is not set.
func (c ContainerInfo) Contract() objstore.ContainerInfo {
	out := objstore.ContainerInfo{Policy: c.Policy, ObjectCount: c.ObjectCount, BytesUsed: c.BytesUsed}
	out.Created, _ = objstore.ParseTimestamp(c.CreatedAt)
	out.Modified, _ = objstore.ParseTimestamp(c.PutTimestamp)
	setTitled(&out.Metadata, "X-Container-Meta-", c.Meta)
	setTitled(&out.Metadata, "X-Container-Sysmeta-", c.Sysmeta)
	for _, f := range []objstore.Field{
		{Name: "X-Container-Read", Value: c.ReadACL}, {Name: "X-Container-Write", Value: c.WriteACL},
		{Name: "X-Container-Sync-To", Value: c.SyncTo}, {Name: "X-Container-Sync-Key", Value: c.SyncKey},
		{Name: "X-Versions-Location", Value: c.Versions},
	} {
		if f.Value != "" {
			out.Metadata.Set(f.Name, f.Value)
		}
	}
	return out
}
