// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"cmp"
	"math"
	"slices"
)

// Dispersion counts, for every tier, partitions by their number of replicas in
// the tier. The bound follows swift-ring-builder: the replicas of a tier
// divided evenly among the children of the tier, rounded up, without regard to
// weights. With fractional replicas swift-ring-builder leaves out the
// partitions beyond the end of the last row; Dispersion counts them.
func (b *Builder) Dispersion() *Dispersion {
	tiers := b.mostByTier()
	atRisk, slots := 0, 0
	for _, row := range b.rows {
		slots += len(row)
	}
	for p := range b.parts() {
		if b.rows == nil {
			break
		}
		atRisk += b.countPartition(tiers, p)
	}
	out := &Dispersion{}
	if slots > 0 {
		out.Percent = 100 * float64(atRisk) / float64(slots)
	}
	for _, t := range tiers.list {
		out.Tiers = append(out.Tiers, *t)
	}
	return out
}

// tierCounts finds the counts of a device's tiers.
type tierCounts struct {
	list []*TierDispersion
	path [][levels]*TierDispersion // by device id
	seen map[*TierDispersion]int   // replicas of one partition
}

// countPartition adds a partition to the counts. It returns by how many
// replicas the partition exceeds the bound, at the level with the largest
// excess.
func (b *Builder) countPartition(tiers *tierCounts, part int) int {
	clear(tiers.seen)
	for _, row := range b.rows {
		if part >= len(row) || row[part] == none {
			continue
		}
		for _, t := range tiers.path[row[part]] {
			tiers.seen[t]++
		}
	}
	var excess [levels]int
	for t, n := range tiers.seen {
		t.Replicas[0]--
		t.Replicas[n]++
		excess[t.Level] += max(0, n-t.Most)
	}
	return slices.Max(excess[:])
}

// mostByTier returns the tiers of all present devices with their bounds. Only
// tiers with weight share replicas.
func (b *Builder) mostByTier() *tierCounts {
	tiers := &tierCounts{path: make([][levels]*TierDispersion, len(b.devices)), seen: map[*TierDispersion]int{}}
	named := map[tierName]*TierDispersion{}
	children, weighty := map[tierName]int{}, map[tierName]bool{}
	parent := func(d *Device, level int) tierName {
		if level == 0 {
			return tierName{level: -1}
		}
		return d.tier(level - 1)
	}
	for id, d := range b.devices {
		if d == nil {
			continue
		}
		for level := range levels {
			name := d.tier(level)
			if named[name] == nil {
				t := &TierDispersion{Level: level, Region: name.region, Zone: name.zone, IP: name.ip, Replicas: make([]int, len(b.rows)+1)}
				t.Replicas[0] = b.parts()
				if level == levelDevice {
					t.Device = d
				}
				named[name] = t
				tiers.list = append(tiers.list, t)
			}
			if d.Weight > 0 && !weighty[name] {
				weighty[name] = true
				children[parent(d, level)]++
			}
			tiers.path[id][level] = named[name]
		}
	}
	for id, d := range b.devices {
		share := b.replicas
		for level := 0; d != nil && d.Weight > 0 && level < levels; level++ {
			share = math.Ceil(share / float64(children[parent(d, level)]))
			if level == levelDevice {
				share = min(share, 1)
			}
			tiers.path[id][level].Most = int(share)
		}
	}
	slices.SortFunc(tiers.list, compareTiers)
	return tiers
}

func compareTiers(x, y *TierDispersion) int {
	c := cmp.Or(cmp.Compare(x.Level, y.Level), cmp.Compare(x.Region, y.Region), cmp.Compare(x.Zone, y.Zone), cmp.Compare(x.IP, y.IP))
	if c == 0 && x.Device != nil && y.Device != nil {
		c = cmp.Compare(x.Device.ID, y.Device.ID)
	}
	return c
}
