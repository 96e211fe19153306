// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"slices"

	"needletail/objstore"
)

func set(fields ...string) objstore.MetadataUpdate {
	return objstore.MetadataUpdate{Set: metadata(fields...)}
}

// metadata is made of names and values in turn.
func metadata(fields ...string) (m objstore.Metadata) {
	for i := 0; i < len(fields); i += 2 {
		m.Set(fields[i], fields[i+1])
	}
	return m
}

func (e *env) wantMetadata(got objstore.Metadata, fields ...string) {
	e.Helper()
	if want := metadata(fields...); !slices.Equal(got, want) {
		e.Errorf("metadata %q, want %q", got, want)
	}
}

func testAccountLifecycle(e *env) {
	_, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.wantKind(err, objstore.KindNotFound)
	e.wantKind(e.s.DeleteAccount(e.ctx, testAccount), objstore.KindNotFound)
	created, err := e.s.PostAccount(e.ctx, testAccount, set("X-Account-Meta-A", "1"))
	e.ok(err)
	e.wantEqual("created", created, true)
	first, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.ok(err)
	if first.Created == 0 {
		e.Error("an account without a time")
	}
	created, err = e.s.PostAccount(e.ctx, testAccount, objstore.MetadataUpdate{})
	e.ok(err)
	e.wantEqual("created again", created, false)

	c := e.container("c")
	e.settle(e.g.ListedAtOnce, func(e *env) { e.wantEqual("containers", len(allContainers(e, e.s, testAccount)), 1) })
	e.wantKind(e.s.DeleteAccount(e.ctx, testAccount), objstore.KindNotEmpty)
	e.ok(e.s.DeleteContainer(e.ctx, c))
	e.settle(e.g.ListedAtOnce, func(e *env) { e.ok(e.s.DeleteAccount(e.ctx, testAccount)) })
	_, err = e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.wantKind(err, objstore.KindNotFound)
	err = e.s.ListContainers(e.ctx, testAccount, everything, func(*objstore.ContainerEntry) error { return nil })
	e.wantKind(err, objstore.KindNotFound)

	if !e.g.CleanRecreation {
		_, err := e.s.PutContainer(e.ctx, c, objstore.PutContainerOptions{})
		e.wantKind(err, objstore.KindConflict)
		return
	}
	e.container("c")
	info, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.ok(err)
	e.wantMetadata(info.Metadata)
	if info.Created <= first.Created {
		e.Errorf("the second account is of %v, the first of %v", info.Created, first.Created)
	}
	CheckCounts(e, e.s, testAccount)
}

var errRefused = errors.New("the check refuses")

func refuse(wantMerged objstore.Metadata, e *env) func(objstore.Metadata) error {
	return func(merged objstore.Metadata) error {
		if !slices.Equal(merged, wantMerged) {
			e.Errorf("the check saw %q, want %q", merged, wantMerged)
		}
		return errRefused
	}
}

func testAccountMetadata(e *env) {
	u := set("X-Account-Meta-New", "1")
	u.Check = refuse(metadata("X-Account-Meta-New", "1"), e)
	_, err := e.s.PostAccount(e.ctx, testAccount, u)
	if !errors.Is(err, errRefused) {
		e.Errorf("a refused POST gives %v", err)
	}
	_, err = e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.wantKind(err, objstore.KindNotFound)

	post := func(u objstore.MetadataUpdate) {
		e.Helper()
		_, err := e.s.PostAccount(e.ctx, testAccount, u)
		e.ok(err)
	}
	odd := e.text("\xff\x01")
	if !e.g.OpaqueBytes {
		_, err := e.s.PostAccount(e.ctx, testAccount, set("X-Account-Meta-A", "\xff"))
		e.wantKind(err, objstore.KindInvalid)
	}
	post(set("X-Account-Meta-A", "1", "X-Account-Meta-B", "2", "X-Account-Sysmeta-S", odd))
	post(set("X-Account-Meta-A", "", "X-Account-Meta-B", "3", "X-Account-Meta-Gone", ""))
	want := []string{"X-Account-Meta-B", "3", "X-Account-Sysmeta-S", odd}
	info, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.ok(err)
	e.wantMetadata(info.Metadata, want...)

	u = set("X-Account-Meta-B", "", "X-Account-Meta-C", "4")
	u.Check = refuse(metadata("X-Account-Meta-C", "4", "X-Account-Sysmeta-S", odd), e)
	if _, err := e.s.PostAccount(e.ctx, testAccount, u); !errors.Is(err, errRefused) {
		e.Errorf("a refused POST gives %v", err)
	}
	info, err = e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.ok(err)
	e.wantMetadata(info.Metadata, want...)
}

func testAccountUsagePerPolicy(e *env) {
	second := policySecond
	a := e.container("a")
	b := objstore.ContainerID{Account: testAccount, Container: "b"}
	_, err := e.s.PutContainer(e.ctx, b, objstore.PutContainerOptions{Policy: &second})
	e.ok(err)
	e.put(a.Object("1"), make([]byte, 10), objstore.PutOptions{})
	e.put(b.Object("2"), make([]byte, 100), objstore.PutOptions{})
	e.put(b.Object("3"), make([]byte, 1000), objstore.PutOptions{})

	want := func(usage ...objstore.PolicyUsage) {
		e.Helper()
		e.settle(e.g.ExactCounts, func(e *env) {
			info, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
			e.ok(err)
			if !slices.Equal(info.Policies, usage) {
				e.Errorf("usage %+v, want %+v", info.Policies, usage)
			}
		})
		CheckCounts(e, e.s, testAccount)
	}
	want(objstore.PolicyUsage{Policy: policyDefault, ContainerCount: 1, ObjectCount: 1, BytesUsed: 10},
		objstore.PolicyUsage{Policy: policySecond, ContainerCount: 1, ObjectCount: 2, BytesUsed: 1100})
	for _, name := range []objstore.ObjectName{"2", "3"} {
		_, err := e.s.DeleteObject(e.ctx, b.Object(name), objstore.DeleteOptions{})
		e.ok(err)
	}
	want(objstore.PolicyUsage{Policy: policyDefault, ContainerCount: 1, ObjectCount: 1, BytesUsed: 10},
		objstore.PolicyUsage{Policy: policySecond, ContainerCount: 1})
	e.ok(e.s.DeleteContainer(e.ctx, b))
	want(objstore.PolicyUsage{Policy: policyDefault, ContainerCount: 1, ObjectCount: 1, BytesUsed: 10})
}

// testCachedInfo asks that a cached answer has the metadata of the store's own
// last change, and that only a cached answer says so.
func testCachedInfo(e *env) {
	c := e.container("c")
	for _, value := range []string{"1", "2"} {
		e.ok(e.s.PostContainer(e.ctx, c, set("X-Container-Meta-A", value)))
		_, err := e.s.PostAccount(e.ctx, testAccount, set("X-Account-Meta-A", value))
		e.ok(err)
		for range 2 {
			info, err := e.s.HeadContainer(e.ctx, c, objstore.InfoOptions{Cached: true})
			e.ok(err)
			e.wantMetadata(info.Metadata, "X-Container-Meta-A", value)
			account, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{Cached: true})
			e.ok(err)
			e.wantMetadata(account.Metadata, "X-Account-Meta-A", value)
			if e.g.ExactCounts && (info.Cached || account.Cached) {
				e.Error("a store with exact counts answers from a cache")
			}
			info, err = e.s.HeadContainer(e.ctx, c, objstore.InfoOptions{})
			e.ok(err)
			account, err = e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
			e.ok(err)
			if info.Cached || account.Cached {
				e.Error("an answer from a cache that was not allowed")
			}
		}
	}
}
