// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"needletail/objstore"
)

// The expirer takes expireBatch entries at a time. expireWriters goroutines
// remove the objects, and share syncs of the log.
const (
	expireBatch   = 1024
	expireWriters = 16
)

// expirer removes objects whose time to expire has come.
type expirer struct{ e *Engine }

type expiry struct {
	atSeconds int64
	object    objstore.ObjectID
}

var errNotDue = errors.New("not due")

// ExpirePass removes all objects that have expired, and returns how many.
func (e *Engine) ExpirePass(ctx context.Context) (int, error) {
	c := call{op: "expire objects"}
	if !e.gate.enter() {
		return 0, c.fail(objstore.KindClosed, nil)
	}
	defer e.gate.leave()
	n, err := e.expirer.pass(ctx)
	return n, c.wrap(err)
}

// pass removes expired objects until no entry is due, and returns how many
// objects were removed.
func (w *expirer) pass(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		due, err := w.due(time.Now().Unix())
		if err != nil || len(due) == 0 {
			return total, err
		}
		n, err := w.expire(ctx, due)
		total += n
		w.e.stats.expired.Add(int64(n))
		if err != nil {
			return total, err
		}
	}
	return total, ctx.Err()
}

// due returns the entries at the front of the expiry index whose time has come,
// at most expireBatch.
func (w *expirer) due(nowSeconds int64) ([]expiry, error) {
	var due []expiry
	err := w.e.db.Expiries(func(at int64, o objstore.ObjectID) error {
		if at > nowSeconds || len(due) == expireBatch {
			return errNotDue
		}
		due = append(due, expiry{at, o})
		return nil
	})
	if err == errNotDue {
		err = nil
	}
	return due, err
}

// expire removes the objects of some entries with expireWriters goroutines. The
// first error stops all goroutines and is returned.
func (w *expirer) expire(ctx context.Context, due []expiry) (int, error) {
	var (
		next, done atomic.Int64
		wg         sync.WaitGroup
		failed     atomic.Pointer[error]
	)
	for range min(expireWriters, len(due)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(due)); i = next.Add(1) - 1 {
				if ctx.Err() != nil || failed.Load() != nil {
					return
				}
				if err := w.expireOne(due[i]); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return int(done.Load()), *err
	}
	return int(done.Load()), nil
}

// expireOne removes the object that an entry names. If the object was deleted or
// changed since the entry was read, the entry is gone too and expireOne does
// nothing.
func (w *expirer) expireOne(x expiry) error {
	_, err := w.e.deleteObject(call{"expire object", x.object}, objstore.DeleteOptions{IfDeleteAt: x.atSeconds})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindPrecondition) {
		return nil
	}
	return err
}
