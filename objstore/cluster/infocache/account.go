// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"needletail/objstore"
)

// AccountInfo is an account as Swift's proxies cache it
// (swift/proxy/controllers/base.py: headers_to_account_info).
type AccountInfo struct {
	Status         int // of the account server's answer
	ContainerCount int64
	ObjectCount    int64
	BytesUsed      int64
	Policies       []objstore.PolicyUsage // all policies, by index
	Meta           map[string]string      // by lower name without X-Account-Meta-
	Sysmeta        map[string]string      // by lower name without X-Account-Sysmeta-
	// ReallyExists is false for the empty account that a proxy makes up where
	// accounts are created by the first use.
	ReallyExists bool
}

// Exists says whether the cached answer was a success.
func (a AccountInfo) Exists() bool { return success(a.Status) }

func success(status int) bool { return status/100 == 2 }

// Account returns a cached account. Its maps and lists may be shared and must
// not be changed.
func (c *Cache) Account(ctx context.Context, a objstore.AccountName) (AccountInfo, bool) {
	raw, ok := c.Get(ctx, accountName(a))
	if !ok {
		return AccountInfo{}, false
	}
	info, err := c.accounts.of(accountName(a), raw)
	return info, err == nil
}

// SetAccount caches the answer to a HEAD or GET of an account. Only a success,
// a 404 and a 410 are cached.
func (c *Cache) SetAccount(ctx context.Context, a objstore.AccountName, info AccountInfo) {
	if life := lifeOf(info.Status, c.conf.AccountLife); life > 0 {
		_ = c.Set(ctx, accountName(a), info.appendJSON(nil), life)
	}
}

// ForgetAccount removes a cached account, after each write to the account.
func (c *Cache) ForgetAccount(ctx context.Context, a objstore.AccountName) {
	_ = c.Delete(ctx, accountName(a))
}

// appendJSON appends the value as Swift writes it.
func (a AccountInfo) appendJSON(dst []byte) []byte {
	known := a.Exists()
	dst = fmt.Appendf(dst, `{"status": %d, "container_count": `, a.Status)
	dst = append(appendCount(dst, a.ContainerCount, known), `, "total_object_count": `...)
	dst = append(appendCount(dst, a.ObjectCount, known), `, "bytes": `...)
	dst = append(appendCount(dst, a.BytesUsed, known), `, "storage_policies": {`...)
	for i, p := range a.Policies {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = fmt.Appendf(dst, `"%d": {"container_count": %d, "object_count": %d, "bytes": %d}`,
			p.Policy, p.ContainerCount, p.ObjectCount, p.BytesUsed)
	}
	dst = append(appendTexts(append(dst, `}, "meta": `...), a.Meta), `, "sysmeta": `...)
	dst = appendTexts(dst, a.Sysmeta)
	if known {
		dst = strconv.AppendBool(append(dst, `, "account_really_exists": `...), a.ReallyExists)
	}
	return append(dst, '}')
}

// decodeAccount reads a cached account of any proxy.
func decodeAccount(raw []byte) (AccountInfo, error) {
	var in struct {
		Status          int   `json:"status"`
		ContainerCount  count `json:"container_count"`
		ObjectCount     count `json:"total_object_count"`
		Bytes           count `json:"bytes"`
		StoragePolicies map[objstore.PolicyIndex]struct {
			ContainerCount count `json:"container_count"`
			ObjectCount    count `json:"object_count"`
			Bytes          count `json:"bytes"`
		} `json:"storage_policies"`
		Meta         texts `json:"meta"`
		Sysmeta      texts `json:"sysmeta"`
		ReallyExists bool  `json:"account_really_exists"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return AccountInfo{}, fmt.Errorf("cached account: %w", err)
	}
	if !lasting(in.Status) {
		return AccountInfo{}, fmt.Errorf("cached account has status %d", in.Status)
	}
	a := AccountInfo{
		Status: in.Status, ContainerCount: int64(in.ContainerCount), ObjectCount: int64(in.ObjectCount),
		BytesUsed: int64(in.Bytes), Meta: in.Meta, Sysmeta: in.Sysmeta, ReallyExists: in.ReallyExists,
	}
	for index, p := range in.StoragePolicies {
		a.Policies = append(a.Policies, objstore.PolicyUsage{
			Policy: index, ContainerCount: int64(p.ContainerCount), ObjectCount: int64(p.ObjectCount), BytesUsed: int64(p.Bytes),
		})
	}
	slices.SortFunc(a.Policies, func(x, y objstore.PolicyUsage) int { return cmp.Compare(x.Policy, y.Policy) })
	return a, nil
}

// AccountInfoFromHeaders reads the headers of an account server's answer. A
// policy without headers is there, with zeros, as in Swift.
func AccountInfoFromHeaders(status int, headers iter.Seq2[string, string], policies objstore.Policies) AccountInfo {
	other, meta, sysmeta := sortHeaders(headers, "x-account-")
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(other[name], 10, 64) // a bad counter is none
		return n
	}
	a := AccountInfo{
		Status: status, ContainerCount: number("x-account-container-count"), ObjectCount: number("x-account-object-count"),
		BytesUsed: number("x-account-bytes-used"), Meta: meta, Sysmeta: sysmeta,
		ReallyExists: success(status) && !configTrue(other["x-backend-fake-account-listing"]),
	}
	for _, p := range policies {
		prefix := "x-account-storage-policy-" + strings.ToLower(p.Name)
		a.Policies = append(a.Policies, objstore.PolicyUsage{
			Policy: p.Index, ContainerCount: number(prefix + "-container-count"),
			ObjectCount: number(prefix + "-object-count"), BytesUsed: number(prefix + "-bytes-used"),
		})
	}
	return a
}

// AccountInfoOf is the cached form of an account of the contract.
func AccountInfoOf(status int, in objstore.AccountInfo) AccountInfo {
	a := AccountInfo{
		Status: status, ContainerCount: in.ContainerCount, ObjectCount: in.ObjectCount, BytesUsed: in.BytesUsed,
		Policies: slices.Clone(in.Policies), ReallyExists: success(status),
	}
	_, a.Meta, a.Sysmeta = sortHeaders(fields(in.Metadata), "x-account-")
	return a
}

// Contract is the account in the contract's form. Swift does not cache when an
// account was created.
func (a AccountInfo) Contract() objstore.AccountInfo {
	out := objstore.AccountInfo{ContainerCount: a.ContainerCount, ObjectCount: a.ObjectCount, BytesUsed: a.BytesUsed}
	for _, p := range a.Policies {
		if p.ContainerCount != 0 || p.ObjectCount != 0 || p.BytesUsed != 0 {
			out.Policies = append(out.Policies, p)
		}
	}
	setTitled(&out.Metadata, "X-Account-Meta-", a.Meta)
	setTitled(&out.Metadata, "X-Account-Sysmeta-", a.Sysmeta)
	return out
}
