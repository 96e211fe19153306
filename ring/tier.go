// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"cmp"
	"math"
	"slices"
)

// tier is a node of the tree for placement: the whole ring, its regions, their
// zones, their servers, their devices. A share is a number of replicas of a
// partition, on the average over all partitions.
type tier struct {
	parent   *tier
	children []*tier
	id       int // of the device; -1 above
	weight   float64
	devices  int // with weight

	weighted float64 // share by weight alone
	apart    float64 // share that keeps replicas apart as well as possible
	target   float64 // what the builder aims at, see setTargets
	most     int     // replicas of one partition that the tier may have

	quota int // replicas of all partitions that the tier is to have
	held  int // those that it has
	left  int // those that sampling has not given out yet
}

// tree is the tiers of a builder's devices, without removed devices.
type tree struct {
	root   *tier
	leaves []*tier         // devices in the order of their ids
	path   [][levels]*tier // by device id: its tiers from the region down; nil for holes
}

// slack absorbs rounding in shares: a share this close to a whole number is
// whole.
const slack = 1e-6

func ceil(x float64) int  { return int(math.Ceil(x - slack)) }
func floor(x float64) int { return int(math.Floor(x + slack)) }

// plantTree builds the tree with its shares and quotas. rows tell the present
// assignments.
func (b *Builder) plantTree(lengths []int) (*tree, error) {
	t := &tree{root: &tier{id: -1}, path: make([][levels]*tier, len(b.devices))}
	named := map[tierName]*tier{}
	for id, d := range b.devices {
		if d == nil || b.removed[id] {
			continue
		}
		at := t.root
		for level := range levels {
			name := d.tier(level)
			child := named[name]
			if child == nil {
				child = &tier{parent: at, id: -1}
				named[name] = child
				at.children = append(at.children, child)
			}
			t.path[id][level] = child
			at = child
		}
		at.id, at.weight = id, d.Weight
		t.leaves = append(t.leaves, at)
		for up := at; up != nil && d.Weight > 0; up = up.parent {
			up.devices++
		}
	}
	if t.root.devices < len(lengths) {
		return nil, fail(ErrDevices, "%v replicas need %d devices with weight, there are %d", b.replicas, len(lengths), t.root.devices)
	}
	for _, row := range b.rows {
		for _, id := range row {
			t.hold(id, 1)
		}
	}
	t.setTargets(b.replicas, b.overload)
	slots := 0
	for _, n := range lengths {
		slots += n
	}
	t.root.quota = slots
	t.root.setQuotas(b.parts())
	return t, nil
}

// hold adds n to the count of a device and of its tiers. Devices outside the
// tree hold nothing.
func (t *tree) hold(id uint32, n int) {
	if id == none || t.path[id][0] == nil {
		return
	}
	for _, up := range t.path[id] {
		up.held += n
	}
	t.root.held += n
}

// setTargets computes the three shares of every tier. By weight, no device gets
// more than one replica of a partition. Apart, each child of a tier has between
// floor and ceil of an equal part, if the child has enough devices. The target
// goes from the first share towards the second until a device would exceed its
// weight by more than the overload. (Swift's names for the shares: weighted,
// wanted and target replicas by tier.)
func (t *tree) setTargets(replicas, overload float64) {
	weights, bounds := make([]float64, len(t.leaves)), make([]bound, len(t.leaves))
	for i, leaf := range t.leaves {
		weights[i], bounds[i] = leaf.weight, bound{0, 1}
	}
	for i, share := range divide(replicas, weights, bounds) {
		for up := t.leaves[i]; up != nil; up = up.parent {
			up.weighted += share
		}
	}
	t.root.apart = replicas
	t.root.spread()
	needed := 0.0
	for _, leaf := range t.leaves {
		if leaf.weighted > 0 {
			needed = max(needed, leaf.apart/leaf.weighted-1)
		}
	}
	toward := 1.0
	if needed > overload {
		toward = overload / needed
	}
	t.root.setTarget(toward)
}

func (t *tier) setTarget(toward float64) {
	t.target = t.weighted + (t.apart-t.weighted)*toward
	t.most = ceil(t.target)
	for _, c := range t.children {
		c.setTarget(toward)
	}
}

// spread divides the share for keeping replicas apart among the children.
func (t *tier) spread() {
	if len(t.children) == 0 {
		return
	}
	with := 0
	for _, c := range t.children {
		if c.devices > 0 {
			with++
		}
	}
	weights, bounds := make([]float64, len(t.children)), make([]bound, len(t.children))
	room := 0.0
	for i, c := range t.children {
		if c.devices == 0 {
			continue
		}
		equal, devices := t.apart/float64(with), float64(c.devices)
		weights[i] = c.weighted
		bounds[i] = bound{min(float64(floor(equal)), devices), min(float64(ceil(equal)), devices)}
		room += bounds[i].most
	}
	if room < t.apart-slack { // a tier with too few devices: the others take more
		for i, c := range t.children {
			bounds[i].most = float64(c.devices)
		}
	}
	for i, share := range divide(t.apart, weights, bounds) {
		t.children[i].apart = share
		t.children[i].spread()
	}
}

// bound holds a share between two numbers.
type bound struct{ least, most float64 }

// divide divides a sum in proportion to weights, each share within its bound.
// It finds the factor of the weights by bisection, in as many steps as a
// float64 has bits. Where the sum does not fit the bounds, divide comes as
// close as it can.
func divide(sum float64, weights []float64, bounds []bound) []float64 {
	shares := make([]float64, len(weights))
	fill := func(factor float64) (total float64) {
		for i, w := range weights {
			shares[i] = min(max(w*factor, bounds[i].least), bounds[i].most)
			total += shares[i]
		}
		return total
	}
	least := math.Inf(1)
	for _, w := range weights {
		if w > 0 {
			least = min(least, w)
		}
	}
	low, high := 0.0, (sum+1)/least
	for range 200 {
		middle := (low + high) / 2
		if fill(middle) < sum {
			low = middle
		} else {
			high = middle
		}
	}
	fill(high)
	return shares
}

// setQuotas divides the quota among the children. A child gets its target times
// the partitions, rounded up or down, preferably up where the child holds more
// now.
func (t *tier) setQuotas(parts int) {
	rest := t.quota
	order := slices.Clone(t.children)
	fraction := func(c *tier) float64 { return c.target*float64(parts) - float64(c.quota) }
	for _, c := range order {
		c.quota = floor(c.target * float64(parts))
		rest -= c.quota
	}
	slices.SortStableFunc(order, func(x, y *tier) int {
		return cmp.Or(cmp.Compare(bit(y.held > y.quota), bit(x.held > x.quota)), cmp.Compare(fraction(y), fraction(x)))
	})
	for _, c := range order {
		// A whole share has no fraction to round up.
		if rest > 0 && fraction(c) > slack {
			c.quota++
			rest--
		}
	}
	for _, c := range order {
		if rest > 0 && c.quota < c.most*parts {
			step := min(rest, c.most*parts-c.quota)
			c.quota += step
			rest -= step
		}
	}
	for _, c := range order { // only after rounding errors of very many tiers
		step := min(max(-rest, 0), c.quota)
		c.quota -= step
		rest += step
	}
	for _, c := range order {
		c.setQuotas(parts)
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
