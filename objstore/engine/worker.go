// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"
)

// startWorkers starts the work in the background, which ends when ctx ends.
func (e *Engine) startWorkers(ctx context.Context) {
	e.run(ctx, "gc", e.opts.GCEvery, e.gc.now, e.gc.passAndGather)
	e.run(ctx, "dark data", darkEvery, e.dark.now, e.dark.pass)
	e.run(ctx, "expirer", e.opts.ExpireEvery, nil, e.expirer.pass)
	e.work.Go(func() { e.foldLoop(ctx) })
	e.work.Go(func() { e.fleet.set.Run(ctx) })
	e.work.Go(func() { e.heal.loop(ctx) })
	e.work.Go(func() { e.scrub.loop(ctx) })
	e.work.Go(func() { e.statusLoop(ctx) })
	e.work.Go(func() { e.mirrorLoop(ctx) })
}

// run starts a worker: a pass whenever now gives a token, and at least a pass
// every pause. Errors are logged, and the next pass tries again.
func (e *Engine) run(ctx context.Context, name string, every time.Duration, now <-chan struct{}, pass func(context.Context) (int, error)) {
	e.work.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-now:
			case <-tick.C:
			}
			if n, err := pass(ctx); err != nil && ctx.Err() == nil {
				e.log.Error("background work failed, and is tried again", "worker", name, "done", n, "err", err)
			}
		}
	})
}
