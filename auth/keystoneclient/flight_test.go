// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"context"
	"errors"
	"testing"
)

// TestFlightAsksKnownAgain: a caller who looked before an attempt ended, and
// comes after its end, starts no second attempt.
func TestFlightAsksKnownAgain(t *testing.T) {
	var f flight[string, int]
	var kept, runs int
	known := func() (int, bool) { return kept, kept != 0 }
	now := func(run func()) { go run() }
	run := func() (int, error) {
		runs++
		kept = 42
		return kept, nil
	}
	for i, joins := range []bool{false, true} {
		v, joined, err := f.do(t.Context(), "k", known, now, run)
		if v != 42 || joined != joins || err != nil || runs != 1 {
			t.Errorf("call %d: %d, joined %v, %v after %d attempts", i, v, joined, err, runs)
		}
	}
}

// TestFlightFails: an error is the answer of its attempt only, and a caller
// whose context ended does not wait.
func TestFlightFails(t *testing.T) {
	var f flight[string, int]
	unknown := func() (int, bool) { return 0, false }
	start := func(run func()) { go run() }
	why := errors.New("no")
	if _, joined, err := f.do(t.Context(), "k", unknown, start, func() (int, error) { return 0, why }); joined || !errors.Is(err, why) {
		t.Errorf("joined %v, %v", joined, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	release := make(chan struct{})
	if _, _, err := f.do(ended, "k", unknown, start, func() (int, error) { <-release; return 7, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	go close(release)
	v, _, err := f.do(t.Context(), "k", unknown, start, func() (int, error) { return 7, nil })
	if v != 7 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}
