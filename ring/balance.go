// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"fmt"
	"math"
)

// maxBalance is reported for a device with partitions and without weight.
const maxBalance = 999.99

// held counts the replicas on each device.
func held(rows [][]uint32, devices int) []int {
	n := make([]int, devices)
	for _, row := range rows {
		for _, id := range row {
			if id != none {
				n[id]++
			}
		}
	}
	return n
}

// Balance returns by how many percent the worst device is off the share of its
// weight, as swift-ring-builder reports the balance.
func (b *Builder) Balance() float64 {
	worst := 0.0
	for _, x := range b.Balances() {
		worst = max(worst, math.Abs(x))
	}
	return worst
}

// Balances is by how many percent each device is off, by id; 0 for holes.
func (b *Builder) Balances() []float64 {
	counts := held(b.rows, len(b.devices))
	total, weight := 0, 0.0
	for id, d := range b.devices {
		if d != nil {
			total += counts[id]
			weight += d.Weight
		}
	}
	list := make([]float64, len(b.devices))
	for id, d := range b.devices {
		switch {
		case d == nil || d.Weight == 0 && counts[id] == 0:
		case d.Weight == 0:
			list[id] = maxBalance
		default:
			list[id] = 100*float64(counts[id])/(d.Weight*float64(total)/weight) - 100
		}
		if b.rows == nil {
			list[id] = 0
		}
	}
	return list
}

// Held is how many replicas each device has, by id.
func (b *Builder) Held() []int { return held(b.rows, len(b.devices)) }

// Dispersion says how well the replicas of partitions are kept apart.
type Dispersion struct {
	// Percent of all replicas by which the worst tier has too many.
	Percent float64
	// Tiers in the order of their names, from regions down to devices.
	Tiers []TierDispersion
}

// TierDispersion is the count of a single tier.
type TierDispersion struct {
	Level        int // 0 region, 1 zone, 2 server, 3 device
	Region, Zone int
	IP           string
	Device       *Device // nil above the level of devices
	Most         int     // replicas of one partition that are not too many
	Replicas     []int   // Replicas[n] is the number of partitions with n replicas here
}

// Name returns the name of the tier in Swift's tools: r1z2-10.0.0.1/sdb.
func (t *TierDispersion) Name() string {
	name := fmt.Sprintf("r%d", t.Region)
	if t.Level >= levelZone {
		name += fmt.Sprintf("z%d", t.Zone)
	}
	if t.Level >= levelServer {
		name += "-" + t.IP
	}
	if t.Level >= levelDevice {
		name += "/" + t.Device.Device
	}
	return name
}

// Excess returns the number of replicas above the bound of the tier.
func (t *TierDispersion) Excess() int {
	sum := 0
	for n, parts := range t.Replicas {
		sum += max(0, n-t.Most) * parts
	}
	return sum
}
