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
		w := r.HandoffWalk(partition)
		for d, ok := w.Next(); ok && yield(d); d, ok = w.Next() {
		}
	}
}

// handoffStart returns the first partition of a walk and the distance to the
// next. The distance keeps a walk within 65,536 partitions.
func (r *Ring) handoffStart(partition uint32) (start, step int) {
	sum := md5.Sum(strconv.AppendUint(nil, uint64(partition), 10))
	return int(r.PartitionOf(sum)), max(1, r.Partitions()/65536)
}

// HandoffWalk gives the devices of Handoffs one call at a time, for a caller
// that does not know how many devices a request will need. A walk can be left
// at any time. A walk has one user at a time.
type HandoffWalk struct {
	ring        *Ring
	seen        [levels][]bool
	used        [levels]int // number of the used tiers of each level
	start, step int
	level       int
	partition   int  // where the walk stands
	row         int  // the next replica of partition
	wrapped     bool // the walk is past the last partition
}

// HandoffWalk begins a walk. The place of a device in the walk, from 0, is
// Swift's handoff_index.
func (r *Ring) HandoffWalk(partition uint32) *HandoffWalk {
	w := &HandoffWalk{ring: r, level: levels}
	if int64(partition) >= int64(r.Partitions()) {
		return w
	}
	for level := range levels {
		w.seen[level] = make([]bool, r.tiers.total[level])
	}
	for _, d := range r.Nodes(partition) {
		w.use(d.ID)
	}
	w.start, w.step = r.handoffStart(partition)
	w.begin(0)
	return w
}

// Next returns the next handoff, or false when the walk has been everywhere.
func (w *HandoffWalk) Next() (*Device, bool) {
	for w.level < levels {
		if w.used[w.level] == w.ring.tiers.total[w.level] {
			w.begin(w.level + 1)
			continue
		}
		if d := w.visit(); d != nil {
			return d, true
		}
		if !w.advance() {
			w.begin(w.level + 1)
		}
	}
	return nil, false
}

// begin goes to the start of a level.
func (w *HandoffWalk) begin(level int) {
	w.level, w.partition, w.row, w.wrapped = level, w.start, 0, false
}

// advance goes to the next partition of the level; false at the end.
func (w *HandoffWalk) advance() bool {
	w.partition, w.row = w.partition+w.step, 0
	if parts := w.ring.Partitions(); !w.wrapped && w.partition >= parts {
		// The first step past the end lands on a partition above zero even
		// where zero is due. Swift leaves partition zero out, and this walk
		// must too.
		w.partition, w.wrapped = w.step-(parts-w.start)%w.step, true
	}
	return !w.wrapped || w.partition < w.start
}

// visit returns the next device of the partition whose tier is new, or nil.
func (w *HandoffWalk) visit() *Device {
	r := w.ring
	for w.row < len(r.rows) {
		row := r.rows[w.row]
		w.row++
		if w.partition >= len(row) {
			continue
		}
		id := int(row[w.partition])
		if !w.seen[w.level][r.tiers.of[w.level][id]] {
			w.use(id)
			return r.devices[id]
		}
	}
	return nil
}

// use marks the tiers of a device as used.
func (w *HandoffWalk) use(id int) {
	for level := range levels {
		n := w.ring.tiers.of[level][id]
		if !w.seen[level][n] {
			w.seen[level][n] = true
			w.used[level]++
		}
	}
}
