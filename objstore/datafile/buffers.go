package datafile

import (
	"sync"
	"sync/atomic"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

const (
	// wideBytes is the length of a buffer of an upload that reads, takes digests
	// and writes at once; such an upload has wideEach: one for each of the three
	// and one to spare.
	wideBytes = 512 << 10
	wideEach  = 4
	// wideMax is the number of uploads that may have them: 128 MiB in all. One
	// more gets a single narrow buffer and takes turns, so that slow clients
	// hold neither much memory nor up anybody else. 64 uploads of 32 MiB at once
	// took 132 MB of RSS, 200 took 172 MB.
	wideMax = 64
	// narrowBytes is the length of the other buffers. Their number is that of
	// uploads and downloads, which the proxy bounds.
	narrowBytes = 2 * checksum.BlockBytes
)

// Every length is a multiple of checksum.BlockBytes and device.AlignBytes.
var (
	wideBuffers   = sync.Pool{New: func() any { return newBuffer(wideBytes) }}
	narrowBuffers = sync.Pool{New: func() any { return newBuffer(narrowBytes) }}
)

// wideInUse counts uploads with wide buffers.
var wideInUse atomic.Int64

// buffer is a pointer, so that the pools do not allocate.
type buffer struct {
	bytes []byte
	out   *output // of a wide buffer: whose it is
}

func newBuffer(n int) *buffer { return &buffer{bytes: device.AlignedBuffer(n)} }

// takeWide tells whether one more upload may have wide buffers; dropWide ends it.
func takeWide() bool {
	if wideInUse.Add(1) <= wideMax {
		return true
	}
	wideInUse.Add(-1)
	return false
}

func dropWide() { wideInUse.Add(-1) }
