// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"needletail/objstore/checksum"
)

// A class of buffers is memory into which an upload reads, of which it takes
// digests, and from which it writes. With several buffers an upload does all
// three at once; with a single buffer it takes turns.
type class struct {
	bytes   int   // length of a buffer
	each    int   // buffers of one upload
	from    int64 // bytes of the shortest body
	uploads int64 // that may have them at once; 0: any number
	warmMax int   // free buffers whose memory is kept
	inUse   atomic.Int64

	mu   sync.Mutex
	warm []*buffer // free ones
	cold []*buffer // free ones beyond warmMax, without memory
}

const (
	// deepBytes is the length of the buffers of long bodies. Longer buffers
	// mean fewer hand-overs between the goroutines of an upload, each of which
	// waits for the scheduler, and fuller lanes of the MD5: PUT 64 MiB by 16
	// streams takes 0.76 CPU s/GB with 512 KiB, 0.60 with 2 MiB, 0.58 with 4
	// MiB. A single stream of 1 GiB reaches 610, 690 and 685 MB/s.
	deepBytes = 2 << 20
	// deepFrom is the length of a body with enough deep buffers to work on a
	// buffer while further buffers are read and written. With 4 MiB a stream is
	// 7 % slower.
	deepFrom = 8 * deepBytes
	// deepMax bounds them to 128 MiB.
	deepMax = 16

	// wideBytes is the length of the buffers of bodies in between, and of
	// bodies beyond deepMax. wideMax bounds the wide buffers to 96 MiB.
	wideBytes = 512 << 10
	wideMax   = 48

	// narrowBytes is the length of the single buffer of a short body, and of
	// uploads beyond wideMax, so that slow clients hold little memory and hold
	// up nobody. The number of narrow buffers is the number of uploads and
	// downloads, which the proxy bounds.
	narrowBytes = 2 * checksum.BlockBytes
	// narrowWarmMax bounds the narrow buffers kept after many uploads to 16
	// MiB. A buffer taken beyond the bound costs 64 page faults.
	narrowWarmMax = 64
)

// The classes. Every length is a multiple of checksum.BlockBytes and
// device.AlignBytes.
var (
	deep   = &class{bytes: deepBytes, each: 4, from: deepFrom, uploads: deepMax, warmMax: 4 * deepMax}
	wide   = &class{bytes: wideBytes, each: 4, from: narrowBytes + 1, uploads: wideMax, warmMax: 4 * wideMax}
	narrow = &class{bytes: narrowBytes, each: 1, warmMax: narrowWarmMax}
)

// takeClass is the class of an upload of a body of sizeBytes, or -1, until drop.
func takeClass(sizeBytes int64) *class {
	for _, c := range []*class{deep, wide} {
		if sizeBytes >= 0 && sizeBytes < c.from {
			continue
		}
		if c.inUse.Add(1) <= c.uploads {
			return c
		}
		c.inUse.Add(-1)
	}
	return narrow
}

// drop ends the use by an upload.
func (c *class) drop() {
	if c.uploads > 0 {
		c.inUse.Add(-1)
	}
}

// buffer is free, or a caller's to fill, or in use by an output.
type buffer struct {
	bytes []byte

	// The rest belongs to an output that does everything at once:
	out   *output
	users atomic.Int32 // digest and write that have not ended
	err   error        // the first one of its writes up to this buffer's
}

func (c *class) take() *buffer {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := &c.warm
	if len(c.warm) == 0 {
		from = &c.cold
	}
	if len(*from) == 0 {
		c.cutHugePage()
	}
	last := len(*from) - 1
	b := (*from)[last]
	*from = (*from)[:last]
	return b
}

func (c *class) put(b *buffer) {
	b.out, b.err = nil, nil // the buffer may outlive its upload by far
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.warm) < c.warmMax {
		c.warm = append(c.warm, b)
		return
	}
	giveBack(b.bytes)
	c.cold = append(c.cold, b)
}

// hugeBytes is the length of a huge page on amd64 and arm64.
const hugeBytes = 2 << 20

// cutHugePage makes as many free buffers as fit into a huge page. With pages of
// 4 KiB the kernel looks up 128 pages for each 512 KiB written past the page
// cache, and the 16 lanes of the MD5 go through 16 pages at once: PUT 64 MiB by
// 16 streams takes 0.82 CPU s/GB with huge pages, 0.94 without. The pages lie
// outside of Go's heap, which may grow to a multiple of its live bytes. Unused
// pages have no memory.
func (c *class) cutHugePage() {
	for page := newHugePage(); len(page) > 0; page = page[c.bytes:] {
		c.cold = append(c.cold, &buffer{bytes: page[:c.bytes:c.bytes]})
	}
}

// alignHuge returns the part of region that can be a huge page. region is twice
// as long as a huge page.
func alignHuge(region []byte) []byte {
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(region)))) & (hugeBytes - 1)
	return region[skip : skip+hugeBytes : skip+hugeBytes]
}
