// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"errors"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Inspection is the entry of the index for a name. One of Account, Container and
// Object is set.
type Inspection struct {
	Store     string // the id of the store
	Account   *meta.AccountRow
	Container *meta.ContainerRow
	Counts    meta.Counts // of the account's policies together, or of the container
	Object    *meta.ObjectRow
	Inline    error // of an inline body: nil, or the damage
	Files     []InspectedFile
}

// InspectedFile is the data file of one slot of an object.
type InspectedFile struct {
	Slot   int
	Device device.Index // device.None: the slot is missing
	Path   string       // where the file should be; "" if the device's folder is not known
}

// InspectClosed looks a name up in a store that no process has open: ErrLocked.
// KindNotFound: the index does not have the name. An empty object name stands
// for the container, an empty container name for the account.
func InspectClosed(f datafolder.Folder, name objstore.ObjectID) (in Inspection, err error) {
	if _, err := f.FS.Stat(f.Dir); err != nil {
		return in, err
	}
	h, err := f.Lock()
	if err != nil {
		return in, datafolder.OpError("inspect", f.Dir, err)
	}
	in.Store, err = f.ReadID()
	if err == nil {
		err = in.read(&f, name)
	}
	err = errors.Join(err, h.Close())
	if errors.Is(err, errNotInIndex) {
		return in, &objstore.Error{Kind: objstore.KindNotFound, Op: "inspect", Name: text(name)}
	}
	return in, datafolder.OpError("inspect", f.Dir, err)
}

// text returns the path of a name, down to the object, the container or the
// account.
func text(name objstore.ObjectID) string {
	switch {
	case name.Object != "":
		return name.String()
	case name.Container != "":
		return name.ContainerID().String()
	default:
		return "/" + string(name.Account)
	}
}

var errNotInIndex = errors.New("not in the index")

// present returns err, or errNotInIndex if nothing was found.
func present(found bool, err error) error {
	if err == nil && !found {
		return errNotInIndex
	}
	return err
}

// read fills the inspection from the index.
func (in *Inspection) read(f *datafolder.Folder, name objstore.ObjectID) error {
	db, err := f.OpenReadOnly()
	if err != nil {
		return err
	}
	switch {
	case name.Container == "":
		err = in.account(db.View, name.Account)
	case name.Object == "":
		err = in.container(db.View, name.ContainerID())
	default:
		err = in.object(db.View, f, name)
	}
	return errors.Join(err, db.Close())
}

// account adds the row of an account, and the counters of all policies together.
func (in *Inspection) account(v meta.View, a objstore.AccountName) error {
	row, found, err := v.Account(a)
	if err := present(found, err); err != nil {
		return err
	}
	in.Account = &row
	return v.AccountCounts(a, func(_ objstore.PolicyIndex, n meta.Counter) error {
		in.Counts = in.Counts.Add(n.Counts)
		return nil
	})
}

// container adds the row and the counters of a container.
func (in *Inspection) container(v meta.View, id objstore.ContainerID) error {
	row, found, err := v.Container(id)
	if err := present(found, err); err != nil {
		return err
	}
	in.Container = &row
	n, err := v.ContainerCounts(id)
	in.Counts = n.Counts
	return err
}

// object adds the row of an object, and the paths of the files or the state of
// the inline body. Data files are not opened.
func (in *Inspection) object(v meta.View, at *datafolder.Folder, id objstore.ObjectID) error {
	row, found, err := v.Object(id)
	if err := present(found, err); err != nil {
		return err
	}
	in.Object = &row
	if row.Place == meta.PlaceInline {
		body, found, err := v.Inline(row.ID, nil)
		switch {
		case err != nil:
			return err
		case !found:
			in.Inline = &datafile.CorruptError{Block: -1, Reason: "its small body is not in the index"}
		case checksum.Block(body) != row.Checksum:
			in.Inline = &datafile.CorruptError{Block: -1, Reason: "its small body does not match its checksum"}
		}
		return nil
	}
	known, err := v.Devices()
	if err != nil {
		return err
	}
	folders := map[device.Index]string{0: at.Dir}
	for _, d := range known {
		folders[d.Index] = d.Path
	}
	for slot, on := range row.Placement.Slots() {
		f := InspectedFile{Slot: slot, Device: on}
		if folder := folders[on]; folder != "" {
			f.Path = device.DataPath(at.FS, folder, device.ID(row.ID))
		}
		in.Files = append(in.Files, f)
	}
	return nil
}
