// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"context"
	"fmt"
	"sort"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Recounted holds the sums of a walk over the whole index.
type Recounted struct {
	Accounts, Containers, Objects, Bytes int64
	InlineBodies, Files, Queued          int64
	Expiring                             int64 // objects with a time to expire
	// Problems are the places where the index contradicts the index, at most
	// problemsMax.
	Problems []string
}

const problemsMax = 100

// recount is one walk over a view. Rows come sorted by name. In memory are only
// the sums of the present container and of the present account.
type recount struct {
	ctx  context.Context
	view meta.View
	out  Recounted
}

// Recount walks all rows of a view, adds the rows up, and compares the sums with
// the counters, and the rows with the index's entries for their bodies. Recount
// reads no data file. A walk over many rows takes long.
func Recount(ctx context.Context, v meta.View) (Recounted, error) {
	r := &recount{ctx: ctx, view: v}
	err := r.run()
	return r.out, err
}

// problem notes a contradiction. Beyond problemsMax a contradiction is not
// noted: a broken index may have millions.
func (r *recount) problem(format string, args ...any) {
	if len(r.out.Problems) < problemsMax {
		r.out.Problems = append(r.out.Problems, fmt.Sprintf(format, args...))
	}
}

// run makes all steps of the walk.
func (r *recount) run() error {
	for _, step := range []func() error{r.accounts, r.objects, r.bodies, r.queue} {
		if err := step(); err != nil {
			return err
		}
	}
	return r.ctx.Err()
}

// accounts compares the counters of each account with the counters of the
// containers of the account.
func (r *recount) accounts() error {
	return r.view.Accounts(func(a objstore.AccountName, _ meta.AccountRow) error {
		r.out.Accounts++
		sums := map[objstore.PolicyIndex]meta.Counts{}
		err := r.view.ListContainers(r.ctx, a, objstore.ListOptions{Limit: int(^uint(0) >> 1)}, func(c *objstore.ContainerEntry) error {
			r.out.Containers++
			sums[c.Policy] = sums[c.Policy].Add(meta.Counts{Containers: 1, Objects: c.ObjectCount, Bytes: c.BytesUsed})
			return r.ctx.Err()
		})
		if err != nil {
			return err
		}
		err = r.view.AccountCounts(a, func(p objstore.PolicyIndex, n meta.Counter) error {
			if n.Counts != sums[p] {
				r.problem("account %s policy %d: counters %+v, containers %+v", a, p, n.Counts, sums[p])
			}
			delete(sums, p)
			return nil
		})
		left := make([]int, 0, len(sums))
		for p := range sums {
			left = append(left, int(p))
		}
		sort.Ints(left)
		for _, p := range left {
			r.problem("account %s policy %d: no counters", a, p)
		}
		return err
	})
}

// objects compares the counters of each container with the rows of the
// container.
func (r *recount) objects() error {
	return r.view.Containers(func(c objstore.ContainerID, row meta.ContainerRow) error {
		if _, found, err := r.view.Account(c.Account); err != nil || !found {
			r.problem("container %s: its account is missing", c)
			return err
		}
		var sum meta.Counts
		err := r.view.ContainerObjects(c, func(o objstore.ObjectID, object meta.ObjectRow) error {
			sum = sum.Add(meta.Counts{Objects: 1, Bytes: object.Info.SizeBytes})
			if object.Info.DeleteAt != 0 {
				r.out.Expiring++
			}
			if object.Policy != row.Policy {
				r.problem("object %s: policy %d in a container of policy %d", o, object.Policy, row.Policy)
			}
			if err := r.ctx.Err(); err != nil {
				return err
			}
			return r.body(o, &object)
		})
		if err != nil {
			return err
		}
		r.out.Objects += sum.Objects
		r.out.Bytes += sum.Bytes
		listed := int64(0)
		err = r.view.ListObjects(r.ctx, c, objstore.ListOptions{Limit: int(^uint(0) >> 1)}, func(*objstore.ObjectEntry) error {
			listed++
			return r.ctx.Err()
		})
		if err != nil {
			return err
		}
		if listed != sum.Objects {
			r.problem("container %s: %d rows, %d are listed", c, sum.Objects, listed)
		}
		n, err := r.view.ContainerCounts(c)
		if err == nil && n.Counts != sum {
			r.problem("container %s: counters %+v, rows %+v", c, n.Counts, sum)
		}
		return err
	})
}

// body checks that the index has the body of a row.
func (r *recount) body(o objstore.ObjectID, row *meta.ObjectRow) error {
	if row.Place == meta.PlaceInline {
		r.out.InlineBodies++
		body, found, err := r.view.Inline(row.ID, nil)
		if err == nil && (!found || int64(len(body)) != row.Info.SizeBytes) {
			r.problem("object %s: inline body of %d bytes, found %v", o, len(body), found)
		}
		return err
	}
	r.out.Files++
	owner, found, err := r.view.FileOwner(row.ID)
	if err == nil && (!found || owner != o) {
		r.problem("object %s: its file belongs to %s", o, owner)
	}
	return err
}

// bodies counts inline bodies, files and rows of objects. A count that differs
// from the rows of the containers is a problem.
func (r *recount) bodies() error {
	inline, files, objects := int64(0), int64(0), int64(0)
	err := r.view.InlineBodies(func(meta.FileID, int) error { inline++; return r.ctx.Err() })
	if err == nil {
		err = r.view.Files(func(meta.FileID, objstore.ObjectID) error { files++; return r.ctx.Err() })
	}
	if err == nil {
		err = r.view.Objects(func(objstore.ObjectID, meta.ObjectRow) error { objects++; return r.ctx.Err() })
	}
	if err != nil {
		return err
	}
	if inline != r.out.InlineBodies {
		r.problem("%d inline bodies, %d of them named", inline, r.out.InlineBodies)
	}
	if files != r.out.Files {
		r.problem("%d files, %d of them named", files, r.out.Files)
	}
	if objects != r.out.Objects {
		r.problem("%d object rows, %d of them in a container", objects, r.out.Objects)
	}
	return nil
}

// queue searches for files that wait for removal from a device while a row has a
// slot of the file on the device.
func (r *recount) queue() error {
	return r.view.GCQueue(func(d device.Index, id meta.FileID, _ meta.GCRow) error {
		r.out.Queued++
		owner, found, err := r.view.FileOwner(id)
		if err != nil || !found {
			return err
		}
		row, found, err := r.view.Object(owner)
		if found && row.ID == id && row.Placement.Holds(d) {
			r.problem("file %x of %s waits for its removal from device %v", id, owner, d)
		}
		return err
	})
}
