// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"testing"

	"needletail/objstore"
)

// makeBody returns size bytes of seed, the same bytes each time.
func makeBody(seed uint64, size int64) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	body := make([]byte, size)
	rand.NewChaCha8(key).Read(body)
	return body
}

func etagOf(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// countingReader counts the bytes taken from it.
type countingReader struct {
	r     io.Reader
	bytes int64
	calls int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.calls++
	c.bytes += int64(n)
	return n, err
}

// failingReader gives body and then err.
func failingReader(body []byte, err error) io.Reader {
	return io.MultiReader(bytes.NewReader(body), errorReader{err})
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// hookReader calls hook before the first Read.
type hookReader struct {
	r    io.Reader
	hook func()
}

func (h *hookReader) Read(p []byte) (int, error) {
	if h.hook != nil {
		h.hook()
		h.hook = nil
	}
	return h.r.Read(p)
}

// put stores body with its true length stated.
func (e *env) put(id objstore.ObjectID, body []byte, opts objstore.PutOptions) objstore.ObjectInfo {
	e.Helper()
	opts.SizeBytes = int64(len(body))
	info, err := e.s.PutObject(e.ctx, id, bytes.NewReader(body), opts)
	e.ok(err)
	return info
}

func (e *env) head(id objstore.ObjectID) objstore.ObjectInfo {
	e.Helper()
	info, err := e.s.HeadObject(e.ctx, id, objstore.OpenOptions{})
	e.ok(err)
	return info
}

// wantBody checks that an object is there with exactly this body.
func (e *env) wantBody(id objstore.ObjectID, want []byte) {
	e.Helper()
	info, got := readObject(e, e.s, id)
	if !bytes.Equal(got, want) {
		e.Fatalf("%v: a body of %d bytes is not the one of %d that was stored", id, len(got), len(want))
	}
	e.wantEqual("etag", info.ETag, etagOf(want))
	e.wantEqual("size", info.SizeBytes, int64(len(want)))
}

func (e *env) wantAbsent(id objstore.ObjectID) {
	e.Helper()
	_, err := e.s.HeadObject(e.ctx, id, objstore.OpenOptions{AllowExpired: true})
	e.wantKind(err, objstore.KindNotFound)
	_, err = e.s.OpenObject(e.ctx, id, objstore.OpenOptions{AllowExpired: true})
	e.wantKind(err, objstore.KindNotFound)
}

func readObject(t testing.TB, s objstore.Store, id objstore.ObjectID) (objstore.ObjectInfo, []byte) {
	t.Helper()
	obj, err := s.OpenObject(context.Background(), id, objstore.OpenOptions{AllowExpired: true})
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Close()
	body, err := io.ReadAll(obj.Range(0, obj.Info().SizeBytes))
	if err != nil {
		t.Fatalf("read %v: %v", id, err)
	}
	return *obj.Info(), body
}
