// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"crypto/md5"
	"encoding/binary"
)

// Ring tells on which devices a partition lies. A Ring is immutable and safe
// for concurrent use; callers must not change the devices.
type Ring struct {
	hash          Hash
	devices       []*Device // by id; nil is a hole
	rows          [][]uint32
	power         int
	version       int64
	nextPartPower int // 0: none; another number while a cluster changes its power
	format        int // 1 or 2: what was read, or what Write takes when asked for 0
	tiers         tierIndex
}

// newRing checks parsed or built parts and prepares lookups.
func newRing(devices []*Device, rows [][]uint32, power int, hash Hash) (*Ring, error) {
	r := &Ring{hash: hash, devices: devices, rows: rows, power: power, format: 1}
	if err := r.check(); err != nil {
		return nil, err
	}
	r.tiers = indexTiers(r)
	return r, nil
}

func (r *Ring) check() error {
	parts := 1 << r.power
	if len(r.rows) == 0 || len(r.rows) > maxReplicas {
		return fail(ErrFormat, "%d rows, not within 1 and %d", len(r.rows), maxReplicas)
	}
	for i, row := range r.rows {
		if len(row) != parts && (i != len(r.rows)-1 || len(row) > parts || i == 0) {
			return fail(ErrFormat, "row %d has %d of %d partitions", i, len(row), parts)
		}
		for p, id := range row {
			if int64(id) >= int64(len(r.devices)) || r.devices[id] == nil {
				return fail(ErrFormat, "replica %d of partition %d is on device %d, which is not there", i, p, id)
			}
		}
	}
	return nil
}

// Partition gives the partition of a path; see Hash.Sum for empty names.
func (r *Ring) Partition(account, container, object string) uint32 {
	return r.PartitionOf(r.hash.Sum(account, container, object))
}

// PartitionOf gives the partition of the hash of a path.
func (r *Ring) PartitionOf(sum [md5.Size]byte) uint32 {
	return binary.BigEndian.Uint32(sum[:4]) >> (32 - r.power)
}

// Nodes returns the devices of a partition in the order of the replicas. A
// device with two replicas is there once, as in Swift's get_nodes. The place of
// a device in the slice, from 0, is Swift's index of the node
// (swift/common/ring/ring.py: _get_part_nodes counts after it left out
// repetitions). A partition beyond the ring has no nodes.
func (r *Ring) Nodes(partition uint32) []*Device {
	if int64(partition) >= int64(r.Partitions()) {
		return nil
	}
	nodes := make([]*Device, 0, len(r.rows))
next:
	for _, row := range r.rows {
		if int(partition) >= len(row) {
			continue
		}
		d := r.devices[row[partition]]
		for _, have := range nodes {
			if have == d {
				continue next
			}
		}
		nodes = append(nodes, d)
	}
	return nodes
}

// Devices returns the devices by id. A nil device is a hole, left by a removal.
// The caller must not change the slice.
func (r *Ring) Devices() []*Device { return r.devices }

// Partitions is the number of partitions, a power of two.
func (r *Ring) Partitions() int { return 1 << r.power }

// PartPower is the binary logarithm of Partitions.
func (r *Ring) PartPower() int { return r.power }

// NextPartPower returns the part power to which the cluster is about to change,
// and 0 if no change is under way. Swift's object servers link what they write
// into the folders of the new partitions too, and learn the power from requests.
func (r *Ring) NextPartPower() int { return r.nextPartPower }

// Version returns how many changes the builder had made when it wrote the ring;
// 0 if the file does not tell.
func (r *Ring) Version() int64 { return r.version }

// Replicas returns the number of replicas, which may be fractional.
func (r *Ring) Replicas() float64 {
	last := float64(len(r.rows[len(r.rows)-1])) / float64(len(r.rows[0]))
	return float64(len(r.rows)-1) + last
}

// FormatVersion returns 1 or 2: the format of the file that the ring was read
// from, and the default format for writing the ring.
func (r *Ring) FormatVersion() int { return r.format }
