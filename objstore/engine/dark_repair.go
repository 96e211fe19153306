// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// RepairDark gives the objects of the dark data back, or removes the dark data
// (fsck.RepairDark). No process may have the store open: ErrLocked. A dry run
// changes nothing; a real run opens the store without its workers, because rows
// change through the commit path of the store alone.
func RepairDark(ctx context.Context, dir string, o Options, do fsck.DarkOptions) (fsck.DarkReport, error) {
	return fsck.RepairDark(ctx, o.Folder(dir), func(ctx context.Context) (fsck.DarkStore, error) {
		return openDarkStore(ctx, dir, o)
	}, do)
}

// darkStore is an open store for fsck.RepairDark.
type darkStore struct {
	*Engine
	disks []fsck.Disk
}

// openDarkStore opens a store without workers and moves all files without a row
// to the dark data. All devices must be there.
func openDarkStore(ctx context.Context, dir string, o Options) (fsck.DarkStore, error) {
	e, err := openIdle(dir, o)
	if err != nil {
		return nil, err
	}
	s := &darkStore{Engine: e}
	for _, d := range e.fleet.devices {
		if err := s.add(ctx, d); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return s, nil
}

// add notes a device, and moves the files without a row on the device to
// quarantine.
func (s *darkStore) add(ctx context.Context, d placed) error {
	dev := s.fleet.set.Device(d.index)
	if dev == nil {
		return fmt.Errorf("device %v in %s is away; all devices are needed", d.index, d.Path)
	}
	s.disks = append(s.disks, fsck.Disk{Index: d.index, Dev: dev})
	if d.index == 0 || s.db.WasClean() {
		return nil // Open has looked, or there is nothing to look for
	}
	return s.dark.find(ctx, d.index, dev)
}

// View returns the index of now.
func (s *darkStore) View() meta.View { return s.db.View }

// Disks returns all devices.
func (s *darkStore) Disks() []fsck.Disk { return s.disks }

// Restore publishes the dark files of a body on the devices on, then commits the
// row. After a crash between the two the files are dark data again.
func (s *darkStore) Restore(ctx context.Context, o objstore.ObjectID, row meta.ObjectRow, on []device.Index) error {
	defer s.inUse.write(row.ID)()
	if err := s.ensureContainer(ctx, o.ContainerID(), row.Policy); err != nil {
		return err
	}
	if err := s.bringBack(row.ID, on); err != nil {
		return err
	}
	defer s.locks.lockObject(o)()
	container, found, err := s.db.Container(o.ContainerID())
	if err != nil || !found {
		return errors.Join(err, objstore.KindContainerNotFound)
	}
	row.Policy = container.Policy
	old, found, err := s.db.Object(o)
	if err != nil {
		return err
	}
	if !found {
		return s.replaceObject(o, &row, nil, nil)
	}
	return s.replaceObject(o, &row, &old, nil)
}

// ensureContainer makes a container that is missing, with the policy of the
// object, or with the default policy if the policy is not configured any more.
func (s *darkStore) ensureContainer(ctx context.Context, c objstore.ContainerID, p objstore.PolicyIndex) error {
	if _, found, err := s.db.Container(c); err != nil || found {
		return err
	}
	o := objstore.PutContainerOptions{}
	if _, known := s.opts.Policies.ByIndex(p); known {
		o.Policy = &p
	}
	_, err := s.PutContainer(ctx, c, o)
	return err
}

// bringBack publishes the dark files of an id on devices again. device.None is
// passed over.
func (s *darkStore) bringBack(id meta.FileID, on []device.Index) error {
	s.messy.Store(true) // until the row is committed the files are dark data
	for _, i := range on {
		if i == device.None {
			continue
		}
		dev := s.fleet.set.Device(i)
		if dev == nil {
			return errHangs
		}
		f, err := dev.FindDark(device.ID(id))
		if err == nil {
			err = dev.BringBack(f)
		}
		if err != nil && !errors.Is(err, iofs.ErrExist) { // files with the same id have the same content
			return err
		}
	}
	return nil
}

// Complete publishes files that a row lacks on the devices back, then commits
// slots as the devices of the body. If the row was replaced meanwhile, the files
// are dark data again after the next start.
func (s *darkStore) Complete(o objstore.ObjectID, was *meta.ObjectRow, back, slots []device.Index) error {
	defer s.inUse.write(was.ID)()
	if err := s.bringBack(was.ID, back); err != nil {
		return err
	}
	defer s.locks.lockObject(o)()
	row, found, err := s.db.Object(o)
	if err != nil || !found || row.ID != was.ID {
		return err
	}
	b := s.db.NewBatch()
	row.Placement = placementOf(rowLayout(&row), slots)
	b.SetObject(o, &row)
	if s.fleet.several() {
		b.QueueHeal(row.ID, meta.HealRow{Verify: true})
	}
	return s.commitObject(b, o)
}
