// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"needletail/objstore"
)

// visitError carries an error of visit through wrap unchanged.
type visitError struct{ error }

// guard marks the errors of visit, so that a listing can tell an error of the
// caller from an error of the index.
func guard[E any](visit func(*E) error) func(*E) error {
	return func(entry *E) error {
		if err := visit(entry); err != nil {
			return visitError{err}
		}
		return nil
	}
}

// listed returns the error of a listing. An error of visit is returned
// unchanged.
func listed(c call, err error) error {
	if v, ok := err.(visitError); ok {
		return v.error
	}
	return c.wrap(err)
}

// ListObjects lists one page of a container.
func (e *Engine) ListObjects(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	c := onContainer("list objects", id)
	if err := e.enter(c, depthContainer); err != nil {
		return err
	}
	defer e.gate.leave()
	e.stats.listings.Add(1)
	if _, err := e.findContainer(c); err != nil {
		return err
	}
	return listed(c, e.db.ListObjects(ctx, id, o, guard(visit)))
}

// ListContainers lists one page of an account.
func (e *Engine) ListContainers(ctx context.Context, a objstore.AccountName, o objstore.ListOptions, visit func(*objstore.ContainerEntry) error) error {
	c := onAccount("list containers", a)
	if err := e.enter(c, depthAccount); err != nil {
		return err
	}
	defer e.gate.leave()
	e.stats.listings.Add(1)
	if _, err := e.findAccount(c); err != nil {
		return err
	}
	return listed(c, e.db.ListContainers(ctx, a, o, guard(visit)))
}
