// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"strings"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/durable"
	"needletail/objstore/oserror"
)

// call is one running operation: the name and the target for errors.
type call struct {
	op string
	id objstore.ObjectID // empty names: the operation has no such target
}

// name returns the path of the target, down to the object, the container or the
// account.
func (c call) name() string {
	switch {
	case c.id.Object != "":
		return c.id.String()
	case c.id.Container != "":
		return c.id.ContainerID().String()
	default:
		return "/" + string(c.id.Account)
	}
}

// fail returns an error with a kind, which names the operation and the target.
func (c call) fail(k objstore.Kind, cause error) error {
	return &objstore.Error{Kind: k, Op: c.op, Name: c.name(), Err: cause}
}

// wrap gives an error of the layers below a kind. An error with a kind comes
// from this package and is returned unchanged.
func (c call) wrap(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*objstore.Error); ok {
		return e
	}
	kind := kindOf(err)
	if passesSoon(err) {
		err = fmt.Errorf("%w: %w", objstore.ErrBusy, err)
	}
	return c.fail(kind, err)
}

// passesSoon reports whether err is a want of descriptors, of places at a device
// or of memory for commits.
func passesSoon(err error) bool {
	return oserror.Exhausted(err) || errors.Is(err, device.ErrBusy) ||
		errors.Is(err, durable.ErrBehind) && !errors.Is(err, durable.ErrSealed)
}

// kindOf translates the errors of the layers below.
func kindOf(err error) objstore.Kind {
	k := datafolder.KindOf(err)
	if k != objstore.KindNoSpace && errors.Is(err, blob.ErrUnavailable) {
		return objstore.KindUnavailable
	}
	return k
}

func isNotExist(err error) bool { return errors.Is(err, iofs.ErrNotExist) }

// Limits of names and metadata. The proxy enforces the limits of Swift, which
// are far lower. The limits here keep a row small enough for one block of the
// log.
const (
	nameMaxBytes     = 8 << 10
	metadataMaxBytes = 512 << 10
	fieldsMax        = 4096
)

var (
	errEmptyName = errors.New("a name is empty")
	errLongName  = fmt.Errorf("a name is longer than %d bytes", nameMaxBytes)
	errNUL       = errors.New("a name holds NUL")
	errSlash     = errors.New("a container's name holds '/'")
	errMetadata  = fmt.Errorf("more than %d metadata fields or %d bytes of them", fieldsMax, metadataMaxBytes)
)

// checkName refuses names that the keys of the index cannot hold. NUL separates
// the parts of a key.
func checkName(s string) error {
	switch {
	case s == "":
		return errEmptyName
	case len(s) > nameMaxBytes:
		return errLongName
	case strings.IndexByte(s, 0) >= 0:
		return errNUL
	}
	return nil
}

// checkMetadata bounds all metadata of a request together.
func checkMetadata(ms ...objstore.Metadata) error {
	fields, bytes := 0, 0
	for _, m := range ms {
		fields += len(m)
		for _, f := range m {
			bytes += len(f.Name) + len(f.Value)
		}
	}
	if fields > fieldsMax || bytes > metadataMaxBytes {
		return errMetadata
	}
	return nil
}

// enter begins an operation on an account, container or object. After nil the
// operation must end with e.gate.leave.
func (e *Engine) enter(c call, depth int) error {
	err := checkName(string(c.id.Account))
	if err == nil && depth > 1 {
		if err = checkName(string(c.id.Container)); err == nil && strings.IndexByte(string(c.id.Container), '/') >= 0 {
			err = errSlash
		}
	}
	if err == nil && depth > 2 {
		err = checkName(string(c.id.Object))
	}
	if err != nil {
		return c.fail(objstore.KindInvalid, err)
	}
	if !e.gate.enter() {
		return c.fail(objstore.KindClosed, nil)
	}
	return nil
}

const (
	depthAccount   = 1
	depthContainer = 2
	depthObject    = 3
)

func onAccount(op string, a objstore.AccountName) call {
	return call{op, objstore.ObjectID{Account: a}}
}

func onContainer(op string, c objstore.ContainerID) call {
	return call{op, objstore.ObjectID{Account: c.Account, Container: c.Container}}
}
