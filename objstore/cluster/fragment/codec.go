// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// FragmentsMax bounds k+m: a byte tells 256 pieces apart. liberasurecode has
// the same bound, and had 32 up to 1.6.
const FragmentsMax = 256

// SegmentBytesMax bounds a segment: liberasurecode counts payloads in 32 bits,
// and segments in an int.
const SegmentBytesMax = math.MaxInt32

// Codec encodes and decodes segments with k data and m parity fragments. A
// Codec is safe for concurrent use.
type Codec struct {
	ecType       *ecType
	data, parity int
	matrix       matrix
	encoder      transform
	plans        planCache
	pool         sync.Pool // of *workspace
}

// workspace holds the lists of pieces of a call.
type workspace struct {
	pieces [][]byte
	first  Header // the header of the first fragment
	// at holds the position among the fragments of each index that is there.
	at [FragmentsMax]int
}

// New gives the Codec of an ec_type. The error wraps ErrType or ErrShape.
// isa_l_rs_vand with 5 or more parity fragments has sets of k fragments that do
// not determine the segment. Swift refuses such a policy unless the policy is
// deprecated; New allows it for the sake of old data.
func New(ecType string, data, parity int) (*Codec, error) {
	t, err := findType(ecType)
	if err != nil {
		return nil, fmt.Errorf("fragment: %w", err)
	}
	if data < 1 || parity < 1 || data > FragmentsMax || parity > FragmentsMax-data {
		return nil, fmt.Errorf("fragment: %w: %d data and %d parity, want 1 or more each and at most %d in all", ErrShape, data, parity, FragmentsMax)
	}
	c := &Codec{ecType: t, data: data, parity: parity}
	c.matrix = t.matrix(t.field(), data, parity)
	if c.encoder, err = t.compile(c.matrix); err != nil {
		return nil, fmt.Errorf("fragment: %s %d+%d: %w", ecType, data, parity, err)
	}
	c.pool.New = func() any { return &workspace{pieces: make([][]byte, 0, 2*data+parity)} }
	return c, nil
}

// Data is k.
func (c *Codec) Data() int { return c.data }

// Parity is m.
func (c *Codec) Parity() int { return c.parity }

// Scheme names type and numbers, in the form of X-Object-Sysmeta-Ec-Scheme.
func (c *Codec) Scheme() string { return fmt.Sprintf("%s %d+%d", c.ecType.name, c.data, c.parity) }

// payloadBytes is the length of the pieces of a segment.
func (c *Codec) payloadBytes(segmentBytes int) int {
	perWord := c.data * c.ecType.wordBytes
	return (segmentBytes + perWord - 1) / perWord * c.ecType.wordBytes
}

// FragmentBytes is the length of each fragment of a segment: 0 for an empty
// segment, which has no header either.
func (c *Codec) FragmentBytes(segmentBytes int) int {
	if segmentBytes <= 0 {
		return 0
	}
	return HeaderBytes + c.payloadBytes(segmentBytes)
}

// Encode fills dst with the k+m fragments of a segment. The buffers in dst are
// used if their capacity suffices, whatever they hold, and replaced otherwise.
// The buffers must not overlap the segment. A segment of more than SegmentBytesMax, or
// a dst of another length than k+m, is an error.
func (c *Codec) Encode(segment []byte, dst [][]byte) error {
	if len(dst) != c.data+c.parity {
		return fmt.Errorf("fragment: %w: %d buffers for %s", ErrShape, len(dst), c.Scheme())
	}
	if len(segment) > SegmentBytesMax {
		return fmt.Errorf("fragment: %w: a segment of %d bytes", ErrLength, len(segment))
	}
	n := c.FragmentBytes(len(segment))
	for i := range dst {
		dst[i] = slices.Grow(dst[i][:0], n)[:n]
	}
	if n == 0 {
		return nil
	}
	w := c.pool.Get().(*workspace)
	defer c.release(w)
	rest := segment
	for i, fragment := range dst {
		c.putHeader(fragment, i, len(segment))
		piece := fragment[HeaderBytes:]
		if i < c.data {
			copied := copy(piece, rest)
			clear(piece[copied:])
			rest = rest[copied:]
		}
		w.pieces = append(w.pieces, piece)
	}
	return c.encoder.apply(w.pieces)
}

// release gives a workspace back, without the caller's buffers.
func (c *Codec) release(w *workspace) {
	clear(w.pieces)
	w.pieces = w.pieces[:0]
	c.pool.Put(w)
}

func (c *Codec) putHeader(fragment []byte, index, segmentBytes int) {
	h := Header{
		Index:          uint32(index),
		PayloadBytes:   uint32(len(fragment) - HeaderBytes),
		SegmentBytes:   uint64(segmentBytes),
		Backend:        c.ecType.backend,
		BackendVersion: c.ecType.version,
	}
	h.put(fragment)
}

// Check judges a single fragment: header, code and length, and the payload if
// the header has a checksum of the payload. The error wraps ErrHeader,
// ErrForeign, ErrLength or ErrChecksum.
func (c *Codec) Check(fragment []byte) (Header, error) {
	h, err := ParseHeader(fragment)
	if err != nil {
		return h, err
	}
	payload := fragment[HeaderBytes:]
	switch {
	case h.Swapped:
		return h, fmt.Errorf("%w: the other byte order", ErrForeign)
	case h.Backend != c.ecType.backend || h.BackendVersion != c.ecType.version:
		return h, fmt.Errorf("%w: backend %d, version %#x", ErrForeign, h.Backend, h.BackendVersion)
	case int64(h.Index) >= int64(c.data+c.parity):
		return h, fmt.Errorf("%w: index %d of %d fragments", ErrForeign, h.Index, c.data+c.parity)
	case h.backendMetadataBytes != 0:
		return h, fmt.Errorf("%w: %d bytes of metadata", ErrForeign, h.backendMetadataBytes)
	case int64(h.PayloadBytes) != int64(len(payload)):
		return h, fmt.Errorf("%w: %d bytes, the header says %d", ErrLength, len(payload), h.PayloadBytes)
	case h.SegmentBytes < 1 || h.SegmentBytes > SegmentBytesMax || c.payloadBytes(int(h.SegmentBytes)) != len(payload):
		return h, fmt.Errorf("%w: %d bytes of a segment of %d", ErrLength, len(payload), h.SegmentBytes)
	case h.checksumKind == checksumCRC32 && !crcMatches(h.checksum, payload):
		return h, fmt.Errorf("%w of fragment %d", ErrChecksum, h.Index)
	}
	return h, nil
}

// gather judges the fragments and notes in w where each index is. A fragment of
// length 0 is missing. Of several fragments of an index the last is used.
func (c *Codec) gather(fragments [][]byte, w *workspace) (available set, err error) {
	seen := false
	for position, fragment := range fragments {
		if len(fragment) == 0 {
			continue
		}
		h, err := c.Check(fragment)
		if err == nil && seen && h.SegmentBytes != w.first.SegmentBytes {
			err = fmt.Errorf("%w: of %d and of %d bytes", ErrMixed, w.first.SegmentBytes, h.SegmentBytes)
		}
		if err != nil {
			return set{}, fmt.Errorf("fragment: %w", &RefusedError{position, err})
		}
		if !seen {
			seen, w.first = true, h
		}
		available.add(int(h.Index))
		w.at[h.Index] = position
	}
	if n := available.count(); n < c.data {
		return set{}, fmt.Errorf("fragment: %w: %d, want %d", ErrTooFew, n, c.data)
	}
	return available, nil
}

// Decode appends the segment to dst. The fragments may be in any order, for the
// header holds the index; an entry of length 0 is missing. Any k fragments give
// the segment, and every given fragment must be sound: the error of a refused
// fragment holds a *RefusedError, and wraps the error of Check or ErrMixed.
// Other errors wrap ErrTooFew. Fragments of different segments of the same
// length look alike, and give wrong bytes.
//
// dst is replaced unless it has room for k payloads, which may be a few bytes
// more than the segment. dst must not overlap the fragments.
func (c *Codec) Decode(fragments [][]byte, dst []byte) ([]byte, error) {
	w := c.pool.Get().(*workspace)
	defer c.release(w)
	available, err := c.gather(fragments, w)
	if err != nil {
		return dst, err
	}
	n := c.payloadBytes(int(w.first.SegmentBytes))
	begin := len(dst)
	grown := slices.Grow(dst, n*c.data)[:begin+n*c.data]
	segment := grown[begin:]
	for i := range c.data {
		if available.has(i) {
			copy(segment[i*n:], fragments[w.at[i]][HeaderBytes:])
		}
	}
	if !available.hasAllBelow(c.data) {
		p, err := c.plan(available, decodeAll)
		if err != nil {
			return dst, err
		}
		w.addInputs(p, fragments)
		for _, i := range p.outputs {
			w.pieces = append(w.pieces, segment[i*n:(i+1)*n])
		}
		if err := p.transform.apply(w.pieces); err != nil {
			return dst, err
		}
	}
	return grown[:begin+int(w.first.SegmentBytes)], nil
}

// Reconstruct appends fragment index, header and payload, to dst. The fragments
// are judged as in Decode.
func (c *Codec) Reconstruct(fragments [][]byte, index int, dst []byte) ([]byte, error) {
	if index < 0 || index >= c.data+c.parity {
		return dst, fmt.Errorf("fragment: %w: index %d of %s", ErrShape, index, c.Scheme())
	}
	w := c.pool.Get().(*workspace)
	defer c.release(w)
	available, err := c.gather(fragments, w)
	if err != nil {
		return dst, err
	}
	segmentBytes := int(w.first.SegmentBytes)
	n := c.FragmentBytes(segmentBytes)
	grown := slices.Grow(dst, n)[:len(dst)+n]
	fragment := grown[len(dst):]
	c.putHeader(fragment, index, segmentBytes)
	p, err := c.plan(available, index)
	if err != nil {
		return dst, err
	}
	w.addInputs(p, fragments)
	w.pieces = append(w.pieces, fragment[HeaderBytes:])
	if err := p.transform.apply(w.pieces); err != nil {
		return dst, err
	}
	return grown, nil
}

func (w *workspace) addInputs(p *plan, fragments [][]byte) {
	for _, i := range p.inputs {
		w.pieces = append(w.pieces, fragments[w.at[i]][HeaderBytes:])
	}
}
