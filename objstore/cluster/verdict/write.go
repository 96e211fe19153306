// SPDX-License-Identifier: Apache-2.0

package verdict

import "net/http"

// Writes gathers the answers to a write: of an account, of a container, or POST
// and DELETE of an object (swift/proxy/controllers/base.py: _make_requests).
// PUTs of objects use HaveQuorum and BestResponse alone.
//
// As many workers as servers ask nodes, and go on to the next node after a
// failure. Each worker ends with an answer below 500, or with none.
type Writes struct {
	servers  int // answers that are waited for, in this phase and before
	phase    int // number of statuses before this phase
	statuses []int
	numbers  []int // of the kept answers; -1 for what is made up
	kept     int
	found    bool // a primary has the object of a POST
	extra    bool // handoffs were asked beside the primaries
}

// NewWrites expects the answers of a number of servers.
func NewWrites(servers int) *Writes { return &Writes{servers: servers} }

// Final reports whether a worker ends with a status. With another status the
// node had an error, and the worker asks the next node.
func Final(status int) bool { return status >= 200 && status < 500 }

// Add takes the answer with which a worker ended. A 404 of a handoff without
// X-Backend-Timestamp tells nothing, and is dropped: then kept is false. Kept
// answers are numbered from 0; Best.Answer is such a number.
func (w *Writes) Add(status int, handoff, tombstone bool) (kept bool) {
	if handoff && status == http.StatusNotFound && !tombstone {
		return false
	}
	w.statuses, w.numbers = append(w.statuses, status), append(w.numbers, w.kept)
	w.kept++
	return true
}

// Decided reports whether the answers have a quorum. Then the answers that are
// still missing have post_quorum_timeout to come.
func (w *Writes) Decided() bool {
	return HaveQuorum(w.statuses[w.phase:], Quorum(w.servers-w.phase))
}

// fill counts every missing answer as a 503.
func (w *Writes) fill() {
	for len(w.statuses) < w.servers {
		w.statuses, w.numbers = append(w.statuses, http.StatusServiceUnavailable), append(w.numbers, -1)
	}
}

// Best is the verdict. Missing answers count as 503. After Best no answer is
// added.
func (w *Writes) Best(overrides map[int]int) Best {
	w.fill()
	return w.best(Quorum(len(w.statuses)), overrides)
}

func (w *Writes) best(quorum int, overrides map[int]int) Best {
	best := BestResponse(w.statuses, quorum, overrides)
	if best.Answer >= 0 {
		best.Answer = w.numbers[best.Answer]
	}
	return best
}

// PostHandoffs is how many handoffs a POST of an object asks after its primaries
// have answered: as many as there are 404s, if some servers, and fewer than a
// quorum, have the object (swift/proxy/controllers/obj.py: _post_object). Swift
// 2.30 asks none. The answers of the handoffs are added after a call of
// AskHandoffs.
func (w *Writes) PostHandoffs() int {
	w.fill()
	found, missing := 0, 0
	for _, s := range w.statuses {
		switch s {
		case http.StatusAccepted:
			found++
		case http.StatusNotFound:
			missing++
		}
	}
	w.found = found > 0
	if !w.found || found >= Quorum(len(w.statuses)) {
		return 0
	}
	return missing
}

// AskHandoffs expects the answers of so many handoffs. The ring may have fewer
// handoffs than PostHandoffs wants.
func (w *Writes) AskHandoffs(handoffs int) {
	w.fill()
	w.phase, w.extra = len(w.statuses), true
	w.servers = w.phase + handoffs
}

// BestPost is the verdict on a POST of an object after PostHandoffs. replicas is
// the number of replicas of the ring: with answers of handoffs, the number of
// answers is not the number of replicas. A 404 is not true if a server has the
// object: then the verdict is 503.
func (w *Writes) BestPost(replicas int) Best {
	w.fill()
	quorum := Quorum(len(w.statuses))
	if w.extra {
		quorum = Quorum(replicas)
	}
	best := w.best(quorum, nil)
	if best.Status == http.StatusNotFound && w.found {
		return none
	}
	return best
}
