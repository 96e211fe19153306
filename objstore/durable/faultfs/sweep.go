// SPDX-License-Identifier: Apache-2.0

package faultfs

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Tally is the result of a sweep.
type Tally struct {
	Runs, Calls, Injected int
	// Sealed counts runs after which no write succeeded. Refused counts runs
	// after which the next start was refused.
	Sealed, Refused int
}

// Outcome is the result of a run.
type Outcome struct {
	Calls, Injected int
	Sealed, Refused bool
}

// roundsMax bounds a sweep; workloads make fewer calls.
const roundsMax = 20_000

// Sweep calls run with a fault at each call, until there are no more, or at a
// sample of them, and logs figures.
func Sweep(t *testing.T, faults func(call int) []Fault, sampleEvery int, run func(Fault) Outcome) Tally {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	var sum Tally
	for call := 0; call < roundsMax; {
		injected := false
		for _, f := range faults(call) {
			stop := Watchdog(t, 2*time.Minute, f.String())
			o := run(f)
			stop()
			sum.Runs++
			sum.Calls += o.Calls
			sum.Injected += o.Injected
			if o.Sealed {
				sum.Sealed++
			}
			if o.Refused {
				sum.Refused++
			}
			injected = injected || o.Injected > 0
		}
		if !injected {
			t.Logf("seed %d: %+v", seed, sum)
			return sum
		}
		if call++; !Full() {
			call += rng.IntN(2*sampleEvery - 1)
		}
	}
	t.Errorf("seed %d: %+v: the workload has no end", seed, sum)
	return sum
}

// Once returns every cause at a single call.
func Once(call int) (all []Fault) {
	for _, err := range Causes() {
		all = append(all, Fault{Call: call, Err: err})
	}
	return all
}

// OnceAndForever returns every cause at a single call, and at the call and all
// calls after it.
func OnceAndForever(call int) (all []Fault) {
	for _, f := range Once(call) {
		all = append(all, f, Fault{Call: call, Err: f.Err, Stays: true})
	}
	return all
}
