// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"sync"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/meta"
)

// buffer has room for the longest inline body and one byte more.
type buffer struct{ bytes []byte }

var buffers sync.Pool

// getBuffer returns a buffer from the pool, or a new buffer if the pool is empty
// or the buffers are too short: stores with different limits share the pool.
func (e *Engine) getBuffer() *buffer {
	b, _ := buffers.Get().(*buffer)
	if b == nil || len(b.bytes) <= e.opts.InlineMaxBytes {
		b = &buffer{make([]byte, e.opts.InlineMaxBytes+1)}
	}
	return b
}

func (e *Engine) putBuffer(b *buffer) { buffers.Put(b) }

// digest sets size, ETag and checksums of a body in memory.
func (p *upload) digest(body []byte) {
	var sum [md5.Size]byte
	if p.opts.AnyETag {
		rand.Read(sum[:])
	} else {
		sum = md5.Sum(body)
	}
	p.row.Info.SizeBytes = int64(len(body))
	p.row.Info.ETag = hex.EncodeToString(sum[:])
	p.row.Checksum = checksum.Block(body)
	if p.opts.SHA512 {
		sum := sha512.Sum512(body)
		p.row.Info.SHA512 = hex.EncodeToString(sum[:])
	}
}

// inlineObject is an open object with an inline body that was checked. Readers
// must not write to body.
type inlineObject struct {
	info objstore.ObjectInfo
	body []byte
	buf  *buffer // holds body; nil: body is in the cache (hot)
	once sync.Once
	e    *Engine
}

func (o *inlineObject) Info() *objstore.ObjectInfo { return &o.info }

// Range returns a reader for a part of the body. A part beyond the end is cut.
func (o *inlineObject) Range(offset, length int64) io.Reader {
	size := int64(len(o.body))
	offset = min(max(offset, 0), size)
	return bytes.NewReader(o.body[offset : offset+min(max(length, 0), size-offset)])
}

// Close gives the buffer back. Calls after the first do nothing, because the
// buffer may belong to a different object by then.
func (o *inlineObject) Close() error {
	if o.buf != nil {
		o.once.Do(func() { o.e.putBuffer(o.buf) })
	}
	return nil
}

// openInline reads and checks an inline body. found is false if the body is
// gone, because the object was replaced since the row was read.
func (e *Engine) openInline(row *meta.ObjectRow) (obj objstore.Object, found bool, err error) {
	buf := e.getBuffer()
	body, found, err := e.db.Inline(row.ID, buf.bytes[:0])
	if err == nil && found && (int64(len(body)) != row.Info.SizeBytes || checksum.Block(body) != row.Checksum) {
		err = fmt.Errorf("%w: an inline body does not match its checksum", meta.ErrCorrupt)
	}
	if err != nil || !found {
		e.putBuffer(buf)
		return nil, found, err
	}
	return &inlineObject{info: row.Info, body: body, buf: buf, e: e}, true, nil
}
