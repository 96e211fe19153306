// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// A reader of a counter adds up the deltas since the last merge by Pebble, and a
// busy container makes each HEAD slower until the next flush. After more than
// foldDeltas deltas the reader asks for a fold: the sum is written back.
const (
	foldDeltas = 512
	foldsMax   = 64 // waiting requests; a later reader repeats a dropped request
)

// fold names a counter: of a container, or of an account if the container has no
// name.
type fold struct {
	container objstore.ContainerID
	policy    objstore.PolicyIndex
}

// foldIfLong asks for a fold after a read with many deltas. A full channel drops
// the request: the reader must not wait.
func (e *Engine) foldIfLong(f fold, n meta.Counter) {
	if n.Deltas <= foldDeltas {
		return
	}
	select {
	case e.folds <- f:
	default:
	}
}

// foldLoop folds the requested counters until ctx ends. An error is only logged,
// because the counter is right without a fold.
func (e *Engine) foldLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-e.folds:
			if err := e.fold(f); err != nil {
				e.log.Error("a counter was not folded", "container", f.container, "err", err)
			}
		}
	}
}

// fold writes the sum of a counter back while nobody changes the counter. The
// batch needs no sync: a lost batch changes no sum.
func (e *Engine) fold(f fold) error {
	if f.container.Container != "" {
		return e.foldContainer(f.container)
	}
	return e.foldAccount(f.container.Account, f.policy)
}

// foldContainer folds the counter of a container. The deltas are counted again
// under the lock: a flush may have merged the deltas since the request.
func (e *Engine) foldContainer(c objstore.ContainerID) error {
	defer e.locks.lockContainer(c)()
	n, err := e.db.ContainerCounts(c)
	if err != nil || n.Deltas <= foldDeltas {
		return err
	}
	b := e.db.NewBatch()
	b.FoldContainer(c, n.Counts)
	return b.Commit(false)
}

// foldAccount folds the counter of an account for one policy.
func (e *Engine) foldAccount(a objstore.AccountName, policy objstore.PolicyIndex) error {
	defer e.locks.lockAccount(a)()
	b := e.db.NewBatch()
	err := e.db.AccountCounts(a, func(p objstore.PolicyIndex, n meta.Counter) error {
		if p == policy && n.Deltas > foldDeltas {
			b.FoldAccount(a, p, n.Counts)
		}
		return nil
	})
	if err != nil {
		b.Close()
		return err
	}
	return b.Commit(false)
}
