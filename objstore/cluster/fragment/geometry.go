// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"fmt"
	"math"
	"math/bits"
)

// Geometry says where the bytes of an object lie in the object's fragment
// archives. The rules are Swift's (swift/proxy/controllers/obj.py:
// client_range_to_segment_range, segment_range_to_fragment_range). A result
// over the greatest int64 is the greatest int64.
type Geometry struct {
	SegmentBytes  int64 // of a whole segment
	FragmentBytes int64 // of a fragment of a whole segment, with the header
	codec         *Codec
}

// Geometry gives the geometry for segments of segmentBytes, 1 to
// SegmentBytesMax (ec_object_segment_size in swift.conf).
func (c *Codec) Geometry(segmentBytes int) (Geometry, error) {
	if segmentBytes < 1 || segmentBytes > SegmentBytesMax {
		return Geometry{}, fmt.Errorf("fragment: %w: segments of %d bytes are not within 1 and %d", ErrLength, segmentBytes, SegmentBytesMax)
	}
	return Geometry{int64(segmentBytes), int64(c.FragmentBytes(segmentBytes)), c}, nil
}

// ArchiveBytes is the length of each archive of an object.
func (g Geometry) ArchiveBytes(objectBytes int64) int64 {
	whole, last := objectBytes/g.SegmentBytes, objectBytes%g.SegmentBytes
	return addCapped(multiplyCapped(whole, g.FragmentBytes), int64(g.codec.FragmentBytes(int(last))))
}

// Segment is the number of the segment with byte offset of an object.
func (g Geometry) Segment(offset int64) int64 { return offset / g.SegmentBytes }

// FragmentOffset is where the fragment of a segment begins in an archive.
func (g Geometry) FragmentOffset(segment int64) int64 {
	return multiplyCapped(segment, g.FragmentBytes)
}

// Range gives the bytes of an archive, first to last, for the bytes of an
// object, first to last: the fragments of all segments that the bytes touch.
func (g Geometry) Range(first, last int64) (archiveFirst, archiveLast int64) {
	return g.FragmentOffset(g.Segment(first)), g.FragmentOffset(g.Segment(last)+1) - 1
}

// Suffix gives how many last bytes of an archive hold the last bytes of an
// object: a segment more than the bytes fill, for the last segment may be
// short. The answer need not begin at a fragment: see Skip.
func (g Geometry) Suffix(objectBytes int64) int64 {
	segments := objectBytes / g.SegmentBytes
	if objectBytes%g.SegmentBytes > 0 {
		segments++
	}
	return multiplyCapped(addCapped(segments, 1), g.FragmentBytes)
}

// Skip is how many bytes lie between an offset in an archive and the beginning
// of the next fragment, 0 at a beginning.
func (g Geometry) Skip(archiveOffset int64) int64 {
	return (g.FragmentBytes - archiveOffset%g.FragmentBytes) % g.FragmentBytes
}

// multiplyCapped multiplies numbers that are not negative.
func multiplyCapped(a, b int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high > 0 || low > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(low)
}

// addCapped adds numbers that are not negative.
func addCapped(a, b int64) int64 { return int64(min(uint64(a)+uint64(b), math.MaxInt64)) }
