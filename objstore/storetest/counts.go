// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"needletail/objstore"
)

// CheckCounts lists an account with all its containers, and checks every
// counter against the listings. The store must be at rest. Counters that the
// store does not keep exact get time to agree.
func CheckCounts(t testing.TB, s objstore.Store, a objstore.AccountName) {
	t.Helper()
	g := s.Guarantees()
	settle(t, g.ExactCounts && g.ListedAtOnce, func(t testing.TB) { checkCounts(t, s, a) })
}

func checkCounts(t testing.TB, s objstore.Store, a objstore.AccountName) {
	t.Helper()
	ctx := context.Background()
	want := objstore.AccountInfo{}
	usage := map[objstore.PolicyIndex]objstore.PolicyUsage{}
	for _, entry := range allContainers(t, s, a) {
		id := objstore.ContainerID{Account: a, Container: objstore.ContainerName(entry.Name)}
		info, err := s.HeadContainer(ctx, id, objstore.InfoOptions{})
		if err != nil {
			t.Fatalf("%v is listed: %v", id, err)
		}
		objects, bytes := recount(t, s, id)
		if info.ObjectCount != objects || info.BytesUsed != bytes {
			t.Errorf("%v: HEAD says %d objects, %d bytes; a recount %d, %d",
				id, info.ObjectCount, info.BytesUsed, objects, bytes)
		}
		if entry.ObjectCount != objects || entry.BytesUsed != bytes || entry.Policy != info.Policy {
			t.Errorf("%v: the account lists %+v; a recount gives %d objects, %d bytes, policy %d",
				id, entry, objects, bytes, info.Policy)
		}
		want.ContainerCount++
		want.ObjectCount += objects
		want.BytesUsed += bytes
		u := usage[info.Policy]
		usage[info.Policy] = objstore.PolicyUsage{Policy: info.Policy,
			ContainerCount: u.ContainerCount + 1,
			ObjectCount:    u.ObjectCount + objects, BytesUsed: u.BytesUsed + bytes}
	}
	for _, u := range usage {
		want.Policies = append(want.Policies, u)
	}
	slices.SortFunc(want.Policies, func(a, b objstore.PolicyUsage) int {
		return int(a.Policy) - int(b.Policy)
	})
	got, err := s.HeadAccount(ctx, a, objstore.InfoOptions{})
	if err != nil {
		t.Fatalf("head account: %v", err)
	}
	if got.ContainerCount != want.ContainerCount || got.ObjectCount != want.ObjectCount ||
		got.BytesUsed != want.BytesUsed || !slices.Equal(got.Policies, want.Policies) {
		t.Errorf("account %s: HEAD says %+v; a recount %+v", a, got, want)
	}
}

func recount(t testing.TB, s objstore.Store, id objstore.ContainerID) (objects, bytes int64) {
	t.Helper()
	for _, entry := range allObjects(t, s, id) {
		info, err := s.HeadObject(context.Background(), id.Object(objstore.ObjectName(entry.Name)),
			objstore.OpenOptions{AllowExpired: true})
		if errors.Is(err, objstore.KindNotFound) {
			t.Fatalf("%q of %v is listed but absent", entry.Name, id)
		}
		if err != nil {
			t.Fatal(err)
		}
		objects++
		bytes += info.SizeBytes
	}
	return objects, bytes
}

var everything = objstore.ListOptions{Limit: math.MaxInt32}

func allContainers(t testing.TB, s objstore.Store, a objstore.AccountName) (all []objstore.ContainerEntry) {
	t.Helper()
	err := s.ListContainers(context.Background(), a, everything, func(c *objstore.ContainerEntry) error {
		all = append(all, *c)
		return nil
	})
	if err != nil {
		t.Fatalf("list containers: %v", err)
	}
	return all
}

func allObjects(t testing.TB, s objstore.Store, id objstore.ContainerID) (all []objstore.ObjectEntry) {
	t.Helper()
	err := s.ListObjects(context.Background(), id, everything, func(o *objstore.ObjectEntry) error {
		entry := *o
		entry.Extra = o.Extra.Clone()
		all = append(all, entry)
		return nil
	})
	if err != nil {
		t.Fatalf("list objects: %v", err)
	}
	return all
}

// wantUsage checks a container's counters and listing, and that the account's
// counters fit. Where counters are late the account is checked at the end.
func (e *env) wantUsage(id objstore.ContainerID, objects, bytes int64) {
	e.Helper()
	e.settle(e.g.ExactCounts && e.g.ListedAtOnce, func(e *env) {
		e.Helper()
		info, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
		e.ok(err)
		if info.ObjectCount != objects || info.BytesUsed != bytes {
			e.Errorf("%v has %d objects, %d bytes; want %d, %d",
				id, info.ObjectCount, info.BytesUsed, objects, bytes)
		}
		e.wantEqual("listed objects", int64(len(allObjects(e, e.s, id))), objects)
	})
	if e.g.ExactCounts {
		CheckCounts(e, e.s, id.Account)
	} else {
		e.accounts[id.Account] = true
	}
}
