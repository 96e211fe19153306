// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"

	"needletail/objstore"
)

// testPutFinish asks that Finish sees the body's sums, and that the values of
// Finish are stored, for a short body and for a long body.
func testPutFinish(e *env) {
	c := e.container("c")
	for name, size := range map[objstore.ObjectName]int64{"empty": 0, "short": 100, "long": 300_000} {
		id, body := c.Object(name), makeBody(3, size)
		calls := 0
		info := e.put(id, body, objstore.PutOptions{
			ContentType: "a/b", Metadata: metadata("X-Object-Meta-A", "1"),
			Finish: func(i *objstore.ObjectInfo) error {
				calls++
				if i.SizeBytes != size || i.ETag != etagOf(body) || i.ContentType != "a/b" || i.Metadata.Get("X-Object-Meta-A") != "1" {
					e.Errorf("%s: Finish sees %+v", name, *i)
				}
				i.Metadata.Set("X-Object-Sysmeta-Of", i.ETag)
				i.Listing.ETag = "shown"
				return nil
			},
		})
		e.wantEqual("calls", calls, 1)
		e.wantMetadata(info.Metadata, "X-Object-Meta-A", "1", "X-Object-Sysmeta-Of", etagOf(body))
		e.wantInfo(e.head(id), info)
		e.wantEqual("listed", e.head(id).Listing.ETag, "shown")
		e.wantBody(id, body)

		cause := errors.New("no")
		_, err := e.s.PutObject(e.ctx, id, bytes.NewReader(nil), objstore.PutOptions{SizeBytes: -1,
			Finish: func(*objstore.ObjectInfo) error { return cause }})
		e.wantKind(err, objstore.KindInternal)
		e.wantEqual("the cause is there", errors.Is(err, cause), true)
		e.wantInfo(e.head(id), info)
	}
	_, err := e.s.PutObject(e.ctx, c.Object("unlike"), bytes.NewReader([]byte("x")), objstore.PutOptions{
		SizeBytes: 1, ETag: etagOf([]byte("y")), Finish: func(*objstore.ObjectInfo) error {
			e.Error("Finish is called for a body of the wrong ETag")
			return nil
		}})
	e.wantKind(err, objstore.KindETagMismatch)
}

// testPutAnyETag asks for a stable ETag of 32 hex digits, and for everything
// else as ever.
func testPutAnyETag(e *env) {
	c := e.container("c")
	for name, size := range map[objstore.ObjectName]int64{"empty": 0, "short": 100, "long": 300_000} {
		id, body := c.Object(name), makeBody(3, size)
		info, err := e.s.PutObject(e.ctx, id, bytes.NewReader(body), objstore.PutOptions{SizeBytes: size, AnyETag: true})
		e.ok(err)
		if digits, err := hex.DecodeString(info.ETag); err != nil || len(digits) != 16 {
			e.Errorf("%s: ETag %q", name, info.ETag)
		}
		e.wantInfo(e.head(id), info)
		obj, err := e.s.OpenObject(e.ctx, id, objstore.OpenOptions{})
		e.ok(err)
		e.wantInfo(*obj.Info(), info)
		got, err := io.ReadAll(obj.Range(0, size))
		e.ok(err)
		e.ok(obj.Close())
		e.wantEqual("the body is the same", bytes.Equal(got, body), true)
	}
}
