// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// HeadContainer returns the metadata and counters of a container, or
// KindNotFound.
func (e *Engine) HeadContainer(_ context.Context, id objstore.ContainerID, _ objstore.InfoOptions) (objstore.ContainerInfo, error) {
	c := onContainer("head container", id)
	if err := e.enter(c, depthContainer); err != nil {
		return objstore.ContainerInfo{}, err
	}
	defer e.gate.leave()
	k, err := e.container(c)
	if err != nil {
		return objstore.ContainerInfo{}, err
	}
	return k.info(), nil
}

// findContainer returns the row of a container, or KindNotFound.
func (e *Engine) findContainer(c call) (meta.ContainerRow, error) {
	row, found, err := e.db.Container(c.id.ContainerID())
	if err != nil {
		return row, c.wrap(err)
	}
	if !found {
		return row, c.fail(objstore.KindNotFound, nil)
	}
	return row, nil
}

var (
	errUnknownPolicy    = errors.New("no such storage policy")
	errDeprecatedPolicy = errors.New("the storage policy is deprecated")
	errOtherPolicy      = errors.New("the container has another storage policy")
)

// PutContainer makes a container, and the account if the account is missing. If
// the container exists, metadata are merged into the container. The result is
// true if the container was made.
func (e *Engine) PutContainer(_ context.Context, id objstore.ContainerID, o objstore.PutContainerOptions) (bool, error) {
	c := onContainer("put container", id)
	if err := e.enter(c, depthContainer); err != nil {
		return false, err
	}
	defer e.gate.leave()
	if err := e.dev.Reserve(0); err != nil {
		return false, c.wrap(err)
	}
	// Most containers exist already: a PUT of such a container need not stop the
	// whole account.
	if done, err := e.putExisting(c, o, e.locks.lockContainer(id)); done {
		return false, err
	}
	unlock := e.locks.lockAccount(id.Account)
	defer unlock()
	if done, err := e.putExisting(c, o, func() {}); done {
		return false, err
	}
	if err := e.makeContainer(c, o); err != nil {
		return false, err
	}
	return true, nil
}

// putExisting is PutContainer for a container that exists. done is false if the
// container is missing.
func (e *Engine) putExisting(c call, o objstore.PutContainerOptions, unlock func()) (done bool, err error) {
	defer unlock()
	old, found, err := e.db.Container(c.id.ContainerID())
	switch {
	case err != nil:
		return true, c.wrap(err)
	case !found:
		return false, nil
	case o.Policy != nil && *o.Policy != old.Policy:
		return true, c.fail(objstore.KindConflict, errOtherPolicy)
	}
	return true, e.mergeContainer(c, old, o.MetadataUpdate)
}

// makeContainer writes the row of a new container, and the row of the account if
// the account is missing. The caller holds the stripe of the account.
// KindInvalid: the policy is unknown or deprecated, or the metadata are refused.
func (e *Engine) makeContainer(c call, o objstore.PutContainerOptions) error {
	policies := *e.policies.Load()
	p, known := policies.Default(), true
	if o.Policy != nil {
		p, known = policies.ByIndex(*o.Policy)
	}
	switch {
	case !known:
		return c.fail(objstore.KindInvalid, errUnknownPolicy)
	case p.Deprecated && o.Policy != nil:
		return c.fail(objstore.KindInvalid, errDeprecatedPolicy)
	}
	metadata, err := apply(c, o.MetadataUpdate, nil)
	if err != nil {
		return err
	}
	t := e.clock.Now()
	row := meta.ContainerRow{Created: t, Modified: t, Policy: p.Index, Metadata: metadata}
	_, found, err := e.db.Account(c.id.Account)
	if err != nil {
		return c.wrap(err)
	}
	var account *meta.AccountRow
	if !found {
		metadata, err := apply(c, objstore.MetadataUpdate{Set: o.AccountMetadata}, nil)
		if err != nil {
			return err
		}
		account = &meta.AccountRow{Created: t, Metadata: metadata}
	}
	if err := e.createContainer(c.id.ContainerID(), &row, account); err != nil {
		return c.wrap(err)
	}
	return nil
}

// apply merges an update into metadata. KindInvalid: the update is refused.
func apply(c call, u objstore.MetadataUpdate, old objstore.Metadata) (objstore.Metadata, error) {
	merged, err := u.Apply(old)
	if err == nil {
		err = checkMetadata(merged)
	}
	if err != nil {
		return nil, c.fail(objstore.KindInvalid, err)
	}
	return merged, nil
}

// mergeContainer merges metadata into a container. The caller holds the stripe
// of the container or of the account.
func (e *Engine) mergeContainer(c call, row meta.ContainerRow, u objstore.MetadataUpdate) error {
	metadata, err := apply(c, u, row.Metadata)
	if err != nil {
		return err
	}
	row.Metadata, row.Modified = metadata, e.clock.Now()
	if err := e.updateContainer(c.id.ContainerID(), &row); err != nil {
		return c.wrap(err)
	}
	return nil
}

// PostContainer merges metadata into a container, or returns KindNotFound.
func (e *Engine) PostContainer(_ context.Context, id objstore.ContainerID, u objstore.MetadataUpdate) error {
	c := onContainer("post container", id)
	if err := e.enter(c, depthContainer); err != nil {
		return err
	}
	defer e.gate.leave()
	if err := e.dev.Reserve(0); err != nil {
		return c.wrap(err)
	}
	defer e.locks.lockContainer(id)()
	row, err := e.findContainer(c)
	if err != nil {
		return err
	}
	return e.mergeContainer(c, row, u)
}

// DeleteContainer removes a container without objects. KindNotEmpty: the
// container has rows of objects, expired objects included.
func (e *Engine) DeleteContainer(_ context.Context, id objstore.ContainerID) error {
	c := onContainer("delete container", id)
	if err := e.enter(c, depthContainer); err != nil {
		return err
	}
	defer e.gate.leave()
	defer e.locks.lockContainer(id)()
	row, err := e.findContainer(c)
	if err != nil {
		return err
	}
	used, err := e.db.HasObjects(id)
	if err != nil {
		return c.wrap(err)
	}
	if used {
		return c.fail(objstore.KindNotEmpty, nil)
	}
	return c.wrap(e.removeContainer(id, &row))
}
