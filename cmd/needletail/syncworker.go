// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"needletail/proxy/swift/middleware/containersync"
)

// inBackground runs the worker until the caller calls stop. A nil worker does
// nothing.
func inBackground(ctx context.Context, w *containersync.Worker) (stop func()) {
	if w == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}
