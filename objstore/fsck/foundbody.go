// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"slices"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// rowOfFooter makes a row from the footer of a data file. The row has one slot:
// the slot of the file.
func rowOfFooter(f *datafile.Footer, id device.ID, on device.Index) meta.ObjectRow {
	row := meta.ObjectRow{Info: f.Info, Policy: f.Policy, Place: meta.PlaceFile, ID: meta.FileID(id)}
	slots := []device.Index{on}
	if n := f.Fragment.Data + f.Fragment.Parity; n > 0 {
		slots = slices.Repeat([]device.Index{device.None}, n)
		slots[f.Fragment.Slot] = on
		row.Placement.DataFragments = f.Fragment.Data
	}
	row.Placement.Devices = slots
	return row
}

// foundBody is one body of an object, put together from data files.
type foundBody struct {
	row   meta.ObjectRow
	found int // slots
}

// complete says whether enough slots were found to read the body.
func (b *foundBody) complete() bool { return b.found >= max(b.row.Placement.DataFragments, 1) }

// add adds the slot of one more file of the body. A second file for the same
// fragment is ignored.
func (b *foundBody) add(p meta.Placement) {
	for slot, d := range p.Devices {
		switch {
		case d == device.None:
		case b.row.Placement.DataFragments == 0:
			b.row.Placement.Devices = append(b.row.Placement.Devices, d)
			b.found++
		case slot < len(b.row.Placement.Devices) && b.row.Placement.Devices[slot] == device.None:
			b.row.Placement.Devices[slot] = d
			b.found++
		}
	}
}

// eachName calls settle for each name with the bodies of the name, the newest
// first.
func eachName(ctx context.Context, from *meta.Sorter, settle func(objstore.ObjectID, []*foundBody) error) error {
	var name objstore.ObjectID
	var bodies []*foundBody
	err := from.Each(func(o objstore.ObjectID, row meta.ObjectRow) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o != name {
			if len(bodies) > 0 {
				if err := settle(name, bodies); err != nil {
					return err
				}
			}
			name, bodies = o, bodies[:0]
		}
		if n := len(bodies); n > 0 && bodies[n-1].row.ID == row.ID {
			bodies[n-1].add(row.Placement)
			return nil
		}
		bodies = append(bodies, &foundBody{row, 1})
		return nil
	})
	if err == nil && len(bodies) > 0 {
		err = settle(name, bodies)
	}
	return err
}

// shape adds empty slots to a body of copies, up to the number of copies of the
// policy. A single copy on device 0 gets the empty placement.
func shape(policies objstore.Policies, row *meta.ObjectRow) {
	p := &row.Placement
	if p.DataFragments > 0 {
		return
	}
	if policy, ok := policies.ByIndex(row.Policy); ok && !policy.Erasure() {
		for len(p.Devices) < policy.Slots() {
			p.Devices = append(p.Devices, device.None)
		}
	}
	if len(p.Devices) == 1 && p.Devices[0] == 0 {
		*p = meta.Placement{}
	}
}
