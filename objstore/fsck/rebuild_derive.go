// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// derive makes all rows besides the rows of objects: missing containers and
// accounts, counters, expiry entries and owners of files. A row without an
// inline body is dropped. An inline body without a row is dropped too.
type derive struct {
	r         *rebuild
	ctx       context.Context
	out       *bulk
	container objstore.ContainerID
	row       meta.ContainerRow // of container
	found     bool              // the copy had the row
	sum       meta.Counts       // of container
	accounts  map[objstore.PolicyIndex]meta.Counts
	account   objstore.AccountName
	rows      int64
}

// derive writes all rows that follow from the rows of objects.
func (r *rebuild) derive(ctx context.Context) error {
	d := &derive{r: r, ctx: ctx, out: &bulk{db: r.db}}
	err := r.db.Objects(d.object)
	if err == nil {
		err = d.leave()
	}
	if err = errors.Join(err, d.out.flush()); err != nil {
		return err
	}
	if err := r.countContainers(ctx); err != nil {
		return err
	}
	return r.dropInline(ctx)
}

// object counts one object, and begins a new container at the first object of
// the container.
func (d *derive) object(o objstore.ObjectID, row meta.ObjectRow) error {
	if d.rows++; d.rows%1024 == 0 {
		d.r.step("counting objects", -1, d.rows)
		if err := d.ctx.Err(); err != nil {
			return err
		}
	}
	if o.ContainerID() != d.container {
		if err := d.leave(); err != nil {
			return err
		}
		if err := d.enter(o.ContainerID(), row); err != nil {
			return err
		}
	}
	b := d.out.next()
	if row.Place == meta.PlaceInline {
		_, found, err := d.r.db.Inline(row.ID, nil)
		if err != nil {
			return err
		}
		if !found {
			d.r.out.LostInline++
			b.DeleteObject(o)
			return d.out.done()
		}
	}
	b.SetObject(o, &row)
	d.sum = d.sum.Add(meta.Counts{Objects: 1, Bytes: row.Info.SizeBytes})
	d.row.Created = min(d.row.Created, row.Info.Created)
	d.row.Modified = max(d.row.Modified, row.Info.Created)
	return d.out.done()
}

// enter begins a container.
func (d *derive) enter(c objstore.ContainerID, first meta.ObjectRow) (err error) {
	d.container, d.sum = c, meta.Counts{}
	if d.row, d.found, err = d.r.db.Container(c); err != nil || d.found {
		return err
	}
	d.row = meta.ContainerRow{Created: first.Info.Created, Modified: first.Info.Created, Policy: first.Policy}
	return nil
}

// leave ends a container: writes the counters, and the row if the row is
// missing.
func (d *derive) leave() error {
	if d.container.Container == "" {
		return nil
	}
	b := d.out.next()
	if !d.found {
		b.SetContainer(d.container, &d.row)
		d.r.out.Containers++
		if len(d.r.out.MadeContainers) < rebuildNamesMax {
			d.r.out.MadeContainers = append(d.r.out.MadeContainers, d.container.String())
		}
	}
	b.FoldContainer(d.container, d.sum)
	return d.out.done()
}

// countContainers makes the missing accounts and the counters of all accounts
// from the containers.
func (r *rebuild) countContainers(ctx context.Context) error {
	d := &derive{r: r, ctx: ctx, out: &bulk{db: r.db}}
	err := r.db.Containers(func(c objstore.ContainerID, row meta.ContainerRow) error {
		if c.Account != d.account {
			if err := d.leaveAccount(); err != nil {
				return err
			}
			d.account, d.accounts, d.row = c.Account, map[objstore.PolicyIndex]meta.Counts{}, row
		}
		n, err := r.db.ContainerCounts(c)
		if err != nil {
			return err
		}
		d.row.Created = min(d.row.Created, row.Created)
		sum := n.Counts
		sum.Containers = 1
		d.accounts[row.Policy] = d.accounts[row.Policy].Add(sum)
		return ctx.Err()
	})
	if err == nil {
		err = d.leaveAccount()
	}
	return errors.Join(err, d.out.flush())
}

// leaveAccount ends an account: writes the counters, and the row if the row is
// missing.
func (d *derive) leaveAccount() error {
	if d.account == "" {
		return nil
	}
	_, found, err := d.r.db.Account(d.account)
	if err != nil {
		return err
	}
	b := d.out.next()
	if !found {
		b.SetAccount(d.account, &meta.AccountRow{Created: d.row.Created})
		d.r.out.Accounts++
	}
	for p, n := range d.accounts {
		b.FoldAccount(d.account, p, n)
	}
	return d.out.done()
}

// dropInline removes inline bodies without a row. Rows are sorted by name and
// bodies by ID, and so the IDs of the rows are sorted first.
func (r *rebuild) dropInline(ctx context.Context) error {
	if r.out.Source == "" || r.out.Exact {
		return nil
	}
	named, err := meta.NewIDSet(r.folder.FS, r.path(sortName))
	if err != nil {
		return err
	}
	err = r.db.Objects(func(_ objstore.ObjectID, row meta.ObjectRow) error {
		if row.Place == meta.PlaceInline {
			return named.Add(row.ID)
		}
		return ctx.Err()
	})
	out := &bulk{db: r.db}
	if err == nil {
		err = r.db.InlineBodies(func(id meta.FileID, _ int) error {
			has, err := named.Has(id)
			if err != nil || has {
				return err
			}
			out.next().DropBody(&meta.ObjectRow{ID: id, Place: meta.PlaceInline})
			return out.done()
		})
	}
	return errors.Join(err, out.flush(), named.Close())
}
