// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRingOrder's servers were told by Swift's MemcacheRing: the interop test
// compares more of them.
func TestRingOrder(t *testing.T) {
	servers := []string{"127.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211", "[::1]:11212"}
	r, err := newRing(servers)
	require.NoError(t, err)
	require.Len(t, r.points, 200)
	for name, want := range map[string][]int{
		"account/AUTH_test":        {3, 2, 1},
		"container/AUTH_test/c":    {1, 2, 0},
		"AUTH_/user/test:tester":   {0, 3, 2},
		"shard-listing-v2/a/\xc3é": {3, 2, 0},
	} {
		require.Equal(t, want, r.order(keyOf(name), 3), name)
	}
	require.Len(t, r.order(keyOf("x"), 9), 4, "no server is asked twice")
}

func TestRingOfOneServer(t *testing.T) {
	r, err := newRing([]string{"a"})
	require.NoError(t, err)
	for i := range 100 {
		require.Equal(t, []int{0}, r.order(keyOf(fmt.Sprint(i)), 3))
	}
}

func TestRingBounds(t *testing.T) {
	_, err := newRing([]string{"a", "b", "a"})
	require.ErrorContains(t, err, `"a" is given twice`)
	many := make([]string, serversMax)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	_, err = newRing(many)
	require.NoError(t, err)
	_, err = newRing(append(many, "x"))
	require.ErrorContains(t, err, "more than 256")
}

// TestKeyOnAPoint: Python's bisect goes behind an equal point.
func TestKeyOnAPoint(t *testing.T) {
	r, err := newRing([]string{"a", "b", "c"})
	require.NoError(t, err)
	for i, p := range r.points {
		want := r.points[(i+2)%len(r.points)].server
		require.Equal(t, want, r.order(p.hash, 1)[0], "point %d", i)
	}
}
