// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"needletail/objstore"
	"needletail/objstore/cluster/fragment"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

// coding is the erasure code of a policy.
type coding struct {
	fragment.Geometry
	codec  *fragment.Codec
	copies int // of each fragment

	stripes sync.Pool // of *stripe, for whole segments
	buffers sync.Pool // of *[]byte, for fragments of whole segments
}

// codingOrError is a coding, or why a policy has none.
type codingOrError struct {
	*coding
	err error
}

// newCodings makes the codes of all policies. A policy whose code cannot be
// computed is refused when the policy is used: the other policies work.
func newCodings(policies objstore.Policies) map[objstore.PolicyIndex]codingOrError {
	codings := map[objstore.PolicyIndex]codingOrError{}
	for _, p := range policies {
		if p.Erasure() {
			c, err := newCoding(p)
			codings[p.Index] = codingOrError{c, err}
		}
	}
	return codings
}

func newCoding(p objstore.Policy) (*coding, error) {
	codec, err := fragment.New(p.ECType, p.DataFragments, p.ParityFragments)
	if err != nil {
		return nil, fmt.Errorf("storage policy %q: %w", p.Name, err)
	}
	geometry, err := codec.Geometry(int(p.SegmentBytes))
	if err != nil {
		return nil, fmt.Errorf("storage policy %q: %w", p.Name, err)
	}
	return &coding{Geometry: geometry, codec: codec, copies: max(p.DuplicationFactor, 1)}, nil
}

// fragments is the number of different fragments of a segment.
func (c *coding) fragments() int { return c.codec.Data() + c.codec.Parity() }

// nodes is how many nodes keep an object: replicas of the ring
// (swift/common/storage_policy.py: validate_ring_data).
func (c *coding) nodes() int { return c.fragments() * c.copies }

func (c *coding) quorum() int { return verdict.ErasureQuorum(c.codec.Data(), c.copies) }

// segments is the number of segments of an object.
func (c *coding) segments(objectBytes int64) int64 {
	return (objectBytes + c.SegmentBytes - 1) / c.SegmentBytes
}

// segmentBytes is the length of a segment: all but the last are whole.
func (c *coding) segmentBytes(segment, objectBytes int64) int {
	return int(min(c.SegmentBytes, objectBytes-segment*c.SegmentBytes))
}

// fragmentBytes is the length of the fragments of a segment.
func (c *coding) fragmentBytes(segment, objectBytes int64) int {
	return c.codec.FragmentBytes(c.segmentBytes(segment, objectBytes))
}

// putQuorum is how many object servers must store a PUT. The number of rows for
// the container depends on putQuorum in every write
// (swift/proxy/controllers/obj.py: num_container_updates).
func (t *target) putQuorum() int {
	if t.code != nil {
		return t.code.quorum()
	}
	return verdict.Quorum(t.primaries())
}

// Sysmeta of a coded object, the same in each archive but for the index
// (swift/proxy/controllers/obj.py: trailing_metadata).
const (
	ecPrefix       = "X-Object-Sysmeta-Ec-"
	ecETag         = ecPrefix + "Etag"
	ecLength       = ecPrefix + "Content-Length"
	ecIndex        = ecPrefix + "Frag-Index"
	ecScheme       = ecPrefix + "Scheme"
	ecSegmentBytes = ecPrefix + "Segment-Size"
)

// isEC reports whether a name is sysmeta of the coding.
func isEC(name string) bool {
	return len(name) > len(ecPrefix) && strings.EqualFold(name[:len(ecPrefix)], ecPrefix)
}

var (
	errECLength  = errors.New("an archive does not tell the length of its object")
	errECArchive = errors.New("an archive has another length than its object needs")
	errECSegment = errors.New("an archive has segments of another size than the policy")
)

// objectOfArchive makes the head of an object out of the head of an archive:
// ETag and length are the object's, and the sysmeta of the coding is gone
// (swift/proxy/controllers/obj.py: _fix_response).
func (c *coding) objectOfArchive(h wire.Header) (wire.Header, int64, error) {
	size := parseSize(h.Get(ecLength))
	if size == nil {
		return nil, 0, errECLength
	}
	if s := h.Get(ecSegmentBytes); s != "" && s != strconv.FormatInt(c.SegmentBytes, 10) {
		return nil, 0, fmt.Errorf("%w: %s and %d bytes", errECSegment, s, c.SegmentBytes)
	}
	whole := make(wire.Header, 0, len(h))
	for _, f := range h {
		if !isEC(f.Name) && !strings.EqualFold(f.Name, "Etag") {
			whole = append(whole, f)
		}
	}
	whole.Add("Etag", h.Get(ecETag))
	return whole, *size, nil
}
