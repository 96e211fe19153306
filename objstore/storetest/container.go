// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"

	"needletail/objstore"
)

func testContainerLifecycle(e *env) {
	id := objstore.ContainerID{Account: testAccount, Container: "c"}
	wantMissing := func() {
		e.Helper()
		_, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
		e.wantKind(err, objstore.KindNotFound)
		e.wantKind(e.s.PostContainer(e.ctx, id, objstore.MetadataUpdate{}), objstore.KindNotFound)
		e.wantKind(e.s.DeleteContainer(e.ctx, id), objstore.KindNotFound)
		err = e.s.ListObjects(e.ctx, id, everything, func(*objstore.ObjectEntry) error { return nil })
		e.wantKind(err, objstore.KindNotFound)
	}
	wantMissing()
	e.container("c")
	first, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
	e.ok(err)
	if first.Created == 0 || !e.g.SwiftLayout && first.Created != first.Modified {
		e.Errorf("a new container is of %v, changed %v", first.Created, first.Modified)
	}
	e.wantUsage(id, 0, 0)
	created, err := e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{})
	e.ok(err)
	e.wantEqual("created again", created, false)

	e.put(id.Object("o"), []byte("xyz"), objstore.PutOptions{})
	e.wantUsage(id, 1, 3)
	e.wantKind(e.s.DeleteContainer(e.ctx, id), objstore.KindNotEmpty)
	e.wantUsage(id, 1, 3)
	_, err = e.s.DeleteObject(e.ctx, id.Object("o"), objstore.DeleteOptions{})
	e.ok(err)
	e.wantUsage(id, 0, 0)
	e.ok(e.s.DeleteContainer(e.ctx, id))
	wantMissing()
	e.wantAbsent(id.Object("o"))

	e.container("c")
	again, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
	e.ok(err)
	if e.g.CleanRecreation && again.Created <= first.Created {
		e.Errorf("the second container is of %v, the first of %v", again.Created, first.Created)
	}
	e.wantUsage(id, 0, 0)
}

func testContainerMetadata(e *env) {
	id := objstore.ContainerID{Account: testAccount, Container: "c"}
	o := objstore.PutContainerOptions{MetadataUpdate: set("X-Container-Meta-A", "1")}
	o.Check = refuse(o.Set, e)
	_, err := e.s.PutContainer(e.ctx, id, o)
	if !errors.Is(err, errRefused) {
		e.Errorf("a refused PUT gives %v", err)
	}
	_, err = e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
	e.wantKind(err, objstore.KindNotFound)
	_, err = e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.wantKind(err, objstore.KindNotFound)

	want := func(fields ...string) {
		e.Helper()
		info, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
		e.ok(err)
		e.wantMetadata(info.Metadata, fields...)
	}
	put := func(u objstore.MetadataUpdate, account objstore.Metadata) {
		e.Helper()
		_, err := e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{MetadataUpdate: u, AccountMetadata: account})
		e.ok(err)
	}
	put(set("X-Container-Meta-A", "1", "X-Container-Read", ".r:*", "X-Container-Meta-E", ""),
		metadata("X-Account-Sysmeta-Project-Domain-Id", "default"))
	want("X-Container-Meta-A", "1", "X-Container-Read", ".r:*")
	put(set("X-Container-Meta-B", "2", "X-Container-Read", ""), metadata("X-Account-Sysmeta-Late", "1"))
	want("X-Container-Meta-A", "1", "X-Container-Meta-B", "2")
	e.ok(e.s.PostContainer(e.ctx, id, set("X-Container-Meta-A", "", "X-Container-Meta-B", "3")))
	want("X-Container-Meta-B", "3")

	u := set("X-Container-Meta-B", "", "X-Container-Meta-C", "4")
	u.Check = refuse(metadata("X-Container-Meta-C", "4"), e)
	if err := e.s.PostContainer(e.ctx, id, u); !errors.Is(err, errRefused) {
		e.Errorf("a refused POST gives %v", err)
	}
	want("X-Container-Meta-B", "3")
	account, err := e.s.HeadAccount(e.ctx, testAccount, objstore.InfoOptions{})
	e.ok(err)
	e.wantMetadata(account.Metadata, "X-Account-Sysmeta-Project-Domain-Id", "default")
}

func testContainerPolicy(e *env) {
	put := func(name objstore.ContainerName, p objstore.PolicyIndex) error {
		id := objstore.ContainerID{Account: testAccount, Container: name}
		_, err := e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{Policy: &p})
		return err
	}
	e.wantKind(put("unknown", policyUnknown), objstore.KindInvalid)
	e.wantKind(put("deprecated", policyDeprecated), objstore.KindInvalid)
	e.ok(put("c", policySecond))
	e.ok(put("c", policySecond))
	e.wantKind(put("c", policyDefault), objstore.KindConflict)
	id := objstore.ContainerID{Account: testAccount, Container: "c"}
	_, err := e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{})
	e.ok(err)
	info, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
	e.ok(err)
	e.wantEqual("policy", info.Policy, policySecond)
	info, err = e.s.HeadContainer(e.ctx, e.container("default"), objstore.InfoOptions{})
	e.ok(err)
	e.wantEqual("policy", info.Policy, policyDefault)
	e.settle(e.g.ListedAtOnce, func(e *env) { e.wantEqual("containers", len(allContainers(e, e.s, testAccount)), 2) })
}

func testContainerModified(e *env) {
	id := e.container("c")
	created := e.modified(id)
	e.put(id.Object("o"), []byte("x"), objstore.PutOptions{})
	_, err := e.s.DeleteObject(e.ctx, id.Object("o"), objstore.DeleteOptions{})
	e.ok(err)
	e.wantEqual("modified after object writes", e.modified(id), created)
	e.ok(e.s.PostContainer(e.ctx, id, set("X-Container-Meta-A", "1")))
	posted := e.modified(id)
	if posted <= created {
		e.Errorf("modified %v after POST, %v before", posted, created)
	}
	_, err = e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{})
	e.ok(err)
	if put := e.modified(id); put <= posted {
		e.Errorf("modified %v after PUT, %v before", put, posted)
	}
}

// modified returns a container's time of change, after checking that HEAD and
// listing agree.
func (e *env) modified(id objstore.ContainerID) objstore.Timestamp {
	e.Helper()
	info, err := e.s.HeadContainer(e.ctx, id, objstore.InfoOptions{})
	e.ok(err)
	e.settle(e.g.ListedAtOnce, func(e *env) {
		for _, entry := range allContainers(e, e.s, id.Account) {
			if entry.Name == string(id.Container) {
				e.wantEqual("modified in the listing", entry.Modified, info.Modified)
			}
		}
	})
	return info.Modified
}

func testContainerEntries(e *env) {
	for _, name := range e.texts([]string{"b-2", "a", "b-1", "\xff", "ü"}) {
		id := e.container(objstore.ContainerName(name))
		e.put(id.Object("o"), make([]byte, len(name)), objstore.PutOptions{})
	}
	list := func(o objstore.ListOptions, want ...string) {
		e.Helper()
		var got []string
		o.Limit = max(o.Limit, 3)
		want = e.texts(want)
		err := e.s.ListContainers(e.ctx, testAccount, o, func(c *objstore.ContainerEntry) error {
			if c.Subdir {
				got = append(got, sub(c.Name))
				return nil
			}
			got = append(got, c.Name)
			e.wantEqual("objects", c.ObjectCount, int64(1))
			e.wantEqual("bytes", c.BytesUsed, int64(len(c.Name)))
			return nil
		})
		e.ok(err)
		wantNames(e, o, got, want)
	}
	CheckCounts(e, e.s, testAccount)
	list(objstore.ListOptions{}, "a", "b-1", "b-2")
	list(objstore.ListOptions{Limit: 10}, "a", "b-1", "b-2", "ü", "\xff")
	list(objstore.ListOptions{Marker: "b-2"}, "ü", "\xff")
	list(objstore.ListOptions{EndMarker: "b-2"}, "a", "b-1")
	list(objstore.ListOptions{Reverse: true}, "\xff", "ü", "b-2")
	list(objstore.ListOptions{Prefix: "b"}, "b-1", "b-2")
	list(objstore.ListOptions{Delimiter: "-"}, "a", sub("b-"), "ü")
	list(objstore.ListOptions{Delimiter: "-", Marker: "b-", Limit: 10}, "ü", "\xff")
	list(objstore.ListOptions{Delimiter: "-", Reverse: true, Limit: 10}, "\xff", "ü", sub("b-"), "a")
}
