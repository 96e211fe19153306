// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"strings"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/replacefile"
	"needletail/ring"
)

// A ring per policy says on which devices a body belongs (datafolder.RingFile).
// An existing ring is changed and not made anew: a change of devices moves few
// bodies.
const (
	ringPower    = 12 // 4096 partitions: within 1 % of the weights for 100 devices
	ringBytesMax = 64 << 20
	ringFormat   = 1
	ringSeed     = 1
	ringOverload = 0.1                 // of the share of a device; taken to keep slots in distinct zones
	ringOwner    = "needletail store " // begins the free text of each device, before the store's id
)

// openRings reads the rings, makes the rings follow the configuration, and
// writes the rings that changed.
func (e *Engine) openRings() error {
	f := &e.fleet
	f.placers, f.layouts = map[objstore.PolicyIndex]device.Placer{}, map[objstore.PolicyIndex]blob.Layout{}
	var active []placed
	for _, d := range f.devices {
		if !d.Draining {
			active = append(active, d)
		}
	}
	for _, p := range e.opts.Policies {
		f.layouts[p.Index] = layoutOf(p)
		if p.Slots() > len(active) {
			return fmt.Errorf("storage policy %q needs %d devices, and %d are there", p.Name, p.Slots(), len(active))
		}
		if !f.several() {
			continue
		}
		placer, err := e.openRing(p, active)
		if err != nil {
			return fmt.Errorf("ring of policy %q: %w", p.Name, err)
		}
		f.placers[p.Index] = placer
	}
	return nil
}

// openRing returns the placer of a policy. The ring follows the active devices,
// and is written if the ring changed. The ring is noted: a start without the
// ring is refused later.
func (e *Engine) openRing(p objstore.Policy, active []placed) (device.Placer, error) {
	name := datafolder.RingFile(p.Index)
	path := e.folder.Path(datafolder.RingName, name)
	hash := ring.Hash{Suffix: e.id}
	old, err := e.readRing(path, datafolder.RingNote(name))
	if err != nil {
		return nil, err
	}
	owner := ringOwner + e.id
	builder, err := followDevices(old, active, owner)
	if err != nil {
		return nil, err
	}
	if int(builder.Replicas()) != p.Slots() {
		if err := builder.SetReplicas(float64(p.Slots())); err != nil {
			return nil, err
		}
	}
	if old != nil && !builder.Changed() {
		return ringPlacer{old}, e.Note(datafolder.RingNote(name))
	}
	report, err := builder.Rebalance(ringSeed)
	if err != nil {
		return nil, err
	}
	r, err := builder.Ring(hash)
	if err != nil {
		return nil, err
	}
	e.log.Info("made a ring follow the devices", "policy", p.Name, "devices", len(active),
		"moved", report.Moved, "of", p.Slots()<<ringPower, "balance", report.Balance)
	var out bytes.Buffer
	if err := r.Write(&out, ringFormat); err != nil {
		return nil, err
	}
	if err := replacefile.Write(e.opts.FS, path, out.Bytes()); err != nil {
		return nil, err
	}
	return ringPlacer{r}, e.Note(datafolder.RingNote(name))
}

// readRing reads a ring; nil: the ring was never made. ErrRing: the ring is
// lost, damaged or from another store. A new ring would move most bodies, so
// only an operator decides.
func (e *Engine) readRing(path, note string) (*ring.Ring, error) {
	b, err := datafolder.ReadFile(e.opts.FS, path, ringBytesMax)
	if isNotExist(err) && !e.Noted(note) {
		return nil, nil
	}
	if isNotExist(err) {
		return nil, fmt.Errorf("%w: %w: %s is not there", datafolder.ErrForeign, datafolder.ErrRing, path)
	}
	if err != nil {
		return nil, err
	}
	r, err := ring.Parse(b, ring.Hash{Suffix: e.id})
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %s: %w", datafolder.ErrForeign, datafolder.ErrRing, path, err)
	}
	for _, d := range r.Devices() {
		if d == nil {
			continue // a number without a device
		}
		if id, ok := strings.CutPrefix(d.Meta, ringOwner); ok && id != e.id {
			return nil, fmt.Errorf("%w: %w: %s belongs to the store %q", datafolder.ErrForeign, datafolder.ErrRing, path, id)
		}
	}
	return r, nil
}

// followDevices returns a builder that goes on from a ring, or from nothing if
// old is nil, with the active devices.
func followDevices(old *ring.Ring, active []placed, owner string) (*ring.Builder, error) {
	b, err := ring.NewBuilder(ringPower, 1, 0)
	if err == nil {
		err = b.SetOverload(ringOverload)
	}
	if err != nil {
		return nil, err
	}
	have := map[int]ring.Device{}
	if old != nil {
		if b, err = ring.FromRing(old, 0); err != nil {
			return nil, err
		}
		for _, d := range b.Devices() {
			have[d.ID] = d
		}
	}
	for _, d := range active {
		id := int(d.index)
		was, there := have[id]
		delete(have, id)
		switch {
		case !there:
			err = b.Add(ring.Device{ID: id, Region: 1, Zone: d.Zone, Weight: d.Weight, IP: "127.0.0.1", Device: d.Path, Meta: owner})
		case was.Zone != d.Zone:
			return followDevices(nil, active, owner) // a device changed the zone: every body may have to move
		case was.Weight != d.Weight:
			err = b.SetWeight(id, d.Weight)
		}
		if err != nil {
			return nil, err
		}
	}
	for id := range have {
		if err := b.Remove(id); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// ringPlacer places bodies by a ring, as Swift does.
type ringPlacer struct{ ring *ring.Ring }

// Place returns the primaries of a partition and then the handoffs.
func (p ringPlacer) Place(hash [md5.Size]byte) []device.Index {
	partition := p.ring.PartitionOf(hash)
	order := make([]device.Index, 0, len(p.ring.Devices()))
	for _, d := range p.ring.Nodes(partition) {
		order = append(order, device.Index(d.ID))
	}
	for d := range p.ring.Handoffs(partition) {
		order = append(order, device.Index(d.ID))
	}
	return order
}

var onlyDevice = []device.Index{0}

// place returns the devices for a body of a policy, the primaries first.
func (e *Engine) place(o objstore.ObjectID, p objstore.PolicyIndex) []device.Index {
	if !e.fleet.several() {
		return onlyDevice
	}
	placer := e.fleet.placers[p]
	if placer == nil { // the policy is not configured any more
		placer = e.fleet.placers[e.opts.Policies.Default().Index]
	}
	hash := ring.Hash{Suffix: e.id}
	return placer.Place(hash.Sum(string(o.Account), string(o.Container), string(o.Object)))
}
