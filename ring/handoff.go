// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"crypto/md5"
	"iter"
	"strconv"
)

// Levels of tiers below the whole ring.
const (
	levelRegion = iota
	levelZone
	levelServer
	levelDevice
	levels
)

// tierIndex numbers the tiers of each level from 0. A tier counts only if a
// device of the tier has a partition: Swift's handoffs stop as soon as they
// have been in all counted tiers.
type tierIndex struct {
	of    [levels][]int32 // device id -> number of its tier
	total [levels]int     // number of tiers that count
}

// tierName names a tier; fields below the tier's level are zero.
type tierName struct {
	level, region, zone int
	ip                  string
	id                  int
}

func (d *Device) tier(level int) tierName {
	t := tierName{level: level, region: d.Region}
	if level >= levelZone {
		t.zone = d.Zone
	}
	if level >= levelServer {
		t.ip = d.IP
	}
	if level >= levelDevice {
		t.id = d.ID
	}
	return t
}

func indexTiers(r *Ring) tierIndex {
	assigned := make([]bool, len(r.devices))
	for _, row := range r.rows {
		for _, id := range row {
			assigned[id] = true
		}
	}
	var x tierIndex
	for level := range levels {
		numbers := map[tierName]int32{}
		x.of[level] = make([]int32, len(r.devices))
		for id, d := range r.devices {
			if d == nil || !assigned[id] {
				continue
			}
			name := d.tier(level)
			n, ok := numbers[name]
			if !ok {
				n = int32(len(numbers))
				numbers[name] = n
			}
			x.of[level][id] = n
		}
		x.total[level] = len(numbers)
	}
	return x
}

// Handoffs returns every device with partitions, except the nodes of this
// partition, in the order of Swift's get_more_nodes
// (swift/common/ring/ring.py): devices of regions without a replica first, then
// devices of new zones, of new servers, and the rest. Each walk starts at a
// partition drawn from the hash of the partition's number.
func (r *Ring) Handoffs(partition uint32) iter.Seq[*Device] {
	return func(yield func(*Device) bool) {
		if int64(partition) >= int64(r.Partitions()) {
			return
		}
		w := handoffWalk{ring: r}
		for level := range levels {
			w.seen[level] = make([]bool, r.tiers.total[level])
		}
		for _, d := range r.Nodes(partition) {
			w.use(d.ID)
		}
		start, step := r.handoffStart(partition)
		for level := range levels {
			if !w.walk(level, start, step, yield) {
				return
			}
		}
	}
}

// handoffStart returns the first partition of a walk and the distance to the
// next. The distance keeps a walk within 65,536 partitions.
func (r *Ring) handoffStart(partition uint32) (start, step int) {
	sum := md5.Sum(strconv.AppendUint(nil, uint64(partition), 10))
	return int(r.PartitionOf(sum)), max(1, r.Partitions()/65536)
}

// handoffWalk has the used tiers of each level.
type handoffWalk struct {
	ring *Ring
	seen [levels][]bool
	used [levels]int
}

func (w *handoffWalk) use(id int) {
	for level := range levels {
		n := w.ring.tiers.of[level][id]
		if !w.seen[level][n] {
			w.seen[level][n] = true
			w.used[level]++
		}
	}
}

// walk yields, at a level, the first device of each tier. It returns false once
// the caller wants no more devices.
func (w *handoffWalk) walk(level, start, step int, yield func(*Device) bool) bool {
	parts := w.ring.Partitions()
	for p := start; p < parts; p += step {
		if more, want := w.visit(level, p, yield); !more || !want {
			return want
		}
	}
	// The first step past the end lands on a partition above zero even where
	// zero is due. Swift leaves partition zero out, and this walk must too.
	for p := step - (parts-start)%step; p < start; p += step {
		if more, want := w.visit(level, p, yield); !more || !want {
			return want
		}
	}
	return true
}

// visit looks at the replicas of a partition. more reports whether the level
// has tiers left; want reports whether the caller wants more devices.
func (w *handoffWalk) visit(level, partition int, yield func(*Device) bool) (more, want bool) {
	r := w.ring
	for _, row := range r.rows {
		if w.used[level] == r.tiers.total[level] {
			return false, true
		}
		if partition >= len(row) {
			continue
		}
		id := int(row[partition])
		if w.seen[level][r.tiers.of[level][id]] {
			continue
		}
		w.use(id)
		if !yield(r.devices[id]) {
			return false, false
		}
	}
	return true, true
}
