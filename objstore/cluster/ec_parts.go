// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strconv"
	"strings"
)

// span are segments of an object, the second not included.
type span struct{ first, end int64 }

// archiveRange is a range of the archives: from first to last, both included; to
// the end with an open last; or the last suffix bytes.
type archiveRange struct{ first, last, suffix int64 }

// archiveRangesMax is how many ranges of an object are asked for: a server refuses
// more (swift/common/swob.py: MAX_RANGES).
const archiveRangesMax = 50

// openEnd is the last byte of a range without a last byte.
const openEnd = -1

// archiveRanges makes the Range of the archives out of the Range of the object
// (swift/proxy/controllers/obj.py: _convert_range). Ranges that follow one
// another without a segment between become one: Swift asks for their segments
// again. False: the ranges are not such that a server would obey.
func (c *coding) archiveRanges(text string) (list []archiveRange, ok bool) {
	text, ok = strings.CutPrefix(text, "bytes=")
	if !ok {
		return nil, false
	}
	for element := range strings.SplitSeq(text, ",") {
		r, ok := c.archiveRange(element)
		if !ok || len(list) == archiveRangesMax {
			return nil, false
		}
		if n := len(list); n == 0 || !c.extend(&list[n-1], r) {
			list = append(list, r)
		}
	}
	return list, true
}

// archiveRange makes the range of the archives out of an element of a Range.
func (c *coding) archiveRange(element string) (r archiveRange, ok bool) {
	from, to, dash := strings.Cut(element, "-")
	first, last := parseSize(from), parseSize(to)
	switch {
	case !dash || from == "" && last == nil || from != "" && first == nil || to != "" && last == nil:
		return r, false
	case first == nil:
		return archiveRange{suffix: c.Suffix(*last)}, *last > 0
	case last == nil:
		return archiveRange{first: c.FragmentOffset(c.Segment(*first)), last: openEnd}, true
	}
	r.first, r.last = c.Range(*first, max(*first, *last))
	return r, *first <= *last
}

// extend makes r reach over the next range, if the next range begins in the last
// segment of r or in the segment behind: after r has been read, the next range is
// at hand (ecStream.reach).
func (c *coding) extend(r *archiveRange, next archiveRange) bool {
	if r.suffix > 0 || next.suffix > 0 || r.last == openEnd || next.first > r.last+1 || next.first <= r.last-c.FragmentBytes {
		return false
	}
	if next.last == openEnd || next.last > r.last {
		r.last = next.last
	}
	return true
}

// rangeText is the Range header for ranges.
func rangeText(list []archiveRange) string {
	texts := make([]string, len(list))
	for i, r := range list {
		switch first := strconv.FormatInt(r.first, 10); {
		case r.suffix > 0:
			texts[i] = "-" + strconv.FormatInt(r.suffix, 10)
		case r.last == openEnd:
			texts[i] = first + "-"
		default:
			texts[i] = first + "-" + strconv.FormatInt(r.last, 10)
		}
	}
	return "bytes=" + strings.Join(texts, ",")
}

// archivePart is what an archive's answer has for a range: bytes of the archive,
// and the segments whose whole fragments are among them. The answer to a suffix
// may begin inside a fragment.
type archivePart struct {
	first, length int64
	span
	suffix bool // of a suffix: the segments may begin before the range
}

// partOf is the part with length bytes from first.
func (c *coding) partOf(first, length, objectBytes int64) archivePart {
	p := archivePart{first: first, length: length}
	p.span.first = (first + c.Skip(first)) / c.FragmentBytes
	if p.span.end = (first + length) / c.FragmentBytes; first+length == c.ArchiveBytes(objectBytes) {
		p.span.end = c.segments(objectBytes)
	}
	return p
}

// wholePart is the answer to a GET without a Range.
func (c *coding) wholePart(objectBytes int64) archivePart {
	return c.partOf(0, c.ArchiveBytes(objectBytes), objectBytes)
}

// parts are the parts of the answer to ranges: those that an archive can
// satisfy, in their order (swift/common/swob.py: ranges_for_length).
func (c *coding) parts(list []archiveRange, objectBytes int64) (parts []archivePart) {
	size := c.ArchiveBytes(objectBytes)
	for _, r := range list {
		first, end := r.first, size
		if r.suffix > 0 {
			first = max(size-r.suffix, 0)
		} else if r.last != openEnd {
			end = min(r.last, size-1) + 1
		}
		if first < end {
			p := c.partOf(first, end-first, objectBytes)
			p.suffix = r.suffix > 0
			parts = append(parts, p)
		}
	}
	return parts
}

// rest are the ranges of what is still to be read of parts, from a segment of the
// first on. All begin at a fragment.
func (c *coding) rest(parts []archivePart, segment int64) []archiveRange {
	list := make([]archiveRange, len(parts))
	for i, p := range parts {
		list[i] = archiveRange{first: c.FragmentOffset(p.span.first), last: p.first + p.length - 1}
	}
	list[0].first = c.FragmentOffset(segment)
	return list
}
