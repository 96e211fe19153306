// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"needletail/ring"
)

// place is a region, or a zone of a region.
type place struct {
	region, zone int
	wholeRegion  bool
}

func (p place) has(d *ring.Device) bool {
	return p.region == d.Region && (p.wholeRegion || p.zone == d.Zone)
}

// parsePlace reads "r1" or "r1z2".
func parsePlace(s string) (place, bool) {
	rest, ok := strings.CutPrefix(s, "r")
	if !ok {
		return place{}, false
	}
	region, zone, zoned := strings.Cut(rest, "z")
	p := place{wholeRegion: !zoned}
	if p.region, ok = parseDigits(region); ok && zoned {
		p.zone, ok = parseDigits(zone)
	}
	return p, ok
}

// parseDigits reads a number without a sign.
func parseDigits(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

// ReadAffinity tells which nodes are read first. The zero value prefers none.
type ReadAffinity struct {
	text  string
	order []preference // the lowest number first
}

type preference struct {
	place
	number int
}

// ParseReadAffinity reads "r1z2=100, r1=200"
// (swift/common/utils/config.py: affinity_key_function).
func ParseReadAffinity(s string) (ReadAffinity, error) {
	a := ReadAffinity{text: strings.TrimSpace(s)}
	pieces, err := affinityPieces(a.text)
	if err != nil {
		return ReadAffinity{}, err
	}
	for _, piece := range pieces {
		where, number, _ := strings.Cut(piece, "=")
		p, ok := parsePlace(where)
		n, isNumber := parseDigits(number)
		if !ok || !isNumber {
			return ReadAffinity{}, fail(ErrOption, "read_affinity: %q is not of the form r1=100 or r1z2=100", piece)
		}
		a.order = append(a.order, preference{p, n})
	}
	slices.SortStableFunc(a.order, func(p, q preference) int { return p.number - q.number })
	return a, nil
}

func affinityPieces(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	pieces := strings.SplitN(s, ",", maxAffinities+1)
	if len(pieces) > maxAffinities {
		return nil, fail(ErrOption, "an affinity has more than %d pieces", maxAffinities)
	}
	for i := range pieces {
		pieces[i] = strings.TrimSpace(pieces[i])
	}
	return pieces, nil
}

// Number is the number of the best match, or, without a match, one behind all
// numbers.
func (a ReadAffinity) Number(d *ring.Device) int {
	for _, p := range a.order {
		if p.has(d) {
			return p.number
		}
	}
	if len(a.order) == 0 {
		return 0
	}
	return math.MaxInt
}

// String is the text that was parsed.
func (a ReadAffinity) String() string { return a.text }

// WriteAffinity tells which nodes are local, and written first. The zero value
// has no local nodes, and switches the preference off.
type WriteAffinity struct {
	text  string
	local []place
}

// ParseWriteAffinity reads "r1, r2z3"
// (swift/common/utils/config.py: affinity_locality_predicate).
func ParseWriteAffinity(s string) (WriteAffinity, error) {
	a := WriteAffinity{text: strings.TrimSpace(s)}
	pieces, err := affinityPieces(a.text)
	if err != nil {
		return WriteAffinity{}, err
	}
	for _, piece := range pieces {
		p, ok := parsePlace(piece)
		if !ok {
			return WriteAffinity{}, fail(ErrOption, "write_affinity: %q is not of the form r1 or r1z2", piece)
		}
		a.local = append(a.local, p)
	}
	return a, nil
}

// On reports whether any node is local.
func (a WriteAffinity) On() bool { return len(a.local) > 0 }

// Local reports whether a node is local.
func (a WriteAffinity) Local(d *ring.Device) bool {
	return slices.ContainsFunc(a.local, func(p place) bool { return p.has(d) })
}

// String is the text that was parsed.
func (a WriteAffinity) String() string { return a.text }
