// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLate(t *testing.T) {
	f := newFixture(t, nil)
	d := f.ring.Nodes(5)
	walk := func() []int { return ids(rest(f.Iter(Request{Ring: f.ring, Partition: 5})))[:3] }
	require.Equal(t, []int{d[0].ID, d[1].ID, d[2].ID}, walk())
	f.Overtaken(d[0])
	require.True(t, f.Late(d[0]))
	require.False(t, f.Late(d[1]))
	require.Equal(t, []int{d[1].ID, d[2].ID, d[0].ID}, walk(), "a late node is the last primary, and no handoff comes before")
	f.Answered(d[1])
	require.True(t, f.Late(d[0]))
	f.Answered(d[0])
	require.Equal(t, []int{d[0].ID, d[1].ID, d[2].ID}, walk())
	require.Zero(t, f.lateness.count.Load())

	f.Overtaken(d[0])
	f.clock.advance(f.options.NodeTimeout - 1)
	require.True(t, f.Late(d[0]))
	f.clock.advance(1)
	require.False(t, f.Late(d[0]), "the node has another chance")
	require.Zero(t, f.lateness.count.Load())
	require.False(t, f.Limited(d[0]), "to be late is no error")
}

// TestLateIsBounded: nodes that have rested give way first.
func TestLateIsBounded(t *testing.T) {
	var c clock
	l := &lateness{rest: time.Hour, now: c.now, until: map[nodeKey]time.Time{}}
	l.Overtaken(disk(0))
	c.advance(1)
	for n := 1; n < maxTracked; n++ {
		l.Overtaken(disk(n))
	}
	require.Len(t, l.until, maxTracked)
	l.Overtaken(disk(1)) // no new node
	require.Len(t, l.until, maxTracked)
	c.advance(time.Hour - 1)
	l.Overtaken(disk(maxTracked))
	require.Len(t, l.until, maxTracked)
	require.NotContains(t, l.until, keyOf(disk(0)))
	l.Overtaken(disk(maxTracked + 1))
	require.Len(t, l.until, maxTracked, strconv.Itoa(len(l.until)))
	require.True(t, l.Late(disk(maxTracked+1)))
}
