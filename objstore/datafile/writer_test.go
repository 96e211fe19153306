// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/device"
)

func TestNoBytesAfterTheDigests(t *testing.T) {
	w, err := Create(openDevice(t), device.NewID(), WriterOptions{SizeHintBytes: -1})
	require.NoError(t, err)
	defer w.Abort()
	w.Sum()
	_, err = w.Write([]byte("x"))
	require.ErrorIs(t, err, ErrDone)
	require.ErrorIs(t, w.Finish(sampleFooter()), ErrDone)
}

func TestFinishTwice(t *testing.T) {
	d, id := openDevice(t), device.NewID()
	w, err := Create(d, id, WriterOptions{SizeHintBytes: -1})
	require.NoError(t, err)
	require.NoError(t, w.Finish(sampleFooter()))
	require.ErrorIs(t, w.Finish(sampleFooter()), ErrDone)
	_, err = w.ReadFrom(strings.NewReader("x"))
	require.ErrorIs(t, err, ErrDone)
	require.NoError(t, Verify(d, id))
}

func TestAbortLeavesNothing(t *testing.T) {
	mem := memFS()
	d := openMem(t, mem)
	for _, size := range []int{0, 100, 3*deepBytes + 1} {
		w, err := Create(d, device.NewID(), WriterOptions{SizeHintBytes: -1})
		require.NoError(t, err)
		_, err = w.Write(make([]byte, size))
		require.NoError(t, err)
		require.NoError(t, w.Abort())
		require.NoError(t, w.Abort())
		require.ErrorIs(t, w.Finish(sampleFooter()), ErrDone)
	}
	left, err := mem.List("/disk/one/tmp")
	require.NoError(t, err)
	require.Empty(t, left)
	require.Empty(t, published(t, mem))
}

func TestLimits(t *testing.T) {
	d := openDevice(t)
	_, err := Create(d, device.NewID(), WriterOptions{SizeHintBytes: SizeMaxBytes + 1})
	require.ErrorIs(t, err, ErrTooLarge)

	finish := func(m objstore.Metadata) error {
		w, err := Create(d, device.NewID(), WriterOptions{SizeHintBytes: -1})
		require.NoError(t, err)
		defer w.Abort()
		f := sampleFooter()
		f.Info.Metadata = m
		return w.Finish(f)
	}
	f := sampleFooter()
	f.Info.Metadata = nil
	fixed := len(mustFooter(t, f)) - footerFixedBytes
	require.NoError(t, finish(objstore.Metadata{{Value: strings.Repeat("v", textMaxBytes-fixed-8)}}))
	require.ErrorIs(t, finish(objstore.Metadata{{Value: strings.Repeat("v", textMaxBytes-fixed-7)}}), ErrTooLarge)
	require.ErrorIs(t, finish(make(objstore.Metadata, fieldsMax+1)), ErrTooLarge)
	require.Error(t, finish(objstore.Metadata{{Name: "B"}, {Name: "A"}}), "not in order")
}

func TestFullDiskIsRefusedBeforeTheBody(t *testing.T) {
	mem := vfs.NewMem()
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1000, TotalBytes: 1 << 30})
	d := openMem(t, mem)
	_, err := Create(d, device.NewID(), WriterOptions{SizeHintBytes: 1001})
	require.ErrorIs(t, err, device.ErrNoSpace)
}

// The number of allocations does not grow with the body.
func TestWritesAllocateNothingPerBlock(t *testing.T) {
	d := openDevice(t)
	body := make([]byte, 32*deepBytes)
	count := func(n int) float64 {
		return testing.AllocsPerRun(3, func() {
			id := device.NewID()
			id[0], id[1] = 0, 0
			require.NoError(t, store(t, d, id, bytes.NewReader(body[:n]), WriterOptions{SizeHintBytes: -1}))
			require.NoError(t, d.Remove(id))
		})
	}
	short := count(2 * deepBytes)
	// The race detector allocates for each goroutine that leads the lanes.
	require.Less(t, count(len(body)), short+64, "512 blocks, 32 buffers")
}
