// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// newRand is a generator whose seed is printed if the test fails.
func newRand(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomBytes(rng *rand.Rand, n int) []byte {
	p := make([]byte, 0, n+8)
	for len(p) < n {
		p = binary.LittleEndian.AppendUint64(p, rng.Uint64())
	}
	return p[:n]
}

// openDevice opens a device on the real disk.
func openDevice(t testing.TB) *device.Device {
	d, err := device.Open(vfs.Default, t.TempDir(), device.Options{})
	require.NoError(t, err)
	return d
}

// memFS is a file system in memory that can crash and has a terabyte free.
func memFS() *vfs.MemFS {
	fs := vfs.NewCrashableMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40})
	return fs
}

// sampleFooter has a value in every field, some of them no text.
func sampleFooter() Footer {
	listingSize := int64(77)
	return Footer{
		Object: objstore.ObjectID{Account: "AUTH_ä", Container: "c c", Object: "a/../b\xff\n"},
		Policy: 3,
		Info: objstore.ObjectInfo{
			Created: 140246467704188, Modified: 140246467704199, DeleteAt: 1800000000,
			ContentType: "text/plain; charset=utf-8",
			Metadata:    objstore.Metadata{{Name: "X-Object-Meta-Color", Value: "grün\x01"}, {Name: "X-Object-Sysmeta-A"}},
			Listing: objstore.ListingOverride{
				ETag: "etag", SizeBytes: &listingSize, ContentType: "application/x",
				Extra: objstore.Metadata{{Name: "slo_etag", Value: "e"}},
			},
		},
	}
}

// store writes body to a new file of d and gives the footer that it must have.
func store(t testing.TB, d *device.Device, id device.ID, body io.Reader, o WriterOptions) error {
	w, err := Create(d, id, o)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.ReadFrom(body); err != nil {
		return err
	}
	return w.Finish(sampleFooter())
}

func wantFooter(body []byte, withSHA512 bool) Footer {
	f := sampleFooter()
	sum := md5.Sum(body)
	f.Info.SizeBytes, f.Info.ETag = int64(len(body)), hex.EncodeToString(sum[:])
	if withSHA512 {
		sum := sha512.Sum512(body)
		f.Info.SHA512 = hex.EncodeToString(sum[:])
	}
	return f
}

func readAll(t *testing.T, d *device.Device, id device.ID) []byte {
	r, err := Open(d, id)
	require.NoError(t, err)
	defer r.Close()
	var got bytes.Buffer
	n, err := io.Copy(&got, r.Range(0, r.SizeBytes()))
	require.NoError(t, err)
	require.EqualValues(t, got.Len(), n)
	return got.Bytes()
}

// sizes lie around every boundary of the format and of the buffers.
var sizes = []int{
	0, 1, 4095, 4096, 4097, checksum.BlockBytes - 1, checksum.BlockBytes, checksum.BlockBytes + 1,
	narrowBytes - 1, narrowBytes, narrowBytes + 1, wideBytes - 4096, wideBytes - 1, wideBytes, wideBytes + 1,
	2*wideBytes - 1, 2 * wideBytes, 2*wideBytes + 1, deepBytes - 1, deepBytes, deepBytes + 1,
	5*wideBytes + 12345, 5*deepBytes + 12345,
}

func TestRoundTrip(t *testing.T) {
	rng := newRand(t)
	d := openDevice(t)
	body := randomBytes(rng, sizes[len(sizes)-1])
	for _, size := range sizes {
		for i, hint := range []int64{-1, int64(size)} {
			id := device.NewID()
			withSHA512 := i == 1
			err := store(t, d, id, bytes.NewReader(body[:size]), WriterOptions{SizeHintBytes: hint, SHA512: withSHA512})
			require.NoError(t, err, "size %d", size)
			r, err := Open(d, id)
			require.NoError(t, err, "size %d", size)
			require.Equal(t, wantFooter(body[:size], withSHA512), r.Footer())
			require.NoError(t, r.Close())
			require.True(t, bytes.Equal(body[:size], readAll(t, d, id)), "size %d", size)
			require.NoError(t, Verify(d, id), "size %d", size)
		}
	}
	requireNoBuffersInUse(t)
}

// A body may come as a prefix and a rest, in pieces of any size.
func TestBodyInPieces(t *testing.T) {
	rng := newRand(t)
	d := openDevice(t)
	body := randomBytes(rng, 3*deepBytes+999)
	for _, split := range []int{0, 1, 5000, deepBytes, deepBytes + 1, len(body)} {
		id := device.NewID()
		w, err := Create(d, id, WriterOptions{SizeHintBytes: -1})
		require.NoError(t, err)
		n, err := w.Write(body[:split])
		require.NoError(t, err)
		require.Equal(t, split, n)
		read, err := w.ReadFrom(iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(body[split:]))))
		require.NoError(t, err)
		require.EqualValues(t, len(body)-split, read)
		require.Equal(t, wantFooter(body, false).Info.ETag, w.Sum().MD5)
		require.NoError(t, w.Finish(sampleFooter()))
		require.NoError(t, w.Abort(), "after Finish it does nothing")
		require.True(t, bytes.Equal(body, readAll(t, d, id)), "split %d", split)
	}
}

func requireNoBuffersInUse(t *testing.T) {
	t.Helper()
	for _, c := range []*class{deep, wide} {
		require.Zero(t, c.inUse.Load(), "buffers of %d bytes", c.bytes)
	}
}

// A body does not take buffers from those that need them.
func TestClassOfABody(t *testing.T) {
	d := openDevice(t)
	for hint, want := range map[int64]*class{
		-1: deep, 0: narrow, narrowBytes: narrow, narrowBytes + 1: wide, deepFrom - 1: wide, deepFrom: deep,
	} {
		w, err := Create(d, device.NewID(), WriterOptions{SizeHintBytes: hint})
		require.NoError(t, err)
		require.Same(t, want, w.out.class, "hint %d", hint)
		require.Len(t, w.out.cur.bytes, want.bytes)
		require.NoError(t, w.Abort())
	}
	requireNoBuffersInUse(t)
}

// An upload beyond the number that a class is for gets the next, and in the end
// one buffer with which it takes turns.
func TestMoreUploadsThanBuffers(t *testing.T) {
	rng := newRand(t)
	d := openDevice(t)
	for n := range deepMax + wideMax {
		c := takeClass(-1)
		require.Equal(t, n < deepMax, c == deep)
		require.NotSame(t, narrow, c)
		defer c.drop()
	}
	for _, size := range sizes {
		body, id := randomBytes(rng, size), device.NewID()
		w, err := Create(d, id, WriterOptions{SizeHintBytes: -1})
		require.NoError(t, err)
		require.Same(t, narrow, w.out.class)
		_, err = w.ReadFrom(bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, w.Finish(sampleFooter()))
		require.True(t, bytes.Equal(body, readAll(t, d, id)), "size %d", size)
	}
	require.EqualValues(t, deepMax, deep.inUse.Load())
	require.EqualValues(t, wideMax, wide.inUse.Load())
}
