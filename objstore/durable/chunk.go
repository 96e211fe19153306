// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"encoding/binary"
	"hash/crc32"
)

// The log of Pebble is blocks of blockBytes, each a row of chunks. A record is
// one or several chunks, in consecutive blocks:
//
//	checksum 4 | payload length 2 | type 1 | log number 4 | synced offset 8 | payload
//
// all little-endian. Types 5 to 8 (whole, first, middle, last) have no synced
// offset; types 9 to 12 have a synced offset. The log number tells chunks of
// this log from remains of an older log in the same file.
const (
	blockBytes       = 32 << 10
	chunkHeaderBytes = 11
	syncHeaderBytes  = chunkHeaderBytes + 8
)

// The least and greatest types, of chunks without and with a synced offset.
const (
	chunkTypeMin     = 5
	chunkTypeSync    = 9
	chunkTypeMax     = 12
	chunkTypesPerRow = 4
)

// Places of a chunk in its record, as the type counts them.
const (
	chunkWhole = iota
	chunkFirst
	chunkMiddle
	chunkLast
)

// chunk is the content of a chunk's header.
type chunk struct {
	header, payload int // bytes
	place           int // chunkWhole…
	log             uint32
	synced          int64 // the log was on stable storage up to here; 0 if not told
	intact          bool  // the checksum is right
}

func (c chunk) bytes() int { return c.header + c.payload }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// parseChunk reads the first chunk of b, the rest of a block. ok is false
// without a header, or if the chunk would go beyond the block.
func parseChunk(b []byte) (c chunk, ok bool) {
	if len(b) < chunkHeaderBytes || b[6] < chunkTypeMin || b[6] > chunkTypeMax {
		return c, false
	}
	c.header, c.payload = chunkHeaderBytes, int(binary.LittleEndian.Uint16(b[4:]))
	c.place = int(b[6]-chunkTypeMin) % chunkTypesPerRow
	c.log = binary.LittleEndian.Uint32(b[7:])
	if b[6] >= chunkTypeSync {
		if c.header = syncHeaderBytes; len(b) < c.header {
			return c, false
		}
		c.synced = int64(binary.LittleEndian.Uint64(b[11:]))
	}
	if c.bytes() > len(b) {
		return c, false
	}
	sum := crc32.Checksum(b[6:c.bytes()], castagnoli)
	c.intact = binary.LittleEndian.Uint32(b) == (sum>>15|sum<<17)+0xa282ead8
	return c, true
}

// isTrailer reports whether b begins with the end mark of a closed log: an
// empty chunk, without a checksum, of the next log number.
func isTrailer(b []byte, log uint32) bool {
	return len(b) >= chunkHeaderBytes && binary.LittleEndian.Uint32(b) == 0 &&
		binary.LittleEndian.Uint16(b[4:]) == 0 && b[6] == chunkTypeMin && binary.LittleEndian.Uint32(b[7:]) == log+1
}
