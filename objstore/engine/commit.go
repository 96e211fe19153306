// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/binary"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// This file builds the batches of all requests. The functions get times, ids and
// old rows from the caller, read no clock and no random numbers, and take no
// locks: the caller holds the locks.

// replaceObject writes the row of an object. old is the row that is replaced, or
// nil. If the two rows name different bodies, the old body is dropped. body is
// the content of an inline body.
func (e *Engine) replaceObject(o objstore.ObjectID, row, old *meta.ObjectRow, body []byte) error {
	b := e.db.NewBatch()
	change := meta.Counts{Objects: 1, Bytes: row.Info.SizeBytes}
	newBody := true
	if old != nil {
		change.Objects--
		change.Bytes -= old.Info.SizeBytes
		newBody = old.ID != row.ID
		if old.Info.DeleteAt != 0 && old.Info.DeleteAt != row.Info.DeleteAt {
			b.DeleteExpiry(old.Info.DeleteAt, o)
		}
		if newBody {
			b.DropBody(old)
		}
	}
	b.SetObject(o, row)
	if newBody && row.Place == meta.PlaceInline {
		b.SetInline(row.ID, body)
	}
	if newBody && e.heal.misplaced(o, row) {
		b.QueueHeal(row.ID, meta.HealRow{})
		e.stats.shortPuts.Add(1)
	}
	b.AddContainer(o.ContainerID(), change)
	b.AddAccount(o.Account, row.Policy, change)
	b.SetClock(row.Info.Modified)
	if err := e.commitObject(b, o); err != nil {
		return err
	}
	e.known.addObject(o.ContainerID(), row.Policy, change)
	if newBody && old != nil && old.Place == meta.PlaceFile {
		e.gc.wake()
	}
	return nil
}

// commitObject commits a change of one object, and keeps the object out of
// memory (hot) meanwhile.
func (e *Engine) commitObject(b *meta.Batch, o objstore.ObjectID) error {
	e.hot.begin(o)
	defer e.hot.end(o)
	return e.commit(b, o.ContainerID())
}

// removeObject removes the row of an object and drops the body.
func (e *Engine) removeObject(o objstore.ObjectID, old *meta.ObjectRow) error {
	b := e.db.NewBatch()
	b.DeleteObject(o)
	if old.Info.DeleteAt != 0 {
		b.DeleteExpiry(old.Info.DeleteAt, o)
	}
	b.DropBody(old)
	change := meta.Counts{Objects: -1, Bytes: -old.Info.SizeBytes}
	b.AddContainer(o.ContainerID(), change)
	b.AddAccount(o.Account, old.Policy, change)
	if err := e.commitObject(b, o); err != nil {
		return err
	}
	e.known.addObject(o.ContainerID(), old.Policy, change)
	if old.Place == meta.PlaceFile {
		e.gc.wake()
	}
	return nil
}

// createContainer writes the row of a new container, and the row of the account
// if account is not nil.
func (e *Engine) createContainer(c objstore.ContainerID, row *meta.ContainerRow, account *meta.AccountRow) error {
	b := e.db.NewBatch()
	if account != nil {
		b.SetAccount(c.Account, account)
	}
	b.SetContainer(c, row)
	change := meta.Counts{Containers: 1}
	b.AddAccount(c.Account, row.Policy, change)
	b.SetClock(row.Modified)
	if err := e.commit(b, c); err != nil {
		return err
	}
	if account != nil {
		e.known.made.Add(1)
	}
	e.known.addAccount(c.Account, row.Policy, change)
	return nil
}

// updateContainer replaces the row of a container. The counters stay.
func (e *Engine) updateContainer(c objstore.ContainerID, row *meta.ContainerRow) error {
	b := e.db.NewBatch()
	b.SetContainer(c, row)
	b.SetClock(row.Modified)
	if err := e.commit(b, c); err != nil {
		return err
	}
	e.known.setContainer(c, row)
	return nil
}

// removeContainer removes the row of an empty container and corrects the
// counters of the account.
func (e *Engine) removeContainer(c objstore.ContainerID, old *meta.ContainerRow) error {
	b := e.db.NewBatch()
	b.DeleteContainer(c)
	change := meta.Counts{Containers: -1}
	b.AddAccount(c.Account, old.Policy, change)
	if err := e.commit(b, c); err != nil {
		return err
	}
	e.known.containers.Remove(c)
	e.known.addAccount(c.Account, old.Policy, change)
	return nil
}

// updateAccount writes the row of an account that may be new.
func (e *Engine) updateAccount(a objstore.AccountName, row *meta.AccountRow) error {
	b := e.db.NewBatch()
	b.SetAccount(a, row)
	b.SetClock(row.Created)
	if err := e.commit(b, objstore.ContainerID{Account: a}); err != nil {
		return err
	}
	e.known.made.Add(1) // the account may be new
	e.known.setAccount(a, row)
	return nil
}

// removeAccount removes the row of an account without containers, and the
// counters of the policies.
func (e *Engine) removeAccount(a objstore.AccountName, policies []objstore.PolicyIndex) error {
	b := e.db.NewBatch()
	b.DeleteAccount(a, policies)
	if err := e.commit(b, objstore.ContainerID{Account: a}); err != nil {
		return err
	}
	e.known.accounts.Remove(a)
	return nil
}

// commit makes a batch durable. The batch changes the container c, or the
// account if c has no container name. After an error the outcome is unknown, and
// the container and the account leave the memory (known).
func (e *Engine) commit(b *meta.Batch, c objstore.ContainerID) error {
	done := e.stats.commits.start()
	err := b.Commit(true)
	done()
	if err != nil {
		e.known.forget(c)
	}
	return err
}

// inlineID returns the id of an inline body. The time comes first: new bodies
// lie together in the index, and compactions do not move the bodies about.
func inlineID(t objstore.Timestamp, random [8]byte) (id meta.FileID) {
	binary.BigEndian.PutUint64(id[:8], uint64(t))
	copy(id[8:], random[:])
	return id
}
