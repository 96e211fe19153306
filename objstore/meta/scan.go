package meta

import (
	"fmt"

	"needletail/objstore"
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
	return v.scan(prefix, func(k, value []byte) error {
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

// Files calls visit for each data file that a row names, by id.
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

// GCQueue calls visit for each data file that waits for its removal, by id.
func (v View) GCQueue(visit func(FileID, GCRow) error) error {
	return v.scan([]byte{prefixGC}, func(k, value []byte) error {
		id, err := parseID(k)
		if err != nil {
			return err
		}
		r, err := ParseGCRow(value)
		if err != nil {
			return err
		}
		return visit(id, r)
	})
}

// InGCQueue says whether a data file waits for its removal.
func (v View) InGCQueue(id FileID) (bool, error) {
	_, found, err := v.value(appendIDKey(nil, prefixGC, id), nil)
	return found, err
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
