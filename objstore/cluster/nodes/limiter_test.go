// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/ring"
)

// clock is a clock that a test sets.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_400_000_000, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func disk(n int) *ring.Device {
	return &ring.Device{ID: n, Region: 1, Zone: 1, IP: "10.0.0." + strconv.Itoa(n), Port: 6200, Device: "sda"}
}

func TestLimiter(t *testing.T) {
	var c clock
	l := NewLimiter(time.Minute, 10, c.now)
	d := disk(1)
	require.False(t, l.Limited(d))
	for range 10 {
		require.False(t, l.Failed(d), "10 errors are borne")
		require.False(t, l.Limited(d))
		c.advance(time.Minute)
	}
	require.True(t, l.Failed(d), "the eleventh error, each within a minute of the one before")
	require.True(t, l.Limited(d))
	require.False(t, l.Limited(disk(2)), "another node")

	c.advance(time.Minute)
	require.True(t, l.Limited(d), "the minute is not over")
	c.advance(1)
	require.False(t, l.Limited(d))
	require.False(t, l.Failed(d), "the errors are forgotten")
}

// TestLimiterForgetsWithoutBeingAsked: errors that are a minute apart never add
// up.
func TestLimiterForgetsWithoutBeingAsked(t *testing.T) {
	var c clock
	l := NewLimiter(time.Minute, 1, c.now)
	for range 5 {
		require.False(t, l.Failed(disk(1)))
		c.advance(time.Minute + 1)
	}
}

func TestLimitAtOnce(t *testing.T) {
	var c clock
	l := NewLimiter(time.Minute, 10, c.now)
	l.Limit(disk(1))
	require.True(t, l.Limited(disk(1)))
	c.advance(time.Minute)
	require.True(t, l.Failed(disk(1)), "an error prolongs")
	c.advance(time.Minute)
	require.True(t, l.Limited(disk(1)))
	c.advance(1)
	require.False(t, l.Limited(disk(1)))
}

// TestLimiterKey: address, port and disk tell nodes apart, and the same disk in
// another ring is the same node.
func TestLimiterKey(t *testing.T) {
	l := NewLimiter(time.Minute, 0, nil)
	l.Failed(disk(1))
	same := disk(1)
	same.ID, same.Zone, same.Weight = 7, 8, 9
	require.True(t, l.Limited(same))
	for _, other := range []ring.Device{{IP: "10.0.0.1", Port: 6200, Device: "sdb"}, {IP: "10.0.0.1", Port: 6201, Device: "sda"}, {IP: "10.0.0.2", Port: 6200, Device: "sda"}} {
		require.False(t, l.Limited(&other))
	}
}

// TestLimiterIsBounded: the node whose last error is the oldest gives way, and
// forgotten nodes all go first.
func TestLimiterIsBounded(t *testing.T) {
	var c clock
	l := NewLimiter(time.Hour, 0, c.now)
	for n := range maxTracked {
		l.Failed(disk(n))
		c.advance(1)
	}
	require.Len(t, l.nodes, maxTracked)
	require.True(t, l.Limited(disk(0)))
	l.Failed(disk(1)) // not the oldest any more, and no new node
	require.Len(t, l.nodes, maxTracked)
	c.advance(1)
	l.Failed(disk(maxTracked))
	require.Len(t, l.nodes, maxTracked)
	require.False(t, l.Limited(disk(0)))
	require.True(t, l.Limited(disk(maxTracked)))
	l.Failed(disk(maxTracked + 1))
	require.True(t, l.Limited(disk(1)))
	require.False(t, l.Limited(disk(2)))

	c.advance(time.Hour + 1)
	l.Failed(disk(maxTracked + 2))
	require.Len(t, l.nodes, 1)
}

// TestLimiterConcurrently: no error is lost.
func TestLimiterConcurrently(t *testing.T) {
	var c clock
	l := NewLimiter(time.Minute, 999, c.now)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 125 {
				l.Limited(disk(1))
				l.Failed(disk(1))
			}
		})
	}
	wg.Wait()
	require.True(t, l.Limited(disk(1)), "1000 errors are more than 999")
}

func TestTimings(t *testing.T) {
	var c clock
	x := &timings{expiry: time.Minute, now: c.now, byIP: map[string]timing{}}
	require.Equal(t, int64(-1), x.get("10.0.0.1"))
	x.set("10.0.0.1", 2400*time.Microsecond)
	x.set("10.0.0.2", 2600*time.Microsecond)
	require.Equal(t, int64(2), x.get("10.0.0.1"))
	require.Equal(t, int64(3), x.get("10.0.0.2"))
	c.advance(time.Minute - 1)
	require.Equal(t, int64(2), x.get("10.0.0.1"))
	c.advance(1)
	require.Equal(t, int64(-1), x.get("10.0.0.1"))
}

func TestTimingsAreBounded(t *testing.T) {
	var c clock
	x := &timings{expiry: time.Hour, now: c.now, byIP: map[string]timing{}}
	for n := range maxTracked {
		x.set(strconv.Itoa(n), 0)
		c.advance(1)
	}
	require.Len(t, x.byIP, maxTracked)
	x.set("new", 0)
	require.Len(t, x.byIP, maxTracked)
	require.Equal(t, int64(-1), x.get("0"), "the time that expires first gave way")
	require.Equal(t, int64(0), x.get("1"))
	c.advance(time.Hour)
	x.set("newer", 0)
	require.Len(t, x.byIP, 1)
}
