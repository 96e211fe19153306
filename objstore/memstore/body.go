// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"needletail/objstore"
)

// bodyReader remembers the error of the client's reader, to tell the error from
// errors of the store.
type bodyReader struct {
	r   io.Reader
	err error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

var errOffset = errors.New("an offset needs a timestamp, and a store whose timestamps have one")

// checkStated refuses a PUT whose stated length or time alone is wrong.
func (s *Store) checkStated(c call, o objstore.PutOptions) error {
	if o.SizeBytes < -1 || o.MaxBytes < 0 {
		return c.fail(objstore.KindInvalid, errors.New("a negative size"))
	}
	if o.TimestampOffset != 0 && (!s.promises.SwiftLayout || o.Timestamp == 0) {
		return c.fail(objstore.KindInvalid, errOffset)
	}
	if err := s.checkDeleteAt(c, o.DeleteAt, o.Timestamp); err != nil {
		return err
	}
	if o.MaxBytes > 0 && o.SizeBytes > o.MaxBytes {
		return c.fail(objstore.KindTooLarge, nil)
	}
	return nil
}

// readBody reads the whole body and returns an object with digests and nothing
// else.
func (c call) readBody(body io.Reader, o objstore.PutOptions) (*object, error) {
	src := &bodyReader{r: body}
	var limited io.Reader = src
	switch {
	case o.SizeBytes >= 0:
		limited = io.LimitReader(src, o.SizeBytes)
	case o.MaxBytes > 0:
		limited = io.LimitReader(src, o.MaxBytes+1)
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(limited); err != nil || src.err != nil {
		return nil, c.fail(objstore.KindBody, src.err)
	}
	size := int64(buf.Len())
	if size < o.SizeBytes {
		return nil, c.fail(objstore.KindShortBody, fmt.Errorf("%d of %d bytes", size, o.SizeBytes))
	}
	if o.MaxBytes > 0 && size > o.MaxBytes {
		return nil, c.fail(objstore.KindTooLarge, nil)
	}
	digest := md5.Sum(buf.Bytes())
	obj := &object{body: buf.Bytes(), info: objstore.ObjectInfo{
		SizeBytes: size, ETag: hex.EncodeToString(digest[:]),
	}}
	if o.ETag != "" && o.ETag != obj.info.ETag {
		return nil, c.fail(objstore.KindETagMismatch, nil)
	}
	if o.SHA512 {
		sum := sha512.Sum512(obj.body)
		obj.info.SHA512 = hex.EncodeToString(sum[:])
	}
	return obj, nil
}
