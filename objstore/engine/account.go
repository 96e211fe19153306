// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// HeadAccount returns the metadata and counters of an account, or KindNotFound.
func (e *Engine) HeadAccount(_ context.Context, a objstore.AccountName, _ objstore.InfoOptions) (objstore.AccountInfo, error) {
	c := onAccount("head account", a)
	if err := e.enter(c, depthAccount); err != nil {
		return objstore.AccountInfo{}, err
	}
	defer e.gate.leave()
	k, err := e.account(c)
	if err != nil {
		return objstore.AccountInfo{}, err
	}
	return k.info(), nil
}

// findAccount returns the row of an account, or KindNotFound.
func (e *Engine) findAccount(c call) (meta.AccountRow, error) {
	row, found, err := e.db.Account(c.id.Account)
	if err != nil {
		return row, c.wrap(err)
	}
	if !found {
		return row, c.fail(objstore.KindNotFound, nil)
	}
	return row, nil
}

// PostAccount makes the account if the account is missing, and merges metadata
// into the account. The result is true if the account was made.
func (e *Engine) PostAccount(_ context.Context, a objstore.AccountName, u objstore.MetadataUpdate) (bool, error) {
	c := onAccount("post account", a)
	if err := e.enter(c, depthAccount); err != nil {
		return false, err
	}
	defer e.gate.leave()
	if err := e.dev.Reserve(0); err != nil {
		return false, c.wrap(err)
	}
	defer e.locks.lockAccount(a)()
	row, found, err := e.db.Account(a)
	if err != nil {
		return false, c.wrap(err)
	}
	if row.Metadata, err = apply(c, u, row.Metadata); err != nil {
		return false, err
	}
	if !found {
		row.Created = e.clock.Now()
	}
	if err := e.updateAccount(a, &row); err != nil {
		return false, c.wrap(err)
	}
	return !found, nil
}

// DeleteAccount removes an account without containers. KindNotEmpty: the account
// has containers.
func (e *Engine) DeleteAccount(_ context.Context, a objstore.AccountName) error {
	c := onAccount("delete account", a)
	if err := e.enter(c, depthAccount); err != nil {
		return err
	}
	defer e.gate.leave()
	defer e.locks.lockAccount(a)()
	if _, err := e.findAccount(c); err != nil {
		return err
	}
	used, err := e.db.HasContainers(a)
	if err != nil {
		return c.wrap(err)
	}
	if used {
		return c.fail(objstore.KindNotEmpty, nil)
	}
	var policies []objstore.PolicyIndex
	err = e.db.AccountCounts(a, func(p objstore.PolicyIndex, _ meta.Counter) error {
		policies = append(policies, p)
		return nil
	})
	if err != nil {
		return c.wrap(err)
	}
	return c.wrap(e.removeAccount(a, policies))
}
