// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/objstore/fsck"
)

// Check checks whether rows, counters, listings, expiry entries, queues and data
// files of the open store agree (package fsck). Check sees one moment, and looks
// at a changed object again before a finding counts.
func (e *Engine) Check(ctx context.Context, o fsck.CheckOptions) (fsck.CheckReport, error) {
	c := call{op: "check"}
	if err := o.Validate(); err != nil {
		return fsck.CheckReport{}, c.fail(objstore.KindInvalid, err)
	}
	if !e.gate.enter() {
		return fsck.CheckReport{}, c.fail(objstore.KindClosed, nil)
	}
	defer e.gate.leave()
	snap := e.db.Snapshot()
	live := fsck.Live{
		Then: snap.View, Now: e.db.View, Copies: e.folder.IndexCopies(e.folder.Second()),
		State: e.db.Copies(), Tails: e.db.Tails(),
	}
	for _, d := range e.fleet.devices {
		if dev := e.fleet.set.Device(d.index); dev != nil {
			live.Disks = append(live.Disks, fsck.Disk{Index: d.index, Dev: dev})
		} else {
			live.Away = append(live.Away, d.Path)
		}
	}
	report, err := fsck.CheckLive(ctx, live, o)
	return report, c.wrap(errors.Join(err, snap.Close()))
}

// Recount walks all rows of one moment, adds the rows up, and compares the sums
// with the counters (fsck.Recount). Recount reads no data file and may take
// long.
func (e *Engine) Recount(ctx context.Context) (fsck.Recounted, error) {
	c := call{op: "recount"}
	if !e.gate.enter() {
		return fsck.Recounted{}, c.fail(objstore.KindClosed, nil)
	}
	defer e.gate.leave()
	snap := e.db.Snapshot()
	sums, err := fsck.Recount(ctx, snap.View)
	return sums, c.wrap(errors.Join(err, snap.Close()))
}
