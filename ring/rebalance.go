// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Rebalance gives every partition its devices. The first Rebalance places all
// replicas. Later runs move as few replicas as they can:
//
// 1. replicas without a place (of removed devices, or new replicas) are placed;
// 2. replicas too close to another replica of their partition are moved; 3.
// devices above their quota give to devices below their quota; 4. chains of
// moves do the rest, where no single move can help (chain.go).
//
// At most one replica of a partition moves at a time. A resting partition does
// not move, except away from removed devices. The same builder, seed and time
// give the same ring.
func (b *Builder) Rebalance(seed uint64) (*Report, error) {
	lengths := b.lengths()
	b.resize(lengths)
	t, err := b.plantTree(lengths)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	hour := uint32(time.Now().Unix() / 3600)
	report := &Report{}
	if b.rows == nil {
		b.rows = t.sample(rng, lengths)
		for p := range b.moved {
			b.moved[p] = hour
		}
		report.Moved = t.root.quota
	} else {
		m := newMover(b, t, rng, hour)
		m.run()
		report.Moved, report.Resting = m.finish()
	}
	for id, gone := range b.removed {
		if gone {
			b.devices[id], b.removed[id] = nil, false
			report.Removed++
		}
	}
	b.changed = false
	b.version++
	report.Balance, report.Dispersion = b.Balance(), b.Dispersion().Percent
	return report, nil
}

// Report tells what a Rebalance did and the state of the ring after the run.
type Report struct {
	Moved      int     // replicas that are on another device than before
	Resting    int     // replicas above the quota of their device that rest
	Removed    int     // devices
	Balance    float64 // see Builder.Balance
	Dispersion float64 // see Dispersion.Percent
}

// lengths is how long each row is for the number of replicas.
func (b *Builder) lengths() []int {
	whole := int(b.replicas)
	lengths := slices.Repeat([]int{b.parts()}, whole)
	if last := int(float64(b.parts()) * (b.replicas - float64(whole))); last > 0 {
		lengths = append(lengths, last)
	}
	return lengths
}

// resize cuts rows or makes them longer; new replicas are nowhere.
func (b *Builder) resize(lengths []int) {
	if b.rows == nil {
		return
	}
	for len(b.rows) < len(lengths) {
		b.rows = append(b.rows, nil)
	}
	b.rows = b.rows[:len(lengths)]
	for i, n := range lengths {
		for len(b.rows[i]) < n {
			b.rows[i] = append(b.rows[i], none)
		}
		b.rows[i] = b.rows[i][:n]
	}
}

// slot is a replica of a partition.
type slot struct{ row, part int }

// mover changes an assignment.
type mover struct {
	b     *Builder
	t     *tree
	rng   *rand.Rand
	hour  uint32
	rows  [][]uint32
	old   [][]uint32 // as it was
	moved []bool     // by partition: a replica was moved in this run
	under []*tier    // devices below their quota
	home  []*tier    // by device id: its leaf
}

func newMover(b *Builder, t *tree, rng *rand.Rand, hour uint32) *mover {
	m := &mover{b: b, t: t, rng: rng, hour: hour, rows: b.rows, moved: make([]bool, b.parts()), home: make([]*tier, len(b.devices))}
	for _, row := range b.rows {
		m.old = append(m.old, slices.Clone(row))
	}
	for _, leaf := range t.leaves {
		m.home[leaf.id] = leaf
		if leaf.held < leaf.quota {
			m.under = append(m.under, leaf)
		}
	}
	return m
}

func (m *mover) run() {
	homeless := m.evict()
	for _, s := range homeless {
		if to := m.best(s); to != nil {
			m.move(s, to)
		}
	}
	parts := m.rng.Perm(m.b.parts())
	for _, p := range parts {
		m.disperse(p)
	}
	for _, p := range parts {
		m.balance(p)
	}
	m.chains(homeless)
	for _, s := range homeless {
		if m.rows[s.row][s.part] == none {
			m.force(s)
		}
	}
}

// evict takes replicas off removed devices. It returns the slots without a
// place, in random order.
func (m *mover) evict() []slot {
	var list []slot
	for i, row := range m.rows {
		for p, id := range row {
			if id != none && m.home[id] == nil {
				row[p] = none
			}
			if row[p] == none {
				list = append(list, slot{i, p})
			}
		}
	}
	m.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// mayMove says whether a replica of the partition may be moved by choice.
func (m *mover) mayMove(part int) bool {
	return !m.moved[part] && m.b.rested(part, m.hour)
}

// rested says whether the last move of a partition is long enough ago.
func (b *Builder) rested(part int, hour uint32) bool {
	return b.moved[part] == 0 || int64(hour) >= int64(b.moved[part])+int64(b.minPartHours)
}

// excess returns by how many replicas of a partition a device's tiers would be
// above their bounds, summed over the levels, if the slot moved to the device.
func (m *mover) excess(s slot, to *tier) int {
	path := &m.t.path[to.id]
	total := 0
	for level, up := range path {
		n := 1
		for i, row := range m.rows {
			if i == s.row || s.part >= len(row) || row[s.part] == none {
				continue
			}
			if id := row[s.part]; m.t.path[id][level] == up {
				n++
			}
		}
		total += max(0, n-up.most)
	}
	return total
}

func (m *mover) fits(s slot, to *tier) bool { return m.excess(s, to) == 0 }

// best returns, of the devices below their quota, the device that lacks most
// and fits the slot; nil if no device fits. Devices at their quota leave the
// list here.
func (m *mover) best(s slot) *tier {
	m.under = slices.DeleteFunc(m.under, func(t *tier) bool { return t.held >= t.quota })
	if len(m.under) == 0 {
		return nil
	}
	var found *tier
	first := m.rng.IntN(len(m.under)) // so that equals take turns
	for i := range m.under {
		t := m.under[(first+i)%len(m.under)]
		if (found == nil || t.quota-t.held > found.quota-found.held) && m.fits(s, t) {
			found = t
		}
	}
	return found
}

func (m *mover) move(s slot, to *tier) {
	at := &m.rows[s.row][s.part]
	m.t.hold(*at, -1)
	*at = uint32(to.id)
	m.t.hold(*at, 1)
	m.moved[s.part] = true
}

// disperse moves a replica too close to the rest of its partition, if there is
// such a replica, to the best device for the move.
func (m *mover) disperse(part int) {
	if !m.mayMove(part) {
		return
	}
	for i, row := range m.rows {
		if part >= len(row) || row[part] == none {
			continue
		}
		s, here := slot{i, part}, m.home[row[part]]
		now := m.excess(s, here)
		if now == 0 {
			continue
		}
		if to := m.best(s); to != nil {
			m.move(s, to)
			return
		}
		if to := m.nearest(s); to != nil && m.excess(s, to) < now {
			m.move(s, to)
			return
		}
	}
}

// balance moves a replica off a device above its quota to a device below its
// quota.
func (m *mover) balance(part int) {
	for i, row := range m.rows {
		if part >= len(row) || row[part] == none {
			continue
		}
		if here := m.home[row[part]]; here.held <= here.quota || !m.mayMove(part) {
			continue
		}
		s := slot{i, part}
		if to := m.best(s); to != nil {
			m.move(s, to)
			return
		}
	}
}

// nearest returns the device with weight and without this partition where the
// fewest bounds break. Of several, the device that lacks most counts.
func (m *mover) nearest(s slot) *tier {
	var found *tier
	least := 0
	for _, t := range m.t.leaves {
		if t.weight == 0 || m.holds(s.part, t) {
			continue
		}
		n := m.excess(s, t)
		if found == nil || n < least || n == least && t.quota-t.held > found.quota-found.held {
			found, least = t, n
		}
	}
	return found
}

func (m *mover) holds(part int, t *tier) bool {
	for _, row := range m.rows {
		if part < len(row) && row[part] == uint32(t.id) {
			return true
		}
	}
	return false
}

// force places a replica for which no chain of moves found a place within
// bounds. A device is always there, because the ring has at least as many
// devices as rows.
func (m *mover) force(s slot) { m.move(s, m.nearest(s)) }

// finish notes the time of the moves. It returns how many replicas moved and
// how many have to wait.
func (m *mover) finish() (moved, resting int) {
	for i, row := range m.rows {
		for p, id := range row {
			if i < len(m.old) && m.old[i][p] == id {
				continue
			}
			moved++
			m.b.moved[p] = m.hour
		}
	}
	for _, leaf := range m.t.leaves {
		resting += max(0, leaf.held-leaf.quota)
	}
	return moved, resting
}
