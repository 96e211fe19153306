// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"time"

	"needletail/objstore/twin"
)

// mirrorLoop fills a lost copy of the index, and tries again until the copy is
// whole.
func (e *Engine) mirrorLoop(ctx context.Context) {
	for ctx.Err() == nil && e.db.Copies().Configured {
		if err := e.fillMirror(ctx); errors.Is(err, twin.ErrFillLater) {
			return // filling is possible only after a restart: the log has said so
		} else if err != nil && ctx.Err() == nil {
			e.log.Error("the lost copy of the index was not filled, and is tried again", "err", err)
		}
		t := time.NewTimer(e.opts.IndexFillEvery)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// fillMirror fills a lost copy of the index and logs the progress. Without a
// lost copy fillMirror does nothing.
func (e *Engine) fillMirror(ctx context.Context) error {
	begin, told := time.Now(), time.Now()
	return e.db.Fill(ctx, func(keys, bytes int64) {
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			e.log.Info("filling a copy of the index", "keys", keys, "bytes", bytes, "since", told.Sub(begin).Round(time.Second))
		}
	})
}
