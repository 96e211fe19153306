// SPDX-License-Identifier: Apache-2.0

package device

// Walk calls visit for the ID of each published file, in no certain order
// within a directory. Files published or removed meanwhile may be visited or
// not. Names of another form are passed over. An error from visit ends the walk
// and is returned unchanged. Memory holds the names of the largest single
// directory, 1/65536 of the device.
func (d *Device) Walk(visit func(ID) error) error {
	firsts, err := d.fanOutNames(d.fs.PathJoin(d.dir, dataDir))
	if err != nil {
		return err
	}
	for _, first := range firsts {
		seconds, err := d.fanOutNames(d.levelPath(first))
		if err != nil {
			return err
		}
		for _, second := range seconds {
			if err := d.walkLeaf(ID{first, second}, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Device) walkLeaf(leaf ID, visit func(ID) error) error {
	names, err := d.fs.List(d.leafPath(leaf))
	if err != nil {
		return opError("list directory", err)
	}
	for _, name := range names {
		id, err := ParseID(name)
		if err != nil || id[0] != leaf[0] || id[1] != leaf[1] {
			continue
		}
		if err := visit(id); err != nil {
			return err
		}
	}
	return nil
}
