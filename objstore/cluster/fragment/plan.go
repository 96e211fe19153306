// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"fmt"
	"math/bits"
	"sync"
)

// set is a set of indexes of fragments.
type set [FragmentsMax / 64]uint64

func (s *set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s *set) count() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

func (s *set) hasAllBelow(end int) bool {
	for i := range end {
		if !s.has(i) {
			return false
		}
	}
	return true
}

// transform computes pieces of a code out of others.
type transform interface {
	// apply fills the outputs, the last pieces, from the inputs, the first
	// pieces. All pieces have the same length, which is not 0 and a multiple of
	// the word of the type.
	apply(pieces [][]byte) error
}

// plan computes missing pieces for a set of fragments.
type plan struct {
	inputs, outputs []int // indexes of fragments
	transform       transform
}

// decodeAll as the target of a plan means all missing data pieces.
const decodeAll = -1

// planKey tells plans apart: the fragments that are there, and the piece that
// is wanted.
type planKey struct {
	available set
	target    int
}

// plansMax bounds the plans that a Codec keeps. All segments of a read use the
// same plan; with 10+4 a plan takes under 64 KiB.
const plansMax = 64

// planCache keeps the plans made last.
type planCache struct {
	mu    sync.Mutex
	plans map[planKey]*plan
}

func (p *planCache) get(key planKey) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plans[key]
}

func (p *planCache) put(key planKey, made *plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plans == nil {
		p.plans = make(map[planKey]*plan, plansMax)
	}
	for old := range p.plans {
		if len(p.plans) < plansMax {
			break
		}
		delete(p.plans, old) // any plan: the order of a map is random
	}
	p.plans[key] = made
}

// plan returns the plan for the first k of the available fragments. Data
// fragments come first, so the matrix is mostly the identity, and parity 0 comes
// next: with parity 0 of ones, a lost piece is the sum of the others.
func (c *Codec) plan(available set, target int) (*plan, error) {
	key := planKey{available, target}
	if p := c.plans.get(key); p != nil {
		return p, nil
	}
	p, err := c.makePlan(available, target)
	if err != nil {
		return nil, err
	}
	c.plans.put(key, p)
	return p, nil
}

func (c *Codec) makePlan(available set, target int) (*plan, error) {
	p := &plan{}
	for i := 0; len(p.inputs) < c.data; i++ {
		if available.has(i) {
			p.inputs = append(p.inputs, i)
		}
	}
	if target == decodeAll {
		for i := range c.data {
			if !available.has(i) {
				p.outputs = append(p.outputs, i)
			}
		}
	} else {
		p.outputs = []int{target}
	}
	f := c.ecType.field()
	rows := newMatrix(c.data, c.data)
	for r, i := range p.inputs {
		c.copyRow(rows[r], i)
	}
	inverse, ok := f.inverse(rows)
	if !ok {
		return nil, fmt.Errorf("fragment: %w: %v do not determine a segment of %s", ErrTooFew, p.inputs, c.Scheme())
	}
	wanted := newMatrix(len(p.outputs), c.data)
	row := make([]uint16, c.data)
	for r, i := range p.outputs {
		c.copyRow(row, i)
		for piece, factor := range row {
			f.addRow(wanted[r], inverse[piece], factor)
		}
	}
	var err error
	if p.transform, err = c.ecType.compile(wanted); err != nil {
		return nil, fmt.Errorf("fragment: %s: %w", c.Scheme(), err)
	}
	return p, nil
}

// copyRow makes row the coefficients of piece i, data or parity.
func (c *Codec) copyRow(row []uint16, i int) {
	if i >= c.data {
		copy(row, c.matrix[i-c.data])
		return
	}
	clear(row)
	row[i] = 1
}
