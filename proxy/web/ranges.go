// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"strings"
)

// ByteRange is the half-open part [Start, End) of a body.
type ByteRange struct{ Start, End int64 }

// Length returns the number of bytes in the range.
func (r ByteRange) Length() int64 { return r.End - r.Start }

// Limits against requests that cost the server much and the client little (RFC
// 9110 17.15). The values are from swift/common/swob.py.
const (
	maxRanges             = 50
	maxRangeOverlaps      = 2
	maxNonascendingRanges = 8
)

// rangeSpec is an element of a Range header. A missing bound is -1. A suffix
// range has no start.
type rangeSpec struct{ start, end int64 }

// ResolveRanges reads a Range header for a body of size bytes. The ranges come
// in the order of the header. If ok is false, the header is ignored and the
// answer is the whole body. If ok is true and the list is empty, the answer is
// 416 (swob: Range).
func ResolveRanges(header string, size int64) (ranges []ByteRange, ok bool) {
	specs, ok := parseRanges(header)
	if !ok {
		return nil, false
	}
	for _, s := range specs {
		if r, satisfiable := s.resolve(size); satisfiable {
			ranges = append(ranges, r)
		}
	}
	if size == 0 && len(ranges) > 0 {
		// A suffix range of an empty body is satisfiable, but no Content-Range
		// can express it: the answer is the whole body.
		return nil, false
	}
	if len(ranges) > maxRanges || tooManyOverlaps(ranges) || outOfOrder(ranges) {
		return nil, true
	}
	return ranges, true
}

// resolve returns the part of a body of size bytes. satisfiable is false for a
// range that selects no byte.
func (s rangeSpec) resolve(size int64) (r ByteRange, satisfiable bool) {
	switch {
	case s.start < 0 && s.end == 0:
		return ByteRange{}, false
	case s.start < 0:
		return ByteRange{max(0, size-s.end), size}, true
	case s.start >= size:
		return ByteRange{}, false
	case s.end < 0 || s.end >= size:
		return ByteRange{s.start, size}, true
	}
	return ByteRange{s.start, s.end + 1}, true
}

// parseRanges parses a Range header. A bad element makes the whole header
// invalid.
func parseRanges(header string) ([]rangeSpec, bool) {
	header = strings.ReplaceAll(header, " ", "")
	list, ok := CutPrefix(header, "bytes=")
	if !ok {
		return nil, false
	}
	var specs []rangeSpec
	for _, element := range strings.Split(list, ",") {
		first, last, hyphen := strings.Cut(element, "-")
		start, ok1 := rangeBound(first)
		end, ok2 := rangeBound(last)
		if !hyphen || !ok1 || !ok2 || start < 0 && end < 0 || end >= 0 && end < start {
			return nil, false
		}
		specs = append(specs, rangeSpec{start, end})
	}
	return specs, true
}

// rangeBound parses digits. A number above the largest int64 is the largest
// int64.
func rangeBound(s string) (int64, bool) {
	if s == "" {
		return -1, true
	}
	var n int64
	for i := 0; i < len(s); i++ {
		c := int64(s[i]) - '0'
		if c < 0 || c > 9 {
			return 0, false
		}
		if n > (math.MaxInt64-c)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + c
	}
	return n, true
}

// tooManyOverlaps reports whether too many pairs of ranges overlap. Equal
// ranges count as overlapping. Swift does not count them, so 50 equal ranges
// make Swift send the body 50 times.
func tooManyOverlaps(ranges []ByteRange) bool {
	inside := func(x int64, r ByteRange) bool { return r.Start < x && x < r.End }
	overlaps := 0
	for i, a := range ranges {
		for _, b := range ranges[i+1:] {
			if a == b || inside(b.Start, a) || inside(b.End, a) || inside(a.Start, b) || inside(a.End, b) {
				overlaps++
			}
		}
		if overlaps > maxRangeOverlaps {
			return true
		}
	}
	return false
}

// outOfOrder reports whether many ranges are not ascending.
func outOfOrder(ranges []ByteRange) bool {
	if len(ranges) < maxNonascendingRanges {
		return false
	}
	for i := 1; i < len(ranges); i++ {
		a, b := ranges[i-1], ranges[i]
		if a.Start > b.Start || a.Start == b.Start && a.End > b.End {
			return true
		}
	}
	return false
}
