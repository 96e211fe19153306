// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"math"
	"slices"
	"time"
)

// Builder makes rings. Changes of devices take effect with Rebalance. A Builder
// is not safe for concurrent use.
type Builder struct {
	power        int
	replicas     float64
	minPartHours int
	overload     float64 // fraction that a device may take over its share to keep replicas apart
	version      int64
	changed      bool
	devices      []*Device  // by id; nil is a hole
	removed      []bool     // by id: leaves with the next Rebalance
	rows         [][]uint32 // nil before the first Rebalance
	moved        []uint32   // by partition: hour since 1970 of its last move, 0 for never
}

// NewBuilder returns an empty builder of 2^partPower partitions. After a move
// of a replica, no replica of the same partition moves for minPartHours, except
// away from removed devices.
func NewBuilder(partPower int, replicas float64, minPartHours int) (*Builder, error) {
	b := &Builder{power: partPower, moved: []uint32{}}
	if partPower < 0 || partPower > maxPartPower {
		return nil, fail(ErrLimit, "part power %d is not within 0 and %d", partPower, maxPartPower)
	}
	if err := b.SetReplicas(replicas); err != nil {
		return nil, err
	}
	if err := b.SetMinPartHours(minPartHours); err != nil {
		return nil, err
	}
	b.moved = make([]uint32, b.parts())
	b.changed, b.version = false, 0
	return b, nil
}

func (b *Builder) parts() int { return 1 << b.power }

// Replicas returns the number of replicas of the builder, which may be
// fractional.
func (b *Builder) Replicas() float64 { return b.replicas }

// PartPower is the binary logarithm of the number of partitions.
func (b *Builder) PartPower() int { return b.power }

// MinPartHours returns how many hours a partition rests after a move.
func (b *Builder) MinPartHours() int { return b.minPartHours }

// Overload is the fraction set by SetOverload.
func (b *Builder) Overload() float64 { return b.overload }

// Version counts the changes.
func (b *Builder) Version() int64 { return b.version }

// Devices returns copies of the devices, sorted by id. Devices marked for
// removal are included.
func (b *Builder) Devices() []Device {
	var list []Device
	for _, d := range b.devices {
		if d != nil {
			list = append(list, *d)
		}
	}
	return list
}

// Removed says whether a device leaves with the next Rebalance.
func (b *Builder) Removed(id int) bool { return id >= 0 && id < len(b.removed) && b.removed[id] }

// NextID returns the lowest free id.
func (b *Builder) NextID() int {
	if i := slices.Index(b.devices, nil); i >= 0 {
		return i
	}
	return len(b.devices)
}

// Add adds a device under the id of d. Without a replication address, the
// address serves for replication too.
func (b *Builder) Add(d Device) error {
	if err := d.check(); err != nil {
		return err
	}
	if d.ID < len(b.devices) && b.devices[d.ID] != nil {
		return fail(ErrDuplicate, "device %d", d.ID)
	}
	if d.ReplicationIP == "" {
		d.ReplicationIP = d.IP
	}
	if d.ReplicationPort == 0 {
		d.ReplicationPort = d.Port
	}
	for len(b.devices) <= d.ID {
		b.devices, b.removed = append(b.devices, nil), append(b.removed, false)
	}
	b.devices[d.ID] = &d
	b.touch()
	return nil
}

// Remove marks a device. The next Rebalance moves everything off the device at
// once and drops the device. Remove also works before the first Rebalance.
func (b *Builder) Remove(id int) error {
	d, err := b.device(id)
	if err != nil {
		return err
	}
	d.Weight = 0
	b.removed[id] = true
	b.touch()
	return nil
}

// SetWeight changes the share of a device. With 0 the device is emptied as
// fast as the rest between moves allows.
func (b *Builder) SetWeight(id int, weight float64) error {
	d, err := b.device(id)
	if err != nil {
		return err
	}
	changed := *d
	changed.Weight = weight
	if err := changed.check(); err != nil {
		return err
	}
	d.Weight = weight
	b.touch()
	return nil
}

// device returns the device of an id. A device marked for removal is
// ErrNoDevice.
func (b *Builder) device(id int) (*Device, error) {
	if id < 0 || id >= len(b.devices) || b.devices[id] == nil {
		return nil, fail(ErrNoDevice, "device %d", id)
	}
	if b.removed[id] {
		return nil, fail(ErrNoDevice, "device %d is being removed", id)
	}
	return b.devices[id], nil
}

// SetReplicas changes the number of replicas. Fractions are allowed.
func (b *Builder) SetReplicas(n float64) error {
	if !(n >= 1) || n > maxReplicas {
		return fail(ErrLimit, "%v replicas are not within 1 and %d", n, maxReplicas)
	}
	b.replicas = n
	b.touch()
	return nil
}

// SetMinPartHours changes how many hours a partition rests after a move.
func (b *Builder) SetMinPartHours(hours int) error {
	if hours < 0 || hours > maxMinPartHours {
		return fail(ErrLimit, "%d hours are not within 0 and %d", hours, maxMinPartHours)
	}
	b.minPartHours = hours
	return nil
}

// SetOverload lets a device take up to this fraction more than its share where
// the extra load keeps replicas of a partition apart.
func (b *Builder) SetOverload(fraction float64) error {
	if !(fraction >= 0) || math.IsInf(fraction, 1) {
		return fail(ErrArgument, "overload %v is not a fraction from 0 on", fraction)
	}
	b.overload = fraction
	b.touch()
	return nil
}

func (b *Builder) touch() { b.changed, b.version = true, b.version+1 }

// Changed says whether there are changes since the last Rebalance.
func (b *Builder) Changed() bool { return b.changed }

// Rest returns how long the partition moved last has still to rest.
func (b *Builder) Rest() time.Duration {
	if len(b.moved) == 0 || b.rows == nil {
		return 0
	}
	last := time.Unix(int64(slices.Max(b.moved))*3600, 0)
	return max(0, time.Until(last.Add(time.Duration(b.minPartHours)*time.Hour)))
}

// ForgetMoves lets the next Rebalance move every partition.
func (b *Builder) ForgetMoves() { clear(b.moved) }

// Ring returns the ring as of the last Rebalance. Lookups in the ring use hash.
func (b *Builder) Ring(hash Hash) (*Ring, error) {
	if b.rows == nil {
		return nil, fail(ErrArgument, "the builder has not been balanced yet")
	}
	devices := make([]*Device, len(b.devices))
	for i, d := range b.devices {
		if d != nil {
			c := *d
			devices[i] = &c
		}
	}
	rows := make([][]uint32, len(b.rows))
	for i, row := range b.rows {
		rows[i] = slices.Clone(row)
	}
	r, err := newRing(devices, rows, b.power, hash)
	if err != nil {
		return nil, err
	}
	r.version = b.version
	if r.idBytes() == 4 {
		r.format = 2
	}
	return r, nil
}

// FromRing returns a builder for the next versions of a ring. A ring does not
// tell when partitions moved last, so the next Rebalance may move every
// partition.
func FromRing(r *Ring, minPartHours int) (*Builder, error) {
	b, err := NewBuilder(r.power, r.Replicas(), minPartHours)
	if err != nil {
		return nil, err
	}
	for _, d := range r.devices {
		if d == nil {
			continue
		}
		if err := b.Add(*d); err != nil {
			return nil, err
		}
	}
	// Holes at the end of the list stay, so that no id is used again.
	for len(b.devices) < len(r.devices) {
		b.devices, b.removed = append(b.devices, nil), append(b.removed, false)
	}
	for _, row := range r.rows {
		b.rows = append(b.rows, slices.Clone(row))
	}
	b.version, b.changed = r.version, false
	return b, nil
}
