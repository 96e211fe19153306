// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"needletail/objstore"
)

// The uses of namespaces, in names of the cache.
const (
	forListing  = "listing"
	forUpdating = "updating"
)

// Namespace is a range of object names and the container of the range. Names
// sort by their bytes.
type Namespace struct {
	Name  string // of the container: "ACCOUNT/CONTAINER"
	Lower string // exclusive; "" is no bound
	Upper string // inclusive; "" is no bound
	// Range is the whole shard range as JSON, where a container server of Swift
	// 2.30 sent one; see Cache.WholeRanges.
	Range json.RawMessage
}

// Container returns the container's name in two parts. ok is false for a name
// of another form.
func (n Namespace) Container() (id objstore.ContainerID, ok bool) {
	account, container, ok := strings.Cut(n.Name, "/")
	if !ok || account == "" || container == "" || strings.Contains(container, "/") {
		return objstore.ContainerID{}, false
	}
	return objstore.ContainerID{Account: objstore.AccountName(account), Container: objstore.ContainerName(container)}, true
}

// ShardListing returns the namespaces for listings of a sharded container, in
// the order of their names, without gaps. The list may be shared and must not be
// changed.
func (c *Cache) ShardListing(ctx context.Context, id objstore.ContainerID) ([]Namespace, bool) {
	return c.namespaces(ctx, forListing, id)
}

// SetShardListing caches the complete namespaces for listings, and returns what
// ShardListing will return.
func (c *Cache) SetShardListing(ctx context.Context, id objstore.ContainerID, all []Namespace) []Namespace {
	all, _ = c.setNamespaces(ctx, forListing, id, all)
	return all
}

// ForgetShardListing removes the namespaces for listings.
func (c *Cache) ForgetShardListing(ctx context.Context, id objstore.ContainerID) {
	_ = c.Delete(ctx, c.shardName(forListing, id))
}

// ShardUpdating returns the namespaces for object updates of a container that
// is sharded or sharding, in the order of their names, without gaps. The list
// may be shared and must not be changed.
func (c *Cache) ShardUpdating(ctx context.Context, id objstore.ContainerID) ([]Namespace, bool) {
	return c.namespaces(ctx, forUpdating, id)
}

// ForgetShardUpdating removes the namespaces for object updates.
func (c *Cache) ForgetShardUpdating(ctx context.Context, id objstore.ContainerID) {
	_ = c.Delete(ctx, c.shardName(forUpdating, id))
}

func (c *Cache) namespaces(ctx context.Context, use string, id objstore.ContainerID) ([]Namespace, bool) {
	name := c.shardName(use, id)
	raw, ok := c.Get(ctx, name)
	if !ok {
		return nil, false
	}
	all, err := c.shards.of(name, raw)
	return all, err == nil && len(all) > 0
}

// setNamespaces returns what namespaces will return. kept says that the cache has
// the namespaces.
func (c *Cache) setNamespaces(ctx context.Context, use string, id objstore.ContainerID, all []Namespace) (cached []Namespace, kept bool) {
	life := c.conf.ListingLife
	if use == forUpdating {
		life = c.conf.UpdatingLife
	}
	var raw []byte
	if c.conf.WholeRanges {
		if len(all) == 0 || slices.ContainsFunc(all, func(n Namespace) bool { return len(n.Range) == 0 }) {
			return all, false
		}
		raw = appendRanges(nil, all)
	} else {
		if all = Compact(all); len(all) == 0 {
			return nil, false
		}
		raw = appendBounds(nil, all)
	}
	return all, c.Set(ctx, c.shardName(use, id), raw, life) == nil
}

// Compact drops overlapping namespaces and closes gaps: a namespace that begins
// before the end of its predecessor goes, and each namespace reaches to the
// next. A container server puts children before their parent, so the children
// stay (swift/common/utils: NamespaceBoundList.parse).
func Compact(all []Namespace) []Namespace {
	var out []Namespace
	for _, n := range all {
		if len(out) > 0 {
			last := &out[len(out)-1]
			if last.Upper == "" || n.Lower < last.Upper {
				continue
			}
		}
		n.Range = nil
		out = append(out, n)
	}
	return chain(out)
}

// chain lets each namespace end where the next begins, and the last nowhere.
func chain(all []Namespace) []Namespace {
	for i := range all {
		all[i].Upper = ""
		if i > 0 {
			all[i-1].Upper = all[i].Lower
		}
	}
	return all
}

// appendBounds appends [[lower, name], …], the value of Swift 2.31 and later.
func appendBounds(dst []byte, all []Namespace) []byte {
	dst = append(dst, '[')
	for i, n := range all {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendString(append(dst, '['), n.Lower), ", "...)
		dst = append(appendString(dst, n.Name), ']')
	}
	return append(dst, ']')
}

// errOrder: cached bounds are not in ascending order.
var errOrder = errors.New("cached bounds are not in order")

// decodeBounds reads [[lower, name], …].
func decodeBounds(raw []byte) ([]Namespace, error) {
	var in [][]text
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("cached bounds: %w", err)
	}
	all := make([]Namespace, len(in))
	for i, b := range in {
		if len(b) != 2 {
			return nil, fmt.Errorf("cached bounds: %d parts instead of a bound and a name", len(b))
		}
		all[i] = Namespace{Lower: string(b[0]), Name: string(b[1])}
		if err := all[i].check(); err != nil {
			return nil, err
		}
		if i > 0 && all[i].Lower < all[i-1].Lower {
			return nil, errOrder
		}
	}
	return chain(all), nil
}

// check refuses a namespace that no container server sends.
func (n Namespace) check() error {
	if _, ok := n.Container(); !ok {
		return fmt.Errorf("namespace %q is not of the form account/container", n.Name)
	}
	if n.Upper != "" && n.Lower > n.Upper {
		return fmt.Errorf("namespace %s: its bounds are not in order", n.Name)
	}
	return nil
}

// appendRanges appends the whole shard ranges, the value of Swift 2.30.
func appendRanges(dst []byte, all []Namespace) []byte {
	dst = append(dst, '[')
	for i, n := range all {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, n.Range...)
	}
	return append(dst, ']')
}

// decodeRanges reads whole shard ranges, in their order.
func decodeRanges(raw []byte) ([]Namespace, error) {
	var in []json.RawMessage
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("cached shard ranges: %w", err)
	}
	all := make([]Namespace, len(in))
	for i, r := range in {
		var err error
		if all[i], err = ParseNamespace(r); err != nil {
			return nil, err
		}
		all[i].Range = r
	}
	return all, nil
}

// ParseNamespace reads a namespace or a whole shard range in the JSON of a
// container server: {"name", "lower", "upper", …}. Range stays empty for the
// short form.
func ParseNamespace(raw json.RawMessage) (Namespace, error) {
	var in struct {
		Name      text            `json:"name"`
		Lower     text            `json:"lower"`
		Upper     text            `json:"upper"`
		Timestamp json.RawMessage `json:"timestamp"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Namespace{}, fmt.Errorf("namespace: %w", err)
	}
	n := Namespace{Name: string(in.Name), Lower: string(in.Lower), Upper: string(in.Upper)}
	if len(in.Timestamp) > 0 {
		n.Range = slices.Clone(raw)
	}
	return n, n.check()
}
