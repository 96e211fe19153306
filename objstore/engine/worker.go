package engine

import (
	"context"
	"time"
)

// startWorkers starts what runs beside the operations, until ctx ends.
func (e *Engine) startWorkers(ctx context.Context) {
	e.run(ctx, "gc", e.opts.GCEvery, e.gcNow, e.gcPassAndGather)
	e.run(ctx, "dark data", darkEvery, e.dark.now, e.darkPass)
	e.run(ctx, "expirer", e.opts.ExpireEvery, nil, e.expirePass)
	e.work.Go(func() { e.foldLoop(ctx) })
	e.work.Go(func() { e.fleet.set.Run(ctx) })
	e.work.Go(func() { e.healLoop(ctx) })
	e.work.Go(func() { e.scrubLoop(ctx) })
	e.work.Go(func() { e.statusLoop(ctx) })
	e.work.Go(func() { e.mirrorLoop(ctx) })
}

// run makes a pass whenever now gives a token and at least every pause, and
// logs what goes wrong. The next pass tries again.
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
