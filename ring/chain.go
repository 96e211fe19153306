// SPDX-License-Identifier: Apache-2.0

package ring

import "slices"

// maxChains bounds the chains of a Rebalance. A chain costs at most a look at
// every replica for every device.
const maxChains = 4096

// chainStep is the move of a slot to a device: the end of a chain of moves.
type chainStep struct {
	to   *tier
	slot slot
	prev *chainStep // nil for the first
}

// chains moves a replica from a device above its quota (or from nowhere) over
// further devices to a device below its quota. Each device on the way gives a
// replica and gets a replica. The search is breadth first, and a replica moved
// earlier in this run moves again for free, so that as few further replicas as
// possible move.
func (m *mover) chains(homeless []slot) {
	c := &chainSearch{mover: m, slots: make([][]slot, len(m.b.devices)), dead: make([]bool, len(m.b.devices))}
	for i, row := range m.rows {
		for p, id := range row {
			if id != none {
				c.slots[id] = append(c.slots[id], slot{i, p})
			}
		}
	}
	budget := maxChains
	for _, s := range homeless {
		if m.rows[s.row][s.part] == none && budget > 0 {
			budget--
			c.run([]slot{s})
		}
	}
	for _, leaf := range m.t.leaves {
		for leaf.held > leaf.quota && budget > 0 {
			budget--
			if !c.run(c.slots[leaf.id]) {
				break
			}
		}
	}
}

type chainSearch struct {
	*mover
	slots [][]slot // by device id: what it holds
	dead  []bool   // by device id: no chain leads on from it
}

// run finds a chain from one of the slots and makes the moves of the chain.
func (c *chainSearch) run(from []slot) bool {
	reached := make([]bool, len(c.slots))
	var now, next []*chainStep // steps of equal cost, and of one move more
	c.extend(from, nil, reached, &now, &next)
	for len(now) > 0 || len(next) > 0 {
		if len(now) == 0 {
			now, next = next, nil
		}
		if i := slices.IndexFunc(now, func(s *chainStep) bool { return s.to.held < s.to.quota }); i >= 0 {
			c.apply(now[i])
			return true
		}
		step := now[len(now)-1]
		now = now[:len(now)-1]
		if !reached[step.to.id] {
			reached[step.to.id] = true
			c.extend(c.slots[step.to.id], step, reached, &now, &next)
		}
	}
	// Nothing leads on from the devices reached so far, now or later in this
	// run: moves only use up the slots that may move.
	for id, yes := range reached {
		c.dead[id] = c.dead[id] || yes
	}
	return false
}

// extend adds a step for every device to which a slot can move, with a free
// slot where there is one.
func (c *chainSearch) extend(slots []slot, prev *chainStep, reached []bool, now, next *[]*chainStep) {
	open := slices.DeleteFunc(slices.Clone(c.t.leaves), func(t *tier) bool {
		return t.weight == 0 || reached[t.id] || c.dead[t.id]
	})
	for _, free := range []bool{true, false} {
		steps := now
		if !free {
			steps = next
		}
		for _, s := range slots {
			if len(open) == 0 {
				return
			}
			if c.isFree(s) != free || !free && !c.mayMove(s.part) || inChain(prev, s.part) {
				continue
			}
			open = slices.DeleteFunc(open, func(t *tier) bool {
				if !c.fits(s, t) {
					return false
				}
				*steps = append(*steps, &chainStep{to: t, slot: s, prev: prev})
				return true
			})
		}
	}
}

// isFree reports whether a move of the slot costs nothing, because the slot
// moved already in this run.
func (c *chainSearch) isFree(s slot) bool {
	return c.old[s.row][s.part] != c.rows[s.row][s.part] || c.rows[s.row][s.part] == none
}

// inChain reports whether a chain already moves a replica of the partition. The
// bounds of a partition were checked against the present places of the
// remaining replicas.
func inChain(step *chainStep, part int) bool {
	for ; step != nil; step = step.prev {
		if step.slot.part == part {
			return true
		}
	}
	return false
}

func (c *chainSearch) apply(step *chainStep) {
	for ; step != nil; step = step.prev {
		s := step.slot
		if from := c.rows[s.row][s.part]; from != none {
			i := slices.Index(c.slots[from], s)
			c.slots[from] = slices.Delete(c.slots[from], i, i+1)
		}
		c.slots[step.to.id] = append(c.slots[step.to.id], s)
		c.move(s, step.to)
	}
}
