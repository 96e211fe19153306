// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

func from(client string) context.Context { return WithClient(context.Background(), client) }

// fullQueue returns a queue with a single processor, already taken.
func fullQueue(t *testing.T) *hashQueue {
	t.Helper()
	q := &hashQueue{free: 1, byName: map[string]*hashClient{}}
	if err := q.enter(context.Background()); err != nil {
		t.Fatal(err)
	}
	return q
}

// empty fails the test unless the queue is as fullQueue has made the queue.
func (q *hashQueue) empty(t *testing.T) {
	t.Helper()
	if q.free != 1 || q.waiting != 0 || len(q.byName) != 0 || len(q.turns) != 0 {
		t.Errorf("%d free, %d waiting, clients %v, turns %v", q.free, q.waiting, q.byName, q.turns)
	}
}

// TestHashesAreBounded: a single client gets a part of the queue, and all
// clients together get the whole queue. Beyond the bound a client is refused
// at once.
func TestHashesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := fullQueue(t)
		ctx, cancel := context.WithCancel(context.Background())
		wait := func(client string, n int) {
			for range n {
				go func() {
					if err := q.enter(WithClient(ctx, client)); !errors.Is(err, context.Canceled) {
						t.Errorf("a waiter of %s: %v", client, err)
					}
				}()
			}
			synctest.Wait()
		}
		busy := func(client string, want bool) {
			t.Helper()
			ctx, cancel := context.WithCancel(from(client))
			done := make(chan error, 1)
			go func() { done <- q.enter(ctx) }()
			synctest.Wait()
			cancel()
			if err := <-done; (KindOf(err) == KindBusy) != want {
				t.Errorf("%s: %v", client, err)
			}
		}
		clients := hashWaitersMax / hashWaitersPerClient
		wait("client 0", hashWaitersPerClient-1)
		busy("client 0", false)
		wait("client 0", 1)
		busy("client 0", true)
		for i := 1; i < clients; i++ {
			busy("another", false)
			wait(fmt.Sprint("client ", i), hashWaitersPerClient)
		}
		busy("another", true)
		if n := q.refused.Load(); n != 2 {
			t.Errorf("%d refusals are counted", n)
		}
		cancel()
		synctest.Wait()
		q.leave()
		q.empty(t)
	})
}

// TestClientsTakeTurns: a login after a flood of a second client is served
// second.
func TestClientsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := fullQueue(t)
		var served []string
		for _, client := range []string{"flood", "flood", "flood", "2001:db8::1", "2001:db8::2", "ann"} {
			go func() {
				if err := q.enter(from(client)); err != nil {
					t.Error(err)
					return
				}
				served = append(served, client)
			}()
			synctest.Wait()
		}
		for range 6 {
			q.leave()
			synctest.Wait()
		}
		if want := []string{"flood", "2001:db8::1", "ann", "flood", "2001:db8::2", "flood"}; !slices.Equal(served, want) {
			t.Errorf("served %v, want %v", served, want)
		}
		q.leave()
		q.empty(t)
	})
}

// TestGoneClientsCostNothing: a client gone before its turn gives up the turn,
// also if the turn comes at the same moment.
func TestGoneClientsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := fullQueue(t)
		ctx, cancel := context.WithCancel(context.Background())
		gone, next := make(chan error, 1), make(chan error, 1)
		go func() { gone <- q.enter(ctx) }()
		synctest.Wait()
		go func() { next <- q.enter(from("next")) }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		q.leave()
		if err := <-next; err != nil {
			t.Error(err)
		}

		turn, err := q.ask("late")
		if turn == nil || err != nil {
			t.Fatal(turn, err)
		}
		q.leave() // the turn of somebody who leaves at this moment
		q.giveUp("late", turn)
		q.empty(t)
		if err := q.enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that had gone before: %v", err)
		}
		q.empty(t)
	})
}

// TestClientsAreLookedAtBeforeAHash: a client that is gone costs no hash, with
// or without a wait, although its context goes on.
func TestClientsAreLookedAtBeforeAHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := fullQueue(t)
		left := false
		look := func() bool { return left }
		waited := make(chan error, 1)
		go func() { waited <- q.enter(WithLeft(from("a"), look)) }()
		synctest.Wait()
		left = true
		q.leave()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("after a wait: %v", err)
		}
		if err := q.enter(WithLeft(from("a"), look)); !errors.Is(err, context.Canceled) {
			t.Errorf("without a wait: %v", err)
		}
		q.empty(t)
		left = false
		if err := q.enter(WithLeft(from("a"), look)); err != nil {
			t.Errorf("a client that is there: %v", err)
		}
	})
}

// TestKnownPasswordsDoNotWait: a remembered password needs no hash, and a
// login of a client already gone computes no hash.
func TestKnownPasswordsDoNotWait(t *testing.T) {
	w := newWorld(t)
	w.member("ann")
	w.login("ann", "pw", Scope{})
	var held int
	for w.passwords.queue.free > 0 {
		w.ok(w.passwords.queue.enter(context.Background()))
		held++
	}
	w.login("ann", "pw", Scope{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.Authenticate(ctx, passwordLogin("ann", "wrong", Scope{})); !errors.Is(err, context.Canceled) {
		t.Errorf("a login of nobody: %v", err)
	}
	for range held {
		w.passwords.queue.leave()
	}
}
