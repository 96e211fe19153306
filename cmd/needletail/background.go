// SPDX-License-Identifier: Apache-2.0

package main

import "context"

// inBackground runs run on a goroutine until the caller calls stop.
func inBackground(ctx context.Context, run func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}
