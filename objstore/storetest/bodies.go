// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing/iotest"

	"needletail/objstore"
)

// bodySizes are lengths on both sides of every threshold of a store: nothing, a
// body beside the row, a single block of a file, several blocks.
var bodySizes = []int64{0, 1, 4096, 65536, 300_000, 1<<20 + 1}

// LargeSizes are lengths around the limits of blocks, for RunRandom.
var LargeSizes = []int64{
	1<<14 - 1, 1 << 14, 1<<15 + 1, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1<<17 + 1,
	1<<18 - 1, 1 << 18, 1<<19 + 1, 1<<20 - 1, 1 << 20, 1<<20 + 1,
}

func testBodyLength(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		body, id := makeBody(4, size), c.Object("o")
		old := e.put(id, []byte("old"), objstore.PutOptions{})
		fails := func(given int64, opts objstore.PutOptions, want objstore.Kind) {
			e.Helper()
			_, err := e.s.PutObject(e.ctx, id, bytes.NewReader(makeBody(4, given)), opts)
			e.wantKind(err, want)
			e.wantInfo(e.head(id), old)
			e.wantBody(id, []byte("old"))
			e.wantUsage(c, 1, 3)
		}
		fails(size, objstore.PutOptions{SizeBytes: size + 1}, objstore.KindShortBody)
		fails(size, objstore.PutOptions{SizeBytes: size + 1<<20}, objstore.KindShortBody)
		fails(size+2, objstore.PutOptions{SizeBytes: size + 2, MaxBytes: max(size, 1)}, objstore.KindTooLarge)
		if size > 0 {
			fails(size+1, objstore.PutOptions{SizeBytes: -1, MaxBytes: size}, objstore.KindTooLarge)
			fails(size+1<<20, objstore.PutOptions{SizeBytes: -1, MaxBytes: size}, objstore.KindTooLarge)
		}

		for _, opts := range []objstore.PutOptions{
			{SizeBytes: -1}, {SizeBytes: -1, MaxBytes: size}, {SizeBytes: -1, MaxBytes: size + 1},
			{SizeBytes: size, MaxBytes: size}, {SizeBytes: size, MaxBytes: size + 1},
		} {
			_, err := e.s.PutObject(e.ctx, id, bytes.NewReader(body), opts)
			e.ok(err)
			e.wantBody(id, body)
			e.wantUsage(c, 1, size)
		}
		longer := &countingReader{r: bytes.NewReader(append(body, "the next request"...))}
		_, err := e.s.PutObject(e.ctx, id, longer, objstore.PutOptions{SizeBytes: size})
		e.ok(err)
		e.wantEqual("bytes taken of a longer body", longer.bytes, size)
		e.wantBody(id, body)
	}
}

func testBodyReaders(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		if size > 1<<19 {
			continue // one byte at a time would take long
		}
		body := makeBody(5, size)
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"one byte a read":       iotest.OneByteReader,
			"half of what is asked": iotest.HalfReader,
			"EOF with the last":     iotest.DataErrReader,
			"empty reads":           func(r io.Reader) io.Reader { return &emptyReads{r: r} },
		} {
			for _, stated := range []int64{size, -1} {
				_, err := e.s.PutObject(e.ctx, c.Object("o"), wrap(bytes.NewReader(body)),
					objstore.PutOptions{SizeBytes: stated, ETag: etagOf(body)})
				if err != nil {
					e.Errorf("%s, %d bytes: %v", name, size, err)
				}
				e.wantBody(c.Object("o"), body)
			}
		}
	}
}

// emptyReads gives no bytes and no error at every second call, as io.Reader
// allows.
type emptyReads struct {
	r    io.Reader
	full bool
}

func (r *emptyReads) Read(p []byte) (int, error) {
	r.full = !r.full
	if r.full {
		return 0, nil
	}
	return r.r.Read(p)
}

var errReader = errors.New("the client went away")

func testBodyFails(e *env) {
	c := e.container("c")
	old := makeBody(6, 70_000)
	e.put(c.Object("old"), old, objstore.PutOptions{})
	for _, size := range bodySizes {
		body := makeBody(7, size)
		for _, cause := range []error{errReader, io.ErrUnexpectedEOF} {
			for _, stated := range []int64{-1, size + 1, size + 1<<20} {
				for _, name := range []objstore.ObjectName{"old", "new"} {
					_, err := e.s.PutObject(e.ctx, c.Object(name), failingReader(body, cause),
						objstore.PutOptions{SizeBytes: stated})
					e.wantKind(err, objstore.KindBody)
					if !errors.Is(err, cause) {
						e.Errorf("%v does not hold its cause %v", err, cause)
					}
				}
			}
		}
		e.wantBody(c.Object("old"), old)
		e.wantAbsent(c.Object("new"))
		e.wantUsage(c, 1, int64(len(old)))
	}
}

func testSizes(e *env) {
	c := e.container("c")
	sizes := append(slices.Clone(bodySizes), LargeSizes...)
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	var objects, bytes int64
	for _, size := range sizes {
		body := makeBody(uint64(size), size)
		e.put(c.Object("overwritten"), body, objstore.PutOptions{})
		e.wantBody(c.Object("overwritten"), body)
		id := c.Object(objstore.ObjectName(etagOf(body)))
		e.put(id, body, objstore.PutOptions{})
		objects, bytes = objects+1, bytes+size
		e.wantUsage(c, objects+1, bytes+size)
	}
	for _, size := range sizes {
		body := makeBody(uint64(size), size)
		id := c.Object(objstore.ObjectName(etagOf(body)))
		e.wantBody(id, body)
		info, err := e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
		e.ok(err)
		if e.g.WholeAnswers {
			e.wantEqual("size of what was deleted", info.SizeBytes, size)
		}
	}
	e.wantUsage(c, 1, 1<<20+1)
}
