// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"slices"

	"needletail/objstore"
)

// fragmentSetsMax bounds the sets of fragments that are decoded in search of the
// right one. With 10 + 4 fragments the bound covers any two damaged fragments.
const fragmentSetsMax = 100

// sumWith is the MD5 of what was digested and a further segment.
func sumWith(digest hash.Hash, segment []byte) (string, error) {
	cloner, ok := digest.(hash.Cloner)
	if !ok {
		return "", errors.ErrUnsupported
	}
	whole, err := cloner.Clone()
	if err != nil {
		return "", err
	}
	whole.Write(segment)
	return hex.EncodeToString(whole.Sum(nil)), nil
}

// combinations gives the subsets of k of the numbers below n, in ascending order.
// The slice belongs to the iterator.
func combinations(n, k int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		set := make([]int, k)
		for i := range set {
			set[i] = i
		}
		for k <= n && yield(set) {
			i := k - 1
			for i >= 0 && set[i] == n-k+i {
				i--
			}
			if i < 0 {
				return
			}
			for set[i]++; i+1 < k; i++ {
				set[i+1] = set[i] + 1
			}
		}
	}
}

// mendSegment decodes the sets of k fragments that have the last fragment, until a
// segment is right. Each set costs one of sets. The result is the positions of the
// set, or nil.
func (c *coding) mendSegment(fragments [][]byte, sets *int, right func(segment []byte) bool) (set []int, segment []byte) {
	last, k := len(fragments)-1, c.codec.Data()
	pieces := make([][]byte, k)
	for others := range combinations(last, k-1) {
		if *sets == 0 {
			return nil, nil
		}
		*sets--
		for i, position := range others {
			pieces[i] = fragments[position]
		}
		pieces[k-1] = fragments[last]
		var err error
		if segment, err = c.codec.Decode(pieces, segment[:0]); err == nil && right(segment) {
			return append(slices.Clone(others), last), segment
		}
	}
	return nil, nil
}

// verified returns the last segment of a whole object, made of other fragments if the
// object's MD5 is wrong.
func (st *ecStream) verified(segment []byte, fragments [][]byte) ([]byte, error) {
	before, err := st.digest.soFar()
	if err != nil {
		return nil, st.fail(objstore.KindInternal, err)
	}
	st.digest.add(segment, nil)
	if sum := st.digest.sum(); sum != st.version.etag {
		return st.mend(fragments, before, fmt.Errorf("%w: %s and %s", errBadMD5, sum, st.version.etag))
	}
	return segment, nil
}

// mend replaces damaged fragments of the last segment of a whole object, whose MD5
// is wrong: payloads have no checksum of their own. Further archives are read one
// by one, until a set of fragments gives the right MD5. The segments before have
// left already, so damage there stays. Swift hands damaged bytes on. before is the
// MD5 of the segments before.
func (st *ecStream) mend(fragments [][]byte, before hash.Hash, damage error) ([]byte, error) {
	sets := fragmentSetsMax
	right := func(segment []byte) bool {
		sum, err := sumWith(before, segment)
		return err == nil && sum == st.version.etag
	}
	fragments = slices.Clone(fragments)
	for sets > 0 {
		r, err := st.another(st.parts[0].span.first, damage)
		if err != nil {
			break
		}
		st.readers = append(st.readers, r)
		f := r.next()
		defer f.release()
		if f.err != nil {
			st.bodyFailed(r.archive, f.err)
			st.readers = st.readers[:len(st.readers)-1]
			r.stop()
			continue
		}
		fragments = append(fragments, *f.buf)
		if set, segment := st.code.mendSegment(fragments, &sets, right); set != nil {
			st.keepReaders(set, damage)
			return segment, nil
		}
	}
	if st.ctx.Err() != nil {
		return nil, st.fail(objstore.KindUnavailable, st.ctx.Err())
	}
	return nil, st.fail(objstore.KindCorrupt, damage)
}

// keepReaders leaves the readers of the right fragments. The others had a damaged
// fragment: a smaller set of damaged fragments would have been found before.
func (st *ecStream) keepReaders(set []int, damage error) {
	var kept []*archiveReader
	for i, r := range st.readers {
		if slices.Contains(set, i) {
			kept = append(kept, r)
			continue
		}
		r.stop()
		st.bodyFailed(r.archive, damage)
	}
	st.readers = kept
}
