// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"fmt"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/twin"
)

// Accounts calls visit for each account, by name.
func (v View) Accounts(visit func(objstore.AccountName, AccountRow) error) error {
	return v.scan([]byte{prefixAccount}, func(k, value []byte) error {
		r, err := ParseAccountRow(value)
		if err != nil {
			return fmt.Errorf("row %q: %w", k, err)
		}
		return visit(objstore.AccountName(k[1:]), r)
	})
}

// Containers calls visit for each container of all accounts, by name.
func (v View) Containers(visit func(objstore.ContainerID, ContainerRow) error) error {
	return v.scan([]byte{prefixContainer}, func(k, value []byte) error {
		c, err := parseContainerName(k[1:])
		if err != nil {
			return err
		}
		r, err := ParseContainerRow(value)
		if err != nil {
			return fmt.Errorf("row %q: %w", k, err)
		}
		return visit(c, r)
	})
}

// Objects calls visit for each object of all containers, by name.
func (v View) Objects(visit func(objstore.ObjectID, ObjectRow) error) error {
	return v.objects([]byte{prefixObject}, visit)
}

// ContainerObjects calls visit for each object of a container, by name.
func (v View) ContainerObjects(c objstore.ContainerID, visit func(objstore.ObjectID, ObjectRow) error) error {
	return v.objects(appendObjectsKey(nil, c), visit)
}

func (v View) objects(prefix []byte, visit func(objstore.ObjectID, ObjectRow) error) error {
	return v.objectsIn(prefix, twin.PrefixEnd(append([]byte(nil), prefix...)), visit)
}

func (v View) objectsIn(lower, upper []byte, visit func(objstore.ObjectID, ObjectRow) error) error {
	return v.scanRange(lower, upper, func(k, value []byte) error {
		o, err := parseName(k[1:])
		if err != nil {
			return err
		}
		r, err := ParseObjectRow(value)
		if err != nil {
			return fmt.Errorf("row %q: %w", k, err)
		}
		return visit(o, r)
	})
}

// InlineBodies calls visit with the id and size in bytes of each inline body.
func (v View) InlineBodies(visit func(id FileID, sizeBytes int) error) error {
	return v.scan([]byte{prefixInline}, func(k, value []byte) error {
		id, err := parseID(k)
		if err != nil {
			return err
		}
		return visit(id, len(value))
	})
}

// Files calls visit for each data file with an owner, by id.
func (v View) Files(visit func(FileID, objstore.ObjectID) error) error {
	return v.scan([]byte{prefixFile}, func(k, value []byte) error {
		id, err := parseID(k)
		if err != nil {
			return err
		}
		o, err := parseName(value)
		if err != nil {
			return err
		}
		return visit(id, o)
	})
}

// GCQueue calls visit for each data file in the queues for removal, by device and id.
func (v View) GCQueue(visit func(device.Index, FileID, GCRow) error) error {
	err := v.DeviceGCQueue(0, FileID{}, func(id FileID, r GCRow) error { return visit(0, id, r) })
	if err != nil {
		return err
	}
	return v.scan([]byte{prefixDeviceGC}, func(k, value []byte) error {
		if len(k) < 3 {
			return fmt.Errorf("%w: gc key %q", ErrCorrupt, k)
		}
		d := device.Index(binary.BigEndian.Uint16(k[1:]))
		return visitGC(k[2:], value, func(id FileID, r GCRow) error { return visit(d, id, r) })
	})
}

// DeviceGCQueue calls visit for each data file in a device's queue for removal, by id,
// beginning after the given id.
func (v View) DeviceGCQueue(d device.Index, after FileID, visit func(FileID, GCRow) error) error {
	prefix := appendGCPrefix(nil, d)
	from := append(appendGCKey(nil, d, after), 0)
	return v.scanRange(from, twin.PrefixEnd(prefix), func(k, value []byte) error {
		return visitGC(k[len(from)-len(after)-2:], value, visit)
	})
}

// visitGC parses an entry. The key k is a byte and the id.
func visitGC(k, value []byte, visit func(FileID, GCRow) error) error {
	id, err := parseID(k)
	if err != nil {
		return err
	}
	r, err := ParseGCRow(value)
	if err != nil {
		return err
	}
	return visit(id, r)
}

// InGCQueue reports whether a data file is in the device's queue for removal.
func (v View) InGCQueue(d device.Index, id FileID) (bool, error) {
	return v.has(appendGCKey(nil, d, id))
}

// HealQueue calls visit for each data file in the healer's queue, by id, beginning after
// the given id.
func (v View) HealQueue(after FileID, visit func(FileID, HealRow) error) error {
	return v.scanAfter(prefixHeal, after, func(id FileID, value []byte) error {
		r, err := ParseHealRow(value)
		if err != nil {
			return err
		}
		return visit(id, r)
	})
}

// ObjectsAfter is Objects, beginning after the given object.
func (v View) ObjectsAfter(after objstore.ObjectID, visit func(objstore.ObjectID, ObjectRow) error) error {
	return v.objectsIn(append(appendObjectKey(nil, after), 0), []byte{prefixObject + 1}, visit)
}

// FilesAfter is Files, beginning after the given id.
func (v View) FilesAfter(after FileID, visit func(FileID, objstore.ObjectID) error) error {
	return v.scanAfter(prefixFile, after, func(id FileID, value []byte) error {
		o, err := parseName(value)
		if err != nil {
			return err
		}
		return visit(id, o)
	})
}

// scanAfter calls visit for each key of prefix and an id greater than after.
func (v View) scanAfter(prefix byte, after FileID, visit func(id FileID, value []byte) error) error {
	from := append(appendIDKey(nil, prefix, after), 0)
	return v.scanRange(from, twin.PrefixEnd([]byte{prefix}), func(k, value []byte) error {
		id, err := parseID(k)
		if err != nil {
			return err
		}
		return visit(id, value)
	})
}

// Expiries calls visit for each expiry entry, the earliest first.
func (v View) Expiries(visit func(atSeconds int64, o objstore.ObjectID) error) error {
	return v.scan([]byte{prefixExpiry}, func(k, _ []byte) error {
		at, o, err := parseExpiryKey(k)
		if err != nil {
			return err
		}
		return visit(at, o)
	})
}
