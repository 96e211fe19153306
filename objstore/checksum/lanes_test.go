// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// counter is a Sink.
type counter chan struct{}

func (c counter) Hashed() { c <- struct{}{} }

// A stream alone is not held up, and one of several waits until the others have
// something, or until it hurries.
func TestPiecesWaitForTheOtherStreams(t *testing.T) {
	piece := make([]byte, BlockBytes)
	told := make(counter, 10)
	a, b := New(false), New(false)
	defer a.Release()
	a.Add(piece, told)
	<-told

	b.Add(piece, told) // a has begun and has nothing
	require.Empty(t, told)
	a.Add(piece, told)
	<-told
	<-told

	b.Add(piece, told)
	require.Empty(t, told)
	b.Hurry()
	<-told
	b.Hurry() // for nothing

	b.Add(piece, told)
	require.Empty(t, told)
	a.Sum() // has no more for now
	<-told

	b.Add(piece, told)
	<-told
	b.Release()
	require.Zero(t, allLanes.active)
}

func TestFullLanesDoNotWait(t *testing.T) {
	told := make(counter, 2*lanesMax)
	hashes := make([]*Hash, lanesMax+1)
	for i := range hashes {
		hashes[i] = New(false)
		hashes[i].Write(make([]byte, md5.BlockSize))
	}
	for _, h := range hashes[1:] { // the first has nothing
		h.Add(make([]byte, BlockBytes), told)
	}
	for range hashes[1:] {
		<-told
	}
	for _, h := range hashes {
		h.Release()
	}
	require.Zero(t, allLanes.active)
}

// reporter is a Sink that keeps the value of a counter.
type reporter struct {
	counter *atomic.Int64
	seen    chan int64
}

func (r reporter) Hashed() { r.seen <- r.counter.Load() }

// atPause has the leader call f where it would sleep.
func atPause(t *testing.T, f func()) {
	allLanes.mu.Lock()
	defer allLanes.mu.Unlock()
	sleep := allLanes.pause
	allLanes.pause, allLanes.inVain, allLanes.leaveOut = f, 0, 0
	t.Cleanup(func() {
		allLanes.mu.Lock()
		defer allLanes.mu.Unlock()
		allLanes.pause = sleep
	})
}

// A stream in a hurry does not go before those that are about to add something,
// nor does it wait for one that is not.
func TestLeaderIsPatient(t *testing.T) {
	atPause(t, func() {})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	hashes := make([]*Hash, lanesMax-1)
	for i := range hashes {
		hashes[i] = New(false)
		defer hashes[i].Release()
		hashes[i].Write(make([]byte, md5.BlockSize)) // has begun
	}
	// Enough to go side by side, one that adds nothing, and those about to add.
	ready, others := hashes[:3], hashes[4:]
	var added atomic.Int64
	told := make(counter, len(others))
	seen := reporter{&added, make(chan int64, len(ready))}
	for _, h := range ready {
		h.Add(make([]byte, BlockBytes), seen)
	}
	ready[0].Hurry()
	for _, h := range others {
		go func() {
			h.Add(make([]byte, BlockBytes), told)
			added.Add(1)
			h.Hurry()
		}()
	}
	before := <-seen.seen
	ready[1].Hurry()
	ready[2].Hurry()
	for range others {
		<-told
	}
	require.EqualValues(t, len(others), before)
}

// The leader pauses for those that send, and ever less often for those that do
// not.
func TestPauses(t *testing.T) {
	a, b := New(false), New(false)
	defer a.Release()
	defer b.Release()
	piece := make([]byte, BlockBytes)
	told := make(counter, 2)
	b.Write(piece[:md5.BlockSize]) // has begun
	rounds, pauses, sends := 0, []int{}, false
	atPause(t, func() {
		pauses = append(pauses, rounds)
		if sends {
			b.Add(piece[:md5.BlockSize], told)
		}
	})
	run := func(n int) {
		for rounds = 0; rounds < n; rounds++ {
			a.Add(piece[:md5.BlockSize], told)
			a.Hurry()
			<-told
		}
	}

	run(200)
	require.Equal(t, []int{0, 2, 5, 10, 19, 36, 69, 134, 199}, pauses)

	sends, pauses = true, pauses[:0]
	run(pausesLeftOutMax)
	require.Empty(t, pauses)
	for range 10 {
		pauses = pauses[:0]
		run(1)
		require.Equal(t, []int{0}, pauses)
		<-told // b's
	}
}

// Each call of hurry is for one piece.
func TestHurry(t *testing.T) {
	q := newLanes()
	a, b := newLane(), newLane()
	told := make(counter, 4)
	q.add(&b, piece{make([]byte, md5.BlockSize), told})
	<-told
	for range 3 {
		q.add(&a, piece{make([]byte, md5.BlockSize), told})
	}
	for left := 2; left >= 0; left-- {
		q.hurry(&a)
		<-told
		q.mu.Lock() // the leader has seen what else is urgent
		require.False(t, q.leading)
		require.Len(t, a.pieces, left)
		q.mu.Unlock()
	}
	q.hurry(&a) // for nothing
	require.Zero(t, q.urgent)
}

// Many streams of all lengths at once, in whole pieces and in odd ones, some of
// them given up half-way: a Hash that is taken again must be empty.
func TestManyStreamsAtOnce(t *testing.T) {
	rng := newRand(t)
	body := randomBytes(rng, 5*BlockBytes)
	const streams = 4 * lanesMax
	errs := make(chan error, 3*streams)
	for range 3 {
		var wg sync.WaitGroup
		for i := range streams {
			rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
			wg.Go(func() {
				if err := oneStream(rng, body[:rng.IntN(len(body))]); err != nil {
					errs <- fmt.Errorf("stream %d: %w", i, err)
				}
			})
		}
		wg.Wait()
	}
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	require.Zero(t, allLanes.active)
	require.Zero(t, allLanes.urgent)
	require.Empty(t, allLanes.ready)
}

func oneStream(rng *rand.Rand, body []byte) error {
	h := New(false)
	defer h.Release()
	told := make(counter, len(body)/BlockBytes+1)
	added := 0
	for rest := body; len(rest) > 0; {
		n := min(len(rest), BlockBytes)
		switch rng.IntN(4) {
		case 0:
			n = min(len(rest), 1+rng.IntN(100_000))
			h.Write(rest[:n])
		case 1:
			h.Hurry()
			fallthrough
		default:
			h.Add(rest[:n], told)
			added++
		}
		rest = rest[n:]
		if rng.IntN(40) == 0 {
			return nil // given up
		}
	}
	got, sum := h.Sum(), md5.Sum(body)
	if got.MD5 != hex.EncodeToString(sum[:]) || !slices.Equal(got.Blocks, wantDigests(body, false).Blocks) {
		return fmt.Errorf("%d bytes: %s, not %x", len(body), got.MD5, sum)
	}
	if len(told) != added {
		return fmt.Errorf("%d of %d sinks were told", len(told), added)
	}
	return nil
}
