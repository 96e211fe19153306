// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// openBody stores body and opens it.
func openBody(t *testing.T, body []byte) *Reader {
	d, id := openDevice(t), device.NewID()
	require.NoError(t, store(t, d, id, bytes.NewReader(body), WriterOptions{SizeHintBytes: int64(len(body))}))
	r, err := Open(d, id)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func TestRangesEqualASlice(t *testing.T) {
	rng := newRand(t)
	body := randomBytes(rng, 5*checksum.BlockBytes+1234)
	r := openBody(t, body)
	for i := range 200 {
		off, length := rng.IntN(len(body)+1), rng.IntN(len(body)+1)
		want := body[off:min(off+length, len(body))]
		x := r.Range(int64(off), int64(length))
		if i%2 == 0 {
			x = struct{ io.Reader }{x} // without WriteTo
		}
		var got bytes.Buffer
		_, err := io.CopyBuffer(struct{ io.Writer }{&got}, x, make([]byte, 1+rng.IntN(100_000)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got.Bytes()), "[%d,+%d)", off, length)
	}
	require.NoError(t, iotest.TestReader(r.Range(100, 300_000), body[100:300_100]))
}

func TestRangesAreCutToTheBody(t *testing.T) {
	body := []byte("0123456789")
	r := openBody(t, body)
	for _, c := range []struct {
		off, length int64
		want        string
	}{{0, 10, "0123456789"}, {0, 11, "0123456789"}, {9, 1 << 62, "9"}, {10, 1, ""}, {11, 1, ""}, {-5, 2, "01"}, {3, 0, ""}, {3, -1, ""}} {
		got, err := io.ReadAll(r.Range(c.off, c.length))
		require.NoError(t, err)
		require.Equal(t, c.want, string(got), "[%d,+%d)", c.off, c.length)
	}
}

func TestRangesSideBySide(t *testing.T) {
	body := randomBytes(newRand(t), 3*checksum.BlockBytes)
	r := openBody(t, body)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			off := int64(i * 1000)
			got, err := io.ReadAll(r.Range(off, r.SizeBytes()))
			if err != nil || !bytes.Equal(got, body[off:]) {
				t.Errorf("range from %d: %d bytes, %v", off, len(got), err)
			}
		})
	}
	wg.Wait()
}

// limitedWriter takes n bytes and then fails.
type limitedWriter struct{ n int }

var errWriterFull = errors.New("writer is full")

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.n)
	w.n -= n
	if n < len(p) {
		return n, errWriterFull
	}
	return n, nil
}

// A range goes on where a failed writer stopped.
func TestWriteToReportsTheWritersError(t *testing.T) {
	body := randomBytes(newRand(t), 3*checksum.BlockBytes)
	r := openBody(t, body)
	const taken = checksum.BlockBytes + 77
	x := r.Range(0, r.SizeBytes())
	n, err := x.(io.WriterTo).WriteTo(&limitedWriter{taken})
	require.ErrorIs(t, err, errWriterFull)
	require.EqualValues(t, taken, n)
	rest, err := io.ReadAll(x)
	require.NoError(t, err)
	require.True(t, bytes.Equal(body[taken:], rest))
}

func TestReadsAllocateNothingPerBlock(t *testing.T) {
	r := openBody(t, make([]byte, 64*checksum.BlockBytes))
	allocs := testing.AllocsPerRun(20, func() {
		if _, err := io.Copy(io.Discard, r.Range(0, r.SizeBytes())); err != nil {
			t.Fatal(err)
		}
	})
	require.Less(t, allocs, 4.0, "32 fills")
}
