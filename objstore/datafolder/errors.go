// SPDX-License-Identifier: Apache-2.0

package datafolder

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"syscall"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/durable"
	"needletail/objstore/meta"
	"needletail/objstore/oserror"
)

var (
	// ErrLocked: another process uses the data folder.
	ErrLocked = errors.New("the data folder is in use by another process")
	// ErrForeign: a part of the data folder is lost, damaged or from another
	// store. Nothing was changed.
	ErrForeign = errors.New("the data folder is not whole")
	// ErrIndex: the index is lost or damaged. fsck.Rebuild makes the index anew.
	ErrIndex = errors.New("the index is lost or damaged")
	// ErrRing: a ring is lost, damaged or from another store. After fsck.NewRings
	// the next start makes the rings anew.
	ErrRing = errors.New("a ring is lost or damaged")
)

func isNotExist(err error) bool { return errors.Is(err, iofs.ErrNotExist) }

// KindOf translates an error of index, devices and data files into a kind of the
// Store contract. KindInternal: the error has no better kind.
func KindOf(err error) objstore.Kind {
	switch {
	case errors.Is(err, device.ErrNoSpace), oserror.NoSpace(err):
		return objstore.KindNoSpace
	case oserror.Exhausted(err), errors.Is(err, durable.ErrBehind):
		return objstore.KindUnavailable
	case errors.Is(err, device.ErrSealed), errors.Is(err, meta.ErrSealed), errors.Is(err, ErrLocked):
		return objstore.KindUnavailable
	case errors.Is(err, datafile.ErrCorrupt), meta.IsCorrupt(err):
		return objstore.KindCorrupt
	case errors.Is(err, datafile.ErrTooLarge):
		return objstore.KindTooLarge
	}
	return objstore.KindInternal
}

// OpError names the operation and the folder in an error of a store that is not
// open. An error without a kind stays without a kind: most often the operator
// gave a folder that is not there, which is not an internal error.
func OpError(op, dir string, err error) error {
	if err == nil {
		return nil
	}
	kind := KindOf(err)
	if kind == objstore.KindInternal {
		return fmt.Errorf("%s %s: %w", op, dir, err)
	}
	return &objstore.Error{Kind: kind, Op: op, Name: dir, Err: err}
}

// IndexError marks an error of an index that a rebuild cures with ErrIndex. A
// newer format, a full disk, a lack of descriptors and a path that cannot be
// opened stay as they are.
func IndexError(err error) error {
	var path *iofs.PathError
	switch {
	case errors.Is(err, meta.ErrVersion), errors.As(err, &path) && !isNotExist(err), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EMFILE):
		return err
	}
	return fmt.Errorf("%w: %w", ErrIndex, err)
}
