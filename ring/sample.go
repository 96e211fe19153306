// SPDX-License-Identifier: Apache-2.0

package ring

import "math/rand/v2"

// sampler makes the first assignment of a ring. It gives out the quotas by
// systematic sampling. The tiers lie on a line, and the length of a tier is the
// rest of its quota. The replicas of a partition are points on the line, at a
// random offset, and the distance between two points is the number of
// partitions left. So a tier gets floor or ceil of its share of every
// partition, the rest of a quota stays within the capacity of the partitions
// left, and in the end every quota is met exactly. The order of the tiers on
// the line is random for each partition, so that all devices meet all devices.
//
// A ring with fractional replicas has a further tier, which takes the replica
// that some partitions lack.
type sampler struct {
	rng    *rand.Rand
	left   int // partitions
	offset int // of the first point
	chosen []uint32
}

// lacking is the device of the tier without devices.
const lacking = -2

// sample fills rows of the given lengths from the tree's quotas.
func (t *tree) sample(rng *rand.Rand, lengths []int) [][]uint32 {
	parts, last := lengths[0], lengths[len(lengths)-1]
	root := &tier{children: append([]*tier{{id: lacking, quota: parts - last}}, t.root.children...), quota: parts * len(lengths)}
	root.fillUp()
	rows := make([][]uint32, len(lengths))
	for i, n := range lengths {
		rows[i] = make([]uint32, n)
	}
	full, short := 0, last // next partition with and without a replica in the last row
	s := sampler{rng: rng}
	for s.left = parts; s.left > 0; s.left-- {
		s.offset, s.chosen = rng.IntN(s.left), s.chosen[:0]
		s.visit(root, 0)
		rng.Shuffle(len(s.chosen), func(i, j int) { s.chosen[i], s.chosen[j] = s.chosen[j], s.chosen[i] })
		p := &full
		if len(s.chosen) < len(lengths) {
			p = &short
		}
		for i, id := range s.chosen {
			rows[i][*p] = id
		}
		*p++
	}
	return rows
}

func (t *tier) fillUp() {
	t.left = t.quota
	for _, c := range t.children {
		c.fillUp()
	}
}

// visit takes the points within a tier that begins at start, and returns their
// number.
func (s *sampler) visit(t *tier, start int) int {
	points := s.before(start+t.left) - s.before(start)
	if points == 0 {
		return 0
	}
	if len(t.children) == 0 && t.id >= 0 {
		s.chosen = append(s.chosen, uint32(t.id))
	}
	s.rng.Shuffle(len(t.children), func(i, j int) { t.children[i], t.children[j] = t.children[j], t.children[i] })
	at := start
	for _, c := range t.children {
		size := c.left
		s.visit(c, at)
		at += size
	}
	t.left -= points
	return points
}

// before is the number of points below x.
func (s *sampler) before(x int) int {
	if x <= s.offset {
		return 0
	}
	return (x-s.offset-1)/s.left + 1
}
