// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"slices"
	"testing/iotest"
	"time"

	"needletail/objstore"
)

// wantInfo compares two values of an object; both may hold nil for empty.
func (e *env) wantInfo(got, want objstore.ObjectInfo) {
	e.Helper()
	if !sameInfo(got, want) {
		e.Errorf("info %+v, want %+v", got, want)
	}
}

func sameInfo(a, b objstore.ObjectInfo) bool {
	size := func(i objstore.ObjectInfo) int64 {
		if i.Listing.SizeBytes == nil {
			return -1
		}
		return *i.Listing.SizeBytes
	}
	return a.Created == b.Created && a.Modified == b.Modified && a.SizeBytes == b.SizeBytes &&
		a.ETag == b.ETag && a.SHA512 == b.SHA512 && a.ContentType == b.ContentType &&
		a.DeleteAt == b.DeleteAt && slices.Equal(a.Metadata, b.Metadata) &&
		a.Listing.ETag == b.Listing.ETag && size(a) == size(b) &&
		a.Listing.ContentType == b.Listing.ContentType && slices.Equal(a.Listing.Extra, b.Listing.Extra)
}

func farFuture() int64 { return time.Now().Unix() + 1_000_000 }

func testPut(e *env) {
	id := e.container("c").Object("o")
	shown := int64(12345)
	opts := objstore.PutOptions{
		ContentType: "text/plain; charset=UTF-8",
		Metadata:    metadata("X-Object-Meta-A", "1", "Content-Encoding", "gzip", "X-Object-Sysmeta-S", "\x80"),
		DeleteAt:    farFuture(),
		Listing: objstore.ListingOverride{ETag: "abc", SizeBytes: &shown, ContentType: "x/y",
			Extra: metadata("slo_etag", `"q"`)},
	}
	body := makeBody(1, 5000)
	info := e.put(id, body, opts)
	if info.Created == 0 {
		e.Error("an object without a time")
	}
	e.wantInfo(info, objstore.ObjectInfo{
		Created: info.Created, Modified: info.Created, SizeBytes: 5000, ETag: etagOf(body),
		ContentType: opts.ContentType, Metadata: opts.Metadata, DeleteAt: opts.DeleteAt, Listing: opts.Listing,
	})
	e.wantInfo(e.head(id), info)
	obj, err := e.s.OpenObject(e.ctx, id, objstore.OpenOptions{})
	e.ok(err)
	e.wantInfo(*obj.Info(), info)
	e.ok(obj.Close())
	e.wantBody(id, body)
	e.wantUsage(id.ContainerID(), 1, 5000)

	again := e.put(id, []byte("short"), objstore.PutOptions{ContentType: "a/b"})
	if again.Created <= info.Created {
		e.Errorf("created %v after overwriting, %v before", again.Created, info.Created)
	}
	e.wantInfo(again, objstore.ObjectInfo{Created: again.Created, Modified: again.Created,
		SizeBytes: 5, ETag: etagOf([]byte("short")), ContentType: "a/b"})
	e.wantBody(id, []byte("short"))
	e.wantUsage(id.ContainerID(), 1, 5)
}

func testPutOwnsItsArguments(e *env) {
	id := e.container("c").Object("o")
	m, extra, shown := metadata("X-Object-Meta-A", "1"), metadata("slo_etag", `"v"`), int64(7)
	info := e.put(id, []byte("x"), objstore.PutOptions{Metadata: m,
		Listing: objstore.ListingOverride{Extra: extra, SizeBytes: &shown}})
	m[0].Value, extra[0].Value, shown = "caller's", "caller's", 9
	info.Metadata[0].Value = "caller's"
	*info.Listing.SizeBytes = 9
	got := e.head(id)
	e.wantMetadata(got.Metadata, "X-Object-Meta-A", "1")
	e.wantMetadata(got.Listing.Extra, "slo_etag", `"v"`)
	e.wantEqual("listed size", *got.Listing.SizeBytes, int64(7))
}

// testPutUnreadBody asks for the errors known before the first Read.
func testPutUnreadBody(e *env) {
	c := e.container("c")
	old := e.put(c.Object("old"), []byte("old"), objstore.PutOptions{})
	refused := func(id objstore.ObjectID, opts objstore.PutOptions, want objstore.Kind) {
		e.Helper()
		body := &countingReader{r: bytes.NewReader(make([]byte, 100))}
		_, err := e.s.PutObject(e.ctx, id, body, opts)
		e.wantKind(err, want)
		e.wantEqual("reads", body.calls, 0)
	}
	missing := objstore.ObjectID{Account: testAccount, Container: "missing", Object: "o"}
	refused(missing, objstore.PutOptions{SizeBytes: 100}, objstore.KindContainerNotFound)
	missing.Account = "AUTH_missing"
	refused(missing, objstore.PutOptions{SizeBytes: -1}, objstore.KindContainerNotFound)
	refused(c.Object("old"), objstore.PutOptions{SizeBytes: 100, IfNoneMatch: true}, objstore.KindPrecondition)
	refused(c.Object("new"), objstore.PutOptions{SizeBytes: 100, MaxBytes: 99}, objstore.KindTooLarge)
	refused(c.Object("old"), objstore.PutOptions{SizeBytes: 100, Timestamp: old.Created}, objstore.KindConflict)
	refused(c.Object("new"), objstore.PutOptions{SizeBytes: -2}, objstore.KindInvalid)
	e.wantBody(c.Object("old"), []byte("old"))
	e.wantAbsent(c.Object("new"))
	e.wantUsage(c, 1, 3)
}

func testPutIfNoneMatch(e *env) {
	c := e.container("c")
	id := c.Object("o")
	e.put(id, []byte("1"), objstore.PutOptions{IfNoneMatch: true})
	_, err := e.s.PutObject(e.ctx, id, bytes.NewReader([]byte("2")), objstore.PutOptions{SizeBytes: 1, IfNoneMatch: true})
	e.wantKind(err, objstore.KindPrecondition)
	e.wantBody(id, []byte("1"))
	_, err = e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
	e.ok(err)
	e.put(id, []byte("33"), objstore.PutOptions{IfNoneMatch: true})
	e.wantUsage(c, 1, 2)

	e.put(id, []byte("expired"), objstore.PutOptions{DeleteAt: e.soon()})
	e.expire(id)
	e.put(id, []byte("4444"), objstore.PutOptions{IfNoneMatch: true})
	e.wantBody(id, []byte("4444"))
	e.wantUsage(c, 1, 4)
}

// testPutChecksAgainAtCommit changes the world while the body is read.
func testPutChecksAgainAtCommit(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		putDuring := func(name objstore.ObjectName, opts objstore.PutOptions, hook func(objstore.ObjectID)) error {
			id := c.Object(name)
			opts.SizeBytes = -1 // with a stated 0 the body would not be read
			_, err := e.s.PutObject(e.ctx, id, &hookReader{
				r: bytes.NewReader(makeBody(9, size)), hook: func() { hook(id) }}, opts)
			return err
		}
		first := func(id objstore.ObjectID) { e.put(id, []byte("first"), objstore.PutOptions{}) }
		err := putDuring("inm", objstore.PutOptions{IfNoneMatch: true}, first)
		e.wantLost(err, objstore.KindPrecondition)
		e.wantBody(c.Object("inm"), []byte("first"))
		err = putDuring("old", objstore.PutOptions{Timestamp: 1000}, first)
		e.wantLost(err, objstore.KindConflict)
		e.wantBody(c.Object("old"), []byte("first"))
		e.wantUsage(c, 2, 10)
		for _, name := range []objstore.ObjectName{"inm", "old"} {
			_, err := e.s.DeleteObject(e.ctx, c.Object(name), objstore.DeleteOptions{})
			e.ok(err)
		}
		e.wantUsage(c, 0, 0)
		err = putDuring("gone", objstore.PutOptions{}, func(objstore.ObjectID) { e.ok(e.s.DeleteContainer(e.ctx, c)) })
		e.wantLost(err, objstore.KindContainerNotFound)
		if !e.g.CompareAtCommit {
			return // the object may be in the container that is gone
		}
		e.container("c")
		e.wantAbsent(c.Object("gone"))
		e.wantUsage(c, 0, 0)
	}
}

// wantLost checks the end of a write that another write overtook. Without the
// promise to compare at the commit the write may succeed, and is replaced.
func (e *env) wantLost(err error, want objstore.Kind) {
	e.Helper()
	if err == nil && !e.g.CompareAtCommit {
		return
	}
	e.wantKind(err, want)
}

func testPutETag(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		body, id := makeBody(2, size), c.Object("o")
		e.put(id, body, objstore.PutOptions{ETag: etagOf(body)})
		for _, name := range []objstore.ObjectName{"o", "new"} {
			_, err := e.s.PutObject(e.ctx, c.Object(name), bytes.NewReader(body),
				objstore.PutOptions{SizeBytes: size, ETag: etagOf([]byte("another"))})
			e.wantKind(err, objstore.KindETagMismatch)
		}
		e.wantBody(id, body)
		e.wantAbsent(c.Object("new"))
		e.wantUsage(c, 1, size)
	}
}

func testPutTimestamp(e *env) {
	id := e.container("c").Object("o")
	put := func(body string, at objstore.Timestamp) error {
		_, err := e.s.PutObject(e.ctx, id, bytes.NewReader([]byte(body)),
			objstore.PutOptions{SizeBytes: int64(len(body)), Timestamp: at})
		return err
	}
	e.ok(put("1000", 1000))
	e.wantEqual("created", e.head(id).Created, objstore.Timestamp(1000))
	e.wantKind(put("999", 999), objstore.KindConflict)
	e.wantKind(put("the same", 1000), objstore.KindConflict)
	e.wantBody(id, []byte("1000"))
	e.ok(put("1001", 1001))
	e.wantBody(id, []byte("1001"))
	posted, err := e.s.PostObject(e.ctx, id, objstore.PostOptions{})
	e.ok(err)
	if e.g.WholeAnswers {
		e.wantEqual("created", posted.Created, objstore.Timestamp(1001))
	}
	if e.g.CompareAtCommit {
		e.wantKind(put("before the POST", posted.Modified-1), objstore.KindConflict)
	}
	e.ok(put("after the POST", posted.Modified+1))
	e.wantUsage(id.ContainerID(), 1, int64(len("after the POST")))
}

// testPutTimestampOffset is for stores whose timestamps have an offset, and for
// the others, which refuse one.
func testPutTimestampOffset(e *env) {
	id := e.container("c").Object("o")
	put := func(body string, at objstore.Timestamp, offset uint64) error {
		_, err := e.s.PutObject(e.ctx, id, bytes.NewReader([]byte(body)),
			objstore.PutOptions{SizeBytes: int64(len(body)), Timestamp: at, TimestampOffset: offset})
		return err
	}
	if !e.s.Guarantees().SwiftLayout {
		e.wantKind(put("offset", 1000, 1), objstore.KindInvalid)
		e.wantAbsent(id)
		return
	}
	e.wantKind(put("an offset alone", 0, 1), objstore.KindInvalid)
	e.ok(put("1000", 1000, 0))
	e.ok(put("1000_1", 1000, 1))
	e.wantKind(put("1000 again", 1000, 0), objstore.KindConflict)
	e.wantKind(put("1000_1 again", 1000, 1), objstore.KindConflict)
	e.wantBody(id, []byte("1000_1"))
	e.wantEqual("created", e.head(id).Created, objstore.Timestamp(1000))
	e.ok(put("1001", 1001, 0))
	e.wantBody(id, []byte("1001"))
}

func testSHA512(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		body, id := makeBody(3, size), c.Object("o")
		sum := sha512.Sum512(body)
		want := hex.EncodeToString(sum[:])
		info, err := e.s.PutObject(e.ctx, id, iotest.HalfReader(bytes.NewReader(body)),
			objstore.PutOptions{SizeBytes: -1, SHA512: true})
		e.ok(err)
		e.wantEqual("sha512", info.SHA512, want)
		e.wantEqual("sha512 of HEAD", e.head(id).SHA512, want)
		_, err = e.s.PostObject(e.ctx, id, objstore.PostOptions{})
		e.ok(err)
		e.wantEqual("sha512 after POST", e.head(id).SHA512, want)
		e.put(id, body, objstore.PutOptions{})
		e.wantEqual("sha512 not asked for", e.head(id).SHA512, "")
	}
}
