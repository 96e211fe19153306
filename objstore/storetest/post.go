// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"strings"

	"needletail/objstore"
)

func testPost(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		body, id := makeBody(10, size), c.Object("o")
		shown := int64(99)
		put := e.put(id, body, objstore.PutOptions{
			ContentType: "a/b", DeleteAt: farFuture(),
			Metadata: metadata("Content-Encoding", "gzip", "X-Object-Meta-A", "1", "X-Object-Sysmeta-S", "kept"),
			Listing:  objstore.ListingOverride{SizeBytes: &shown, Extra: metadata("slo_etag", `"v"`)},
		})
		want := put
		post := func(o objstore.PostOptions) {
			e.Helper()
			before := want.Modified
			got, err := e.s.PostObject(e.ctx, id, o)
			e.ok(err)
			if got.Modified <= before {
				e.Errorf("modified %v after POST, %v before", got.Modified, before)
			}
			want.Modified = got.Modified
			e.wantPosted(got, want)
			e.wantInfo(e.head(id), want)
			e.wantBody(id, body)
			e.wantUsage(c, 1, size)
			e.settle(e.g.ListedAtOnce, func(e *env) {
				entry := allObjects(e, e.s, c)[0]
				e.wantEqual("modified in the listing", entry.Modified, want.Modified)
				e.wantEqual("type in the listing", entry.ContentType, want.ContentType)
				e.wantEqual("size in the listing", entry.SizeBytes, shown)
				e.wantMetadata(entry.Extra, "slo_etag", `"v"`)
			})
		}
		want.Metadata, want.DeleteAt = metadata("X-Object-Meta-B", "2", "X-Object-Sysmeta-S", "kept"), 0
		post(objstore.PostOptions{Metadata: metadata("X-Object-Meta-B", "2")})
		want.Metadata, want.ContentType = metadata("X-Object-Sysmeta-S", "kept"), "c/d"
		want.DeleteAt = farFuture()
		post(objstore.PostOptions{ContentType: "c/d", DeleteAt: want.DeleteAt})
		want.DeleteAt = 0
		post(objstore.PostOptions{})
	}
	_, err := e.s.PostObject(e.ctx, c.Object("missing"), objstore.PostOptions{})
	e.wantKind(err, objstore.KindNotFound)
	missing := objstore.ObjectID{Account: testAccount, Container: "missing", Object: "o"}
	_, err = e.s.PostObject(e.ctx, missing, objstore.PostOptions{})
	e.wantNotFound(err)
	e.wantUsage(c, 1, bodySizes[len(bodySizes)-1])
}

// wantAnswer compares the answer of PostObject or DeleteObject with the object,
// as far as the store tells the object.
func (e *env) wantAnswer(got, want objstore.ObjectInfo) {
	e.Helper()
	if e.g.WholeAnswers {
		e.wantInfo(got, want)
	}
}

// wantPosted is wantAnswer for PostObject, which always tells the sysmeta.
func (e *env) wantPosted(got, want objstore.ObjectInfo) {
	e.Helper()
	e.wantAnswer(got, want)
	for _, f := range want.Metadata {
		if strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			e.wantEqual(f.Name+" in the answer", got.Metadata.Get(f.Name), f.Value)
		}
	}
}

// wantNotFound accepts both kinds of error for an object in an absent
// container.
func (e *env) wantNotFound(err error) {
	e.Helper()
	if !errors.Is(err, objstore.KindNotFound) && !errors.Is(err, objstore.KindContainerNotFound) {
		e.Errorf("got %v, want a not-found", err)
	}
}

func testDelete(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		id := c.Object("o")
		_, err := e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
		e.wantKind(err, objstore.KindNotFound)
		info := e.put(id, makeBody(11, size), objstore.PutOptions{ContentType: "a/b"})
		e.put(c.Object("other"), []byte("12"), objstore.PutOptions{})
		e.wantUsage(c, 2, size+2)
		got, err := e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
		e.ok(err)
		e.wantAnswer(got, info)
		e.wantAbsent(id)
		e.wantUsage(c, 1, 2)
	}
	missing := objstore.ObjectID{Account: testAccount, Container: "missing", Object: "o"}
	_, err := e.s.DeleteObject(e.ctx, missing, objstore.DeleteOptions{})
	e.wantNotFound(err)
	_, err = e.s.HeadObject(e.ctx, missing, objstore.OpenOptions{})
	e.wantNotFound(err)
	_, err = e.s.OpenObject(e.ctx, missing, objstore.OpenOptions{})
	e.wantNotFound(err)
}

func testExpired(e *env) {
	c := e.container("c")
	body := makeBody(12, 100_000)
	id := c.Object("o")
	soon := e.soon()
	for _, name := range []objstore.ObjectName{"o", "unborn"} {
		e.put(c.Object(name), body, objstore.PutOptions{DeleteAt: soon, ContentType: "a/b"})
	}
	e.expire(id)
	e.expire(c.Object("unborn"))
	wantExpired := func() {
		e.Helper()
		_, err := e.s.HeadObject(e.ctx, id, objstore.OpenOptions{})
		e.wantKind(err, objstore.KindNotFound)
		_, err = e.s.OpenObject(e.ctx, id, objstore.OpenOptions{})
		e.wantKind(err, objstore.KindNotFound)
		_, err = e.s.PostObject(e.ctx, id, objstore.PostOptions{})
		e.wantKind(err, objstore.KindNotFound)
		info, err := e.s.HeadObject(e.ctx, id, objstore.OpenOptions{AllowExpired: true})
		e.ok(err)
		e.wantEqual("DeleteAt", info.DeleteAt, soon)
		e.wantBody(id, body)
		e.wantListed(c, 2)
		e.wantUsage(c, 2, 200_000)
	}
	wantExpired()
	_, err := e.s.PostObject(e.ctx, id, objstore.PostOptions{AllowExpired: true})
	e.ok(err)
	e.wantEqual("DeleteAt of what was restored", e.head(id).DeleteAt, int64(0))
	soon = e.soon()
	_, err = e.s.PostObject(e.ctx, id, objstore.PostOptions{DeleteAt: soon})
	e.ok(err)
	e.expire(id)
	wantExpired()

	e.wantKind(e.s.DeleteContainer(e.ctx, c), objstore.KindNotEmpty)
	_, err = e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
	e.wantKind(err, objstore.KindNotFound)
	e.wantAbsent(id)
	e.wantUsage(c, 1, 100_000)
	e.put(c.Object("unborn"), []byte("reborn"), objstore.PutOptions{})
	e.wantBody(c.Object("unborn"), []byte("reborn"))
	e.wantEqual("DeleteAt of a new version", e.head(c.Object("unborn")).DeleteAt, int64(0))
	e.wantUsage(c, 1, 6)
}

func testDeleteIfDeleteAt(e *env) {
	c := e.container("c")
	const soon = 1 // stands for a DeleteAt that has passed
	for _, deleteAt := range []int64{0, soon, farFuture()} {
		id := c.Object("o")
		if deleteAt == soon {
			deleteAt = e.soon()
		}
		e.put(id, []byte("body"), objstore.PutOptions{DeleteAt: deleteAt})
		if deleteAt != 0 && deleteAt < farFuture()-1000 {
			e.expire(id)
		}
		_, err := e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{IfDeleteAt: 5})
		e.wantKind(err, objstore.KindPrecondition)
		e.wantBody(id, []byte("body"))
		e.wantUsage(c, 1, 4)
		info, err := e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{IfDeleteAt: deleteAt})
		e.ok(err)
		if e.g.WholeAnswers {
			e.wantEqual("DeleteAt of what was deleted", info.DeleteAt, deleteAt)
		}
		e.wantAbsent(id)
		e.wantUsage(c, 0, 0)
	}
	_, err := e.s.DeleteObject(e.ctx, c.Object("never"), objstore.DeleteOptions{IfDeleteAt: 1})
	e.wantKind(err, objstore.KindNotFound)
}

// A deletion older than the object, or than the object's POST, is refused.
func testDeleteTimestamp(e *env) {
	c := e.container("c")
	id := c.Object("o")
	created := e.put(id, []byte("body"), objstore.PutOptions{}).Created
	posted, err := e.s.PostObject(e.ctx, id, objstore.PostOptions{})
	e.ok(err)
	late := []objstore.Timestamp{1, created}
	if e.g.CompareAtCommit {
		late = append(late, posted.Modified)
	}
	for _, t := range late {
		_, err := e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{Timestamp: t})
		e.wantKind(err, objstore.KindConflict)
		e.wantBody(id, []byte("body"))
	}
	_, err = e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{Timestamp: posted.Modified + 1})
	e.ok(err)
	e.wantAbsent(id)
	_, err = e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{Timestamp: posted.Modified + 2})
	e.wantKind(err, objstore.KindNotFound)
}
