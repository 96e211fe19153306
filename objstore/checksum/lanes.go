// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"runtime"
	"sync"
	"time"
)

const (
	// lanesMax is the number of lanes taken side by side.
	lanesMax = 16

	// roundBytes bounds the bytes taken of each lane in a round, so that a
	// newly urgent lane soon has its turn: 0.2 ms.
	roundBytes = 64 << 10

	// patience is how often the leader lets the rest of the goroutines run
	// before it begins a round without some of the streams. A reader that finds
	// its socket full fills all its buffers in one go and hurries before the
	// rest had their turn: without patience 28 % of the bytes of 16 uploads
	// went through rounds of 16 lanes, and a round was 68 % full; with patience
	// 58 % and 85 % (two runs on a busy machine).
	patience = 4

	// pauseFor is how long the leader sleeps after its patience, so that
	// clients can send the missing bytes. Where the disk limits the uploads, 41
	// % of the bytes of 16 uploads went through rounds of 16 lanes without the
	// pause and 58 % with the pause; a round was 81 and 88 % full; a GB took
	// 0.63 and 0.58 s of the processors. A pause of 200 µs does the same.
	pauseFor = 100 * time.Microsecond

	// pausesLeftOutMax is the most rounds without a pause after a series of
	// pauses in vain: each pause in vain doubles the number. So streams without
	// a sender cost the rest a hundredth of their time.
	pausesLeftOutMax = 64
)

// Sink is told when the bytes given to Hash.Add are no longer needed. The call
// must not block.
type Sink interface{ Hashed() }

// piece is bytes of a stream on their way into its digest.
type piece struct {
	left []byte // a multiple of md5.BlockSize
	sink Sink   // or nil
}

// lane is the MD5 of the whole blocks of a stream. The mutex of the lanes
// guards everything but the state, which belongs to the leader while there are
// pieces.
type lane struct {
	state  [4]uint32
	plain  *plainMD5
	pieces []piece
	urgent int           // so many of the first pieces are waited for
	active bool          // counted in lanes.active
	waits  bool          // somebody wants to know when there are no pieces
	empty  chan struct{} // that it is so; holds one
}

func newLane() lane {
	return lane{state: md5Start, plain: newPlainMD5(), empty: make(chan struct{}, 1)}
}

// addPlain adds whole blocks with crypto/md5.
func (l *lane) addPlain(p []byte) { l.plain.add(&l.state, p) }

// lanes takes the MD5 of many streams side by side. Pieces wait until the
// vector unit is full or until a stream cannot go on without them. Then a
// leader, one goroutine at a time, works as long as either holds; before a
// round that is not full, streams about to add pieces may do so. So the unit is
// well filled under load, and a stream alone is never held up.
type lanes struct {
	mu      sync.Mutex
	ready   []*lane // those with pieces, but for those of the round that runs
	active  int     // streams that have begun and not ended
	urgent  int     // lanes with urgent pieces
	leading bool
	leader  func()         // lead: a go statement with a method would allocate
	round   [lanesMax]turn // the leader's

	pause    func() // of the leader: sleeps for pauseFor
	inVain   int    // rounds to leave out pauses of after the last pause
	leaveOut int    // of those, the ones to come
}

// turn is the part of a lane in a round.
type turn struct {
	*lane
	bytes []byte
}

var allLanes = newLanes()

func newLanes() *lanes {
	q := &lanes{pause: func() { time.Sleep(pauseFor) }}
	q.leader = q.lead
	return q
}

// add hands over bytes, which must stay unchanged until the sink is told.
func (q *lanes) add(l *lane, p piece) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !l.active {
		l.active = true
		q.active++
	}
	l.pieces = append(l.pieces, p)
	if len(l.pieces) == 1 {
		q.ready = append(q.ready, l)
	}
	q.wake()
}

// hurry says that the stream cannot go on without one more of its pieces. Only
// as many pieces are urgent as streams wait: by the time the next piece is
// urgent, further streams may be there to share its rounds.
func (q *lanes) hurry(l *lane) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.press(l, l.urgent+1)
}

// press makes the first n pieces of a lane urgent, or all.
func (q *lanes) press(l *lane, n int) {
	n = min(n, len(l.pieces))
	if l.urgent == 0 && n > 0 {
		q.urgent++
	}
	l.urgent = n
	q.wake()
}

// wait returns when a stream has no pieces. No piece may be added meanwhile.
func (q *lanes) wait(l *lane) {
	q.mu.Lock()
	q.press(l, len(l.pieces))
	l.waits = len(l.pieces) > 0
	waits := l.waits
	q.mu.Unlock()
	if waits {
		<-l.empty
	}
}

// end says that no pieces come for a while. The stream has no pieces.
func (q *lanes) end(l *lane) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.active {
		l.active = false
		q.active--
		q.wake() // the others wait no longer for this one
	}
}

// due reports whether it is time to work.
func (q *lanes) due() bool { return q.urgent > 0 || len(q.ready) > 0 && q.full() }

// full reports whether a round would have as many lanes as possible.
func (q *lanes) full() bool { return len(q.ready) >= min(q.active, lanesMax) }

// wake starts a leader if a leader is due.
func (q *lanes) wake() {
	if !q.leading && q.due() {
		q.leading = true
		go q.leader()
	}
}

// lead runs rounds as long as they are due.
func (q *lanes) lead() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.due() {
		q.gather()
		round := q.take()
		q.apart(func() { addRound(round) })
		q.settle(round)
	}
	q.leading = false
}

// gather gives streams the chance to take part in the next round: streams with
// a runnable goroutine, and, now and then, streams that wait for bytes.
func (q *lanes) gather() {
	for tries := 0; tries < patience && !q.full(); tries++ {
		q.apart(runtime.Gosched)
	}
	if q.full() {
		return
	}
	if q.leaveOut > 0 {
		q.leaveOut--
		return
	}
	ready := len(q.ready)
	q.apart(q.pause)
	if len(q.ready) > ready {
		q.inVain = 0
	} else {
		q.inVain = min(max(1, 2*q.inVain), pausesLeftOutMax)
	}
	q.leaveOut = q.inVain
}

// apart calls f without the lock.
func (q *lanes) apart(f func()) {
	q.mu.Unlock()
	defer q.mu.Lock()
	f()
}

// take moves the lanes of the next round out of ready, urgent lanes first. Each
// lane gets as many bytes as the lane with the fewest bytes has.
func (q *lanes) take() []turn {
	round := q.round[:0]
	for _, urgent := range []bool{true, false} {
		keep := q.ready[:0]
		for _, l := range q.ready {
			if len(round) < lanesMax && (l.urgent > 0) == urgent {
				round = append(round, turn{l, l.pieces[0].left})
			} else {
				keep = append(keep, l)
			}
		}
		clear(q.ready[len(keep):])
		q.ready = keep
	}
	n := len(round[0].bytes)
	if sideBySide(round) {
		n = roundBytes
	}
	for _, t := range round {
		n = min(n, len(t.bytes))
	}
	for i := range round {
		round[i].bytes = round[i].bytes[:n]
	}
	return round
}

func sideBySide(round []turn) bool {
	from := kernelFrom()
	return from > 0 && len(round) >= from
}

// settle counts the bytes of a round as taken.
func (q *lanes) settle(round []turn) {
	for _, t := range round {
		l := t.lane
		first := &l.pieces[0]
		if first.left = first.left[len(t.bytes):]; len(first.left) == 0 {
			q.finishPiece(l)
		}
		if len(l.pieces) > 0 {
			q.ready = append(q.ready, l)
		} else if l.waits {
			l.waits = false
			l.empty <- struct{}{}
		}
	}
}

func (q *lanes) finishPiece(l *lane) {
	sink := l.pieces[0].sink
	k := copy(l.pieces, l.pieces[1:])
	l.pieces[k] = piece{}
	l.pieces = l.pieces[:k]
	if l.urgent > 0 {
		if l.urgent--; l.urgent == 0 {
			q.urgent--
		}
	}
	if sink != nil {
		sink.Hashed()
	}
}

// addRound adds the bytes of a round to its digests.
func addRound(round []turn) {
	if sideBySide(round) {
		addSideBySide(round)
		return
	}
	if len(round) > 1 {
		addPlainly(round)
		return
	}
	round[0].addPlain(round[0].bytes)
}

// addPlainly takes a plain digest of each lane on a processor of its own.
func addPlainly(round []turn) {
	var wg sync.WaitGroup
	for _, t := range round {
		wg.Go(func() { t.addPlain(t.bytes) })
	}
	wg.Wait()
}
