// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"

	"needletail/objstore"
)

// testRanges compares ranges with slices, around every edge of blocks of 4 KiB
// to 1 MiB.
func testRanges(e *env) {
	c := e.container("c")
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int64{0, 1, 2, 511, 4095, 4096, 4097, 16384, 32769, 65535, 65536, 65537,
		131072, 262143, 300_000, 1<<20 - 1, 1 << 20, 1<<20 + 1, 2<<20 + 17, 3 << 20} {
		body, id := makeBody(uint64(size), size), c.Object("o")
		e.put(id, body, objstore.PutOptions{})
		obj, err := e.s.OpenObject(e.ctx, id, objstore.OpenOptions{})
		e.ok(err)
		for _, offset := range edges(size, rng) {
			rest := size - offset
			for _, length := range []int64{0, 1, 2, 511, 4096, 65536, 65537, rng.Int64N(rest + 1), rest} {
				if length <= rest {
					e.wantRange(obj, body, offset, length)
				}
			}
		}
		e.ok(obj.Close())
	}
}

// edges returns offsets within a body of the given size, its end included.
func edges(size int64, rng *rand.Rand) []int64 {
	offsets := []int64{0, size}
	for _, block := range []int64{512, 4096, 32768, 65536, 131072, 262144, 1 << 20, 2 << 20} {
		offsets = append(offsets, block-1, block, block+1)
	}
	offsets = append(offsets, size-1, size-4096, size/2, rng.Int64N(size+1), rng.Int64N(size+1))
	offsets = slices.DeleteFunc(offsets, func(o int64) bool { return o < 0 || o > size })
	slices.Sort(offsets)
	return slices.Compact(offsets)
}

// wantRange reads a range with Read, in pieces of odd length, and with the
// WriterTo found by io.Copy.
func (e *env) wantRange(obj objstore.Object, body []byte, offset, length int64) {
	e.Helper()
	want := body[offset : offset+length]
	var copied bytes.Buffer
	if _, err := io.Copy(&copied, obj.Range(offset, length)); err != nil {
		e.Fatalf("copy %d+%d of %d: %v", offset, length, len(body), err)
	}
	if !bytes.Equal(copied.Bytes(), want) {
		e.Fatalf("copy %d+%d of %d: other bytes", offset, length, len(body))
	}
	read := make([]byte, 0, length)
	piece, r := make([]byte, 4093), obj.Range(offset, length)
	for {
		n, err := r.Read(piece)
		read = append(read, piece[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil || int64(len(read)) > length {
			e.Fatalf("read %d+%d of %d: %d bytes, then %v", offset, length, len(body), len(read), err)
		}
	}
	if !bytes.Equal(read, want) {
		e.Fatalf("read %d+%d of %d: other bytes", offset, length, len(body))
	}
}

// testOpenSurvives reads open versions after newer writes.
func testOpenSurvives(e *env) {
	c := e.container("c")
	for _, size := range bodySizes {
		body, id := makeBody(8, size), c.Object("o")
		written := e.put(id, body, objstore.PutOptions{ContentType: "v/1"})
		open := func() objstore.Object {
			obj, err := e.s.OpenObject(e.ctx, id, objstore.OpenOptions{})
			e.ok(err)
			return obj
		}
		check := func(obj objstore.Object, want []byte) {
			e.Helper()
			if !e.g.StableObjects {
				e.wantUnmixed(obj, want)
				return
			}
			e.wantRange(obj, want, 0, int64(len(want)))
			e.wantRange(obj, want, int64(len(want))/2, int64(len(want))-int64(len(want))/2)
		}
		first := open()
		second := makeBody(9, size+1)
		e.put(id, second, objstore.PutOptions{})
		check(first, body)
		e.wantInfo(*first.Info(), written)
		third := open()
		_, err := e.s.PostObject(e.ctx, id, objstore.PostOptions{ContentType: "posted"})
		e.ok(err)
		check(third, second)
		_, err = e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
		e.ok(err)
		e.wantListed(c, 0)
		e.ok(e.s.DeleteContainer(e.ctx, c))
		check(first, body)
		check(third, second)
		e.ok(first.Close())
		e.ok(third.Close())
		e.container("c")
		e.wantAbsent(id)
	}
}

// wantUnmixed reads an object that may have been replaced: the result is the
// whole of the opened version, or a part and an error.
func (e *env) wantUnmixed(obj objstore.Object, want []byte) {
	e.Helper()
	got, err := io.ReadAll(obj.Range(0, int64(len(want))))
	switch {
	case err == nil && !bytes.Equal(got, want), !bytes.HasPrefix(want, got):
		e.Fatalf("%d bytes of another version", len(got))
	case err != nil:
		e.wantKind(err, objstore.KindUnavailable)
	}
}
