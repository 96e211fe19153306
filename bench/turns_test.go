// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import "testing"

// peer is a server of a comparison.
type peer struct {
	name string
	*server
}

// turns are the rounds of a load that peers take in turns.
type turns struct {
	peers  []peer
	load   Load
	rounds map[string][]total // by the names of peers
	clear  bool               // delete a peer's objects after each of its rounds
	shared bool               // all peers serve the same objects
	// forgiven is how often a failed round is repeated: a server that gets no
	// processor for long answers with an error.
	forgiven int
	count    int // rounds so far
}

// reset resets the peers' peaks of memory.
func (t *turns) reset(b *testing.B) {
	b.Helper()
	for _, p := range t.peers {
		if err := p.ResetPeakRSS(); err != nil {
			b.Fatal(err)
		}
	}
}

// round gives each peer a round. Before the first round of GETs each peer stores
// what the GETs read; the first stores what all share.
func (t *turns) round(b *testing.B) {
	b.Helper()
	for i := range t.peers {
		p := t.peers[(i+t.count)%len(t.peers)] // nobody is always first
		if t.load.Method == "GET" && !p.serves() {
			continue
		}
		if t.load.Method == "GET" && t.count == 0 && (i == 0 || !t.shared) {
			p.prepare(b, t.load)
		}
		t.rounds[p.name] = append(t.rounds[p.name], t.turn(b, p))
		if t.clear {
			p.clear(b, t.load)
		}
	}
	t.count++
}

// turn gives a peer a round.
func (t *turns) turn(b *testing.B, p peer) (sum total) {
	b.Helper()
	err := sum.run(p.server, t.load)
	for ; err != nil && t.forgiven > 0; t.forgiven-- {
		b.Logf("%s: again, after %v", p.name, err)
		sum = total{}
		err = sum.run(p.server, t.load)
	}
	if err != nil {
		b.Fatalf("%s: %v", p.name, err)
	}
	return sum
}

// prepare stores an object for each stream.
func (p peer) prepare(b *testing.B, l Load) {
	b.Helper()
	p.once(b, l, "PUT")
}

// clear deletes the objects of all streams.
func (p peer) clear(b *testing.B, l Load) {
	b.Helper()
	p.once(b, l, "DELETE")
}

// once sends a request of each stream.
func (p peer) once(b *testing.B, l Load, method string) {
	b.Helper()
	l.Method, l.OpsPerStream, l.For, l.Path = method, 1, 0, nil
	if _, err := p.aim(l).Run(); err != nil {
		b.Fatalf("%s: %v", p.name, err)
	}
}

// serves says whether the peer's GETs are compared: the floors are those of
// uploads.
func (p peer) serves() bool { return p.name != "floor" && p.name != "nodigest" }
