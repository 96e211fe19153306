// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/fragment"
)

// TestErasureMends: with up to m damaged fragments of the last segment the right
// bytes come, with more of them an error, and no wrong byte leaves.
func TestErasureMends(t *testing.T) {
	for _, size := range []int{999, 1000, 3210} {
		for damaged := range 4 {
			metrics := &countedMetrics{counts: map[string]int{}}
			f := newECFake(t, Options{Metrics: metrics, shuffle: func(int, func(i, j int)) {}})
			body := ecBody(ecRandom(t), size)
			f.put(t, body, objstore.PutOptions{ContentType: "a/b"})
			for _, n := range f.having()[:damaged] {
				n.set(func(n *ecNode) { n.archives[0].body[(size-1)/ecSegment*330+fragment.HeaderBytes] ^= 1 })
			}
			got, err := f.get(t, "", 0, int64(size))
			metrics.mu.Lock()
			broken := metrics.counts["body"]
			metrics.mu.Unlock()
			if damaged > 2 {
				require.ErrorIs(t, err, objstore.KindCorrupt, "%d of %d bytes", damaged, size)
				require.ErrorIs(t, err, errBadMD5)
				require.Equal(t, body[:(size-1)/ecSegment*ecSegment], got)
				continue
			}
			require.NoError(t, err, "%d of %d bytes", damaged, size)
			require.True(t, bytes.Equal(body, got))
			require.Equal(t, damaged, broken, "the nodes with damaged fragments are told")
		}
	}
}

// TestErasureMendsBeforeFurtherParts: a whole object that is followed by a further
// range.
func TestErasureMendsBeforeFurtherParts(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 2500)
	f.put(t, body, objstore.PutOptions{ContentType: "a/b"})
	f.having()[1].set(func(n *ecNode) { n.archives[0].body[2*330+fragment.HeaderBytes] ^= 1 })
	f.readSpans(t, body, "bytes=0-,5-1500", [][2]int64{{0, 2500}, {5, 1496}})
}

func TestCombinations(t *testing.T) {
	f := func(n, k int, want ...[]int) {
		t.Helper()
		var got [][]int
		for set := range combinations(n, k) {
			got = append(got, slices.Clone(set))
		}
		require.Equal(t, want, got)
	}
	f(3, 2, []int{0, 1}, []int{0, 2}, []int{1, 2})
	f(2, 2, []int{0, 1})
	f(2, 0, []int{})
	f(1, 2)
	f(4, 1, []int{0}, []int{1}, []int{2}, []int{3})
}

// TestFragmentSetsAreBounded: the right set is found as the last set that may be
// tried, and not one later.
func TestFragmentSetsAreBounded(t *testing.T) {
	c := code42(t)
	segment := ecBody(ecRandom(t), 1000)
	fragments := make([][]byte, 6)
	require.NoError(t, c.codec.Encode(segment, fragments))
	fragments[0][fragment.HeaderBytes] ^= 1
	right := func(got []byte) bool { return bytes.Equal(got, segment) }
	for sets, want := range map[int][]int{9: nil, 10: {2, 3, 4, 5}, fragmentSetsMax: {2, 3, 4, 5}} {
		fragments[1][fragment.HeaderBytes] ^= 1
		left := sets
		set, got := c.mendSegment(fragments, &left, right)
		require.Equal(t, want, set)
		require.Equal(t, max(sets-10, 0), left)
		require.Equal(t, want != nil, right(got))
		fragments[1][fragment.HeaderBytes] ^= 1
	}
}

// noClone is a digest that cannot be cloned.
type noClone struct{ errorHash }

type errorHash struct{}

func (errorHash) Write(b []byte) (int, error) { return len(b), nil }
func (errorHash) Sum(b []byte) []byte         { return b }
func (errorHash) Reset()                      {}
func (errorHash) Size() int                   { return 0 }
func (errorHash) BlockSize() int              { return 1 }

func TestSumWith(t *testing.T) {
	_, err := sumWith(noClone{}, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
