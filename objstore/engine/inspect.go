package engine

import (
	"errors"

	"needletail/objstore"
	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Inspection is what the index of a store that is not in use has under a name.
// One of Account, Container and Object is set.
type Inspection struct {
	Store     string // its id
	Account   *meta.AccountRow
	Container *meta.ContainerRow
	Counts    meta.Counts // of the account's policies together, or of the container
	Object    *meta.ObjectRow
	Inline    error // of an inline body: nil, or what is wrong with it
	Files     []InspectedFile
}

// InspectedFile is the data file of one slot of an object.
type InspectedFile struct {
	Slot   int
	Device device.Index // device.None: the slot is missing
	Path   string       // where the file should be; "" if the device's folder is not known
}

// InspectClosed looks a name up: KindNotFound, or an error that matches
// ErrLocked while another process uses the store. An empty object stands for
// the container, an empty container for the account.
func InspectClosed(dir string, o Options, name objstore.ObjectID) (in Inspection, err error) {
	c := call{op: "inspect", id: name}
	o.EnsureDefaults()
	if _, err := o.FS.Stat(dir); err != nil {
		return in, err
	}
	lock, err := lockFolder(o.FS, dir)
	if err != nil {
		return in, onFolder("inspect", dir, err)
	}
	in.Store, err = readIdentity(o.FS, dir)
	if err == nil {
		err = in.read(dir, o, name)
	}
	err = errors.Join(err, lock.Close())
	if errors.Is(err, errNotInIndex) {
		return in, c.fail(objstore.KindNotFound, nil)
	}
	return in, onFolder("inspect", dir, err)
}

var errNotInIndex = errors.New("not in the index")

// present turns what a lookup gave into one error.
func present(found bool, err error) error {
	if err == nil && !found {
		return errNotInIndex
	}
	return err
}

func (in *Inspection) read(dir string, o Options, name objstore.ObjectID) error {
	db, err := openReadOnly(o.FS, dir)
	if err != nil {
		return err
	}
	switch {
	case name.Container == "":
		err = in.account(db.View, name.Account)
	case name.Object == "":
		err = in.container(db.View, name.ContainerID())
	default:
		err = in.object(db.View, dir, o, name)
	}
	return errors.Join(err, db.Close())
}

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

func (in *Inspection) object(v meta.View, dir string, o Options, id objstore.ObjectID) error {
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
	folders := map[device.Index]string{0: dir}
	for _, d := range known {
		folders[d.Index] = d.Path
	}
	for slot, on := range row.Placement.Slots() {
		f := InspectedFile{Slot: slot, Device: on}
		if folder := folders[on]; folder != "" {
			f.Path = device.DataPath(o.FS, folder, device.ID(row.ID))
		}
		in.Files = append(in.Files, f)
	}
	return nil
}
