// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"sync"
)

const (
	downloadsMax        = 4  // how many run at once
	downloadsWaitingMax = 64 // how many run or wait
)

// downloads runs the downloads of imports, a few at a time.
type downloads struct {
	ctx      context.Context // ends with close
	cancel   context.CancelFunc
	admitted chan struct{}
	running  chan struct{}
	all      sync.WaitGroup
}

func newDownloads() *downloads {
	d := &downloads{admitted: make(chan struct{}, downloadsWaitingMax), running: make(chan struct{}, downloadsMax)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// admit takes a place among the waiting. release gives the place back, and so
// does the end of run. ok is false if no place is free.
func (d *downloads) admit() (release func(), ok bool) {
	select {
	case d.admitted <- struct{}{}:
		return func() { <-d.admitted }, true
	default:
		return nil, false
	}
}

// run returns at once, and starts work in the background when its turn comes.
// After close, work runs with an ended context.
func (d *downloads) run(release func(), work func(context.Context)) {
	d.all.Go(func() {
		defer release()
		select {
		case d.running <- struct{}{}:
			defer func() { <-d.running }()
		case <-d.ctx.Done():
		}
		work(d.ctx)
	})
}

// close ends all work and waits for it.
func (d *downloads) close() {
	d.cancel()
	d.all.Wait()
}
