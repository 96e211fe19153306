package datafile

import (
	"sync"
	"sync/atomic"
	"unsafe"

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
	wideBuffers   sync.Pool // newWideBuffer fills it
	narrowBuffers = sync.Pool{New: func() any { return newBuffer(narrowBytes) }}
)

// wideInUse counts uploads with wide buffers.
var wideInUse atomic.Int64

// buffer is a pointer, so that the pools do not allocate.
type buffer struct {
	bytes []byte
	out   *output // of a wide buffer: whose it is
}

// hugeBytes is the length of a huge page on the processors that we know: the
// wide buffers of one upload.
const hugeBytes = wideEach * wideBytes

// newWideBuffer makes as many buffers as an upload has, out of one huge page, and
// keeps the others in the pool. With pages of 4 KiB the kernel looks up 128 of
// them for each write past the page cache, and the 16 lanes of the MD5 go
// through 16 pages at once: PUT 64 MiB by 16 streams takes 0.82 CPU s/GB with
// huge pages, 0.94 without. The half of the memory that only serves to align the
// other is not touched while it is fresh: 256 uploads at once take 237 MB of RSS.
func newWideBuffer() *buffer {
	region := make([]byte, 2*hugeBytes)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(region)))) & (hugeBytes - 1)
	region = region[skip : skip+hugeBytes]
	adviseHuge(region)
	for range wideEach - 1 {
		wideBuffers.Put(&buffer{bytes: region[:wideBytes:wideBytes]})
		region = region[wideBytes:]
	}
	return &buffer{bytes: region}
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
