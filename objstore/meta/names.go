// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"needletail/objstore"
)

// parseName takes apart account NUL container NUL object.
func parseName(b []byte) (objstore.ObjectID, error) {
	account, rest, ok1 := bytes.Cut(b, []byte{0})
	container, object, ok2 := bytes.Cut(rest, []byte{0})
	if !ok1 || !ok2 {
		return objstore.ObjectID{}, fmt.Errorf("%w: %q is not an object's key", ErrCorrupt, b)
	}
	return objstore.ObjectID{
		Account:   objstore.AccountName(account),
		Container: objstore.ContainerName(container),
		Object:    objstore.ObjectName(object),
	}, nil
}

// parseContainerName takes apart account NUL container.
func parseContainerName(b []byte) (objstore.ContainerID, error) {
	account, container, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return objstore.ContainerID{}, fmt.Errorf("%w: %q is not a container's key", ErrCorrupt, b)
	}
	return objstore.ContainerID{
		Account:   objstore.AccountName(account),
		Container: objstore.ContainerName(container),
	}, nil
}

// parseExpiryKey takes apart a key of appendExpiryKey.
func parseExpiryKey(k []byte) (atSeconds int64, o objstore.ObjectID, err error) {
	if len(k) < 9 {
		return 0, o, fmt.Errorf("%w: expiry key of %d bytes", ErrCorrupt, len(k))
	}
	o, err = parseName(k[9:])
	return int64(binary.BigEndian.Uint64(k[1:9])), o, err
}

// parseID takes apart a key of appendIDKey.
func parseID(k []byte) (id FileID, err error) {
	if len(k) != 1+len(id) {
		return id, fmt.Errorf("%w: id key of %d bytes", ErrCorrupt, len(k))
	}
	copy(id[:], k[1:])
	return id, nil
}
