// SPDX-License-Identifier: Apache-2.0

package loginguard

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is a Guard with a clock that the test sets, and the delays that began.
type world struct {
	*Guard
	now    time.Time
	delays []Delay
}

func newWorld(o Options) *world {
	w := &world{now: time.Unix(1700000000, 0)}
	o.Clock = func() time.Time { return w.now }
	o.OnDelay = func(d Delay) { w.delays = append(w.delays, d) }
	w.Guard = New(o)
	return w
}

// fail has n guesses fail, each of which is answered.
func (w *world) fail(t *testing.T, n int, ip, user string) {
	t.Helper()
	for i := range n {
		a := w.Attempt(ip, user)
		require.Zero(t, a.Wait(), "guess %d", i+1)
		require.Zero(t, a.Failed(), "guess %d", i+1)
	}
}

func (w *world) wait(ip, user string) time.Duration { return w.Attempt(ip, user).Wait() }

// usual are limits that differ from one another.
var usual = Options{PerUserAtAddress: 3, PerAddress: 7, PerUser: 9, Window: 10 * time.Minute, MaxDelay: 5 * time.Minute}

func TestPairIsDelayedAfterItsFailures(t *testing.T) {
	w := newWorld(usual)
	w.fail(t, usual.PerUserAtAddress-1, "192.0.2.1", "ann")
	require.Zero(t, w.wait("192.0.2.1", "ann"))
	w.fail(t, 1, "192.0.2.1", "ann")
	require.Equal(t, firstDelay, w.wait("192.0.2.1", "ann"))
	require.Equal(t, []Delay{{UserAtAddress, "192.0.2.1", firstDelay}}, w.delays)
	require.EqualValues(t, 1, w.Refused(UserAtAddress))
	// Neither a different address nor a different user waits.
	require.Zero(t, w.wait("192.0.2.2", "ann"))
	require.Zero(t, w.wait("192.0.2.1", "bob"))
	// A refused attempt does not lengthen the delay.
	require.Equal(t, firstDelay, w.Attempt("192.0.2.1", "ann").Failed())
	w.now = w.now.Add(firstDelay)
	require.Zero(t, w.wait("192.0.2.1", "ann"))
}

func TestDelaysDoubleUpToTheBound(t *testing.T) {
	w := newWorld(usual)
	w.fail(t, usual.PerUserAtAddress-1, "192.0.2.1", "ann")
	want := firstDelay
	for range 2 * maxDoublings {
		w.fail(t, 1, "192.0.2.1", "ann")
		got := w.wait("192.0.2.1", "ann")
		require.Equal(t, want, got)
		w.now = w.now.Add(got)
		want = min(2*want, usual.MaxDelay)
	}
	require.Equal(t, usual.MaxDelay, want)
	// The count drains by the allowed failures in each window.
	w.now = w.now.Add(usual.Window * (maxDoublings + 3) / 3)
	w.fail(t, usual.PerUserAtAddress, "192.0.2.1", "ann")
	require.Equal(t, firstDelay, w.wait("192.0.2.1", "ann"))
}

// A program that fails as often as is allowed in a window is never delayed.
func TestCountsDrain(t *testing.T) {
	w := newWorld(usual)
	for range 100 {
		w.fail(t, 1, "192.0.2.1", "ann")
		w.now = w.now.Add(usual.Window / time.Duration(usual.PerUserAtAddress))
	}
	require.Empty(t, w.delays)
}

func TestAddressIsDelayedForUsersOfAllNames(t *testing.T) {
	w := newWorld(usual)
	good := w.Attempt("192.0.2.1", "known")
	require.Zero(t, good.Succeeded())
	for i := range usual.PerAddress {
		require.Zero(t, w.wait("192.0.2.1", "new"))
		w.fail(t, 1, "192.0.2.1", fmt.Sprint("user ", i))
	}
	require.Equal(t, firstDelay, w.wait("192.0.2.1", "new"))
	require.EqualValues(t, 1, w.Refused(Address))
	require.Zero(t, w.wait("192.0.2.2", "new"), "a different address")
	require.Zero(t, w.wait("192.0.2.1", "known"), "a user who has logged in from there")
	// The trusted pair has its own count.
	w.fail(t, usual.PerUserAtAddress, "192.0.2.1", "known")
	require.NotZero(t, w.wait("192.0.2.1", "known"))
}

// Guesses from many addresses slow down new addresses of the user a little, and
// an address from which the user has logged in not at all.
func TestUserIsNotLockedOut(t *testing.T) {
	w := newWorld(usual)
	require.Zero(t, w.Attempt("192.0.2.1", "ann").Succeeded())
	for i := range 100 {
		a := w.Attempt(fmt.Sprintf("198.51.100.%d", i), "ann")
		wait := a.Wait()
		require.LessOrEqual(t, wait, userDelayMax)
		require.Equal(t, i >= usual.PerUser, wait > 0, "guess %d", i+1)
		w.now = w.now.Add(wait)
		require.Zero(t, a.Failed())
	}
	require.Zero(t, w.wait("192.0.2.1", "ann"))
	require.Zero(t, w.wait("192.0.2.9", "bob"))
	home := w.Attempt("192.0.2.9", "ann")
	require.Equal(t, userDelayMax, home.Wait())
	w.now = w.now.Add(userDelayMax)
	require.Zero(t, home.Wait())
	require.Zero(t, home.Succeeded())
	w.fail(t, 1, "198.51.100.200", "ann")
	require.Zero(t, w.wait("192.0.2.9", "ann"), "the address is trusted now")
}

func TestSuccessForgivesThePairAlone(t *testing.T) {
	w := newWorld(usual)
	for range 3 {
		w.fail(t, usual.PerUserAtAddress-1, "192.0.2.1", "ann")
		require.Zero(t, w.Attempt("192.0.2.1", "ann").Succeeded())
	}
	require.Zero(t, w.wait("192.0.2.1", "ann"))
	w.fail(t, 1, "192.0.2.1", "bob")
	require.NotZero(t, w.wait("192.0.2.1", "bob"), "seven failures of the address")
}

func TestAddressOfIPv6IsItsNetwork(t *testing.T) {
	w := newWorld(usual)
	for i := range usual.PerUserAtAddress {
		w.fail(t, 1, fmt.Sprintf("2001:db8::%x", i+1), "ann")
	}
	require.NotZero(t, w.wait("2001:db8::ffff:1", "ann"))
	require.Zero(t, w.wait("2001:db8:0:1::1", "ann"))
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8::1:2:3:4": "2001:db8::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "x": "x",
	} {
		require.Equal(t, want, Network(in))
	}
}

// Clients behind a proxy that does not name them share no delay but the user's.
func TestExemptAddress(t *testing.T) {
	o := usual
	o.Exempt = func(ip string) bool { return ip == "192.0.2.1" }
	w := newWorld(o)
	require.Zero(t, w.Attempt("192.0.2.1", "ann").Succeeded())
	w.fail(t, o.PerUser, "192.0.2.1", "ann")
	require.Equal(t, firstDelay, w.wait("192.0.2.1", "ann"))
	require.Equal(t, []Delay{{User, "192.0.2.1", firstDelay}}, w.delays)
	require.Zero(t, w.wait("192.0.2.1", "bob"))
}

func TestCountsThatAreOff(t *testing.T) {
	w := newWorld(Options{Window: time.Minute, MaxDelay: time.Minute})
	w.fail(t, 1000, "192.0.2.1", "ann")
	var off *Guard
	a := off.Attempt("192.0.2.1", "ann")
	require.Zero(t, a.Wait())
	require.Zero(t, a.Failed())
	require.Zero(t, a.Succeeded())
}

// Of many guesses at the same time as many are answered as of guesses in a row,
// and a right guess among them is not told.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(usual)
	attempts := make([]*Attempt, 50)
	for i := range attempts {
		attempts[i] = w.Attempt("192.0.2.1", "ann")
		require.Zero(t, attempts[i].Wait())
	}
	late := w.Attempt("192.0.2.1", "ann")
	require.Zero(t, late.Wait())
	var mu sync.Mutex
	answered := 0
	var all sync.WaitGroup
	for _, a := range attempts {
		all.Go(func() {
			if a.Failed() == 0 {
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, usual.PerUserAtAddress, answered)
	require.NotZero(t, late.Succeeded())
	require.False(t, w.trusted.Contains(late.keys[UserAtAddress]))
}

// A table keeps tableMax rows. With a row more, the row used longest ago is
// forgotten.
func TestTablesAreBounded(t *testing.T) {
	o := usual
	o.PerUserAtAddress, o.PerAddress, o.PerUser = 1, 0, 0
	w := newWorld(o)
	name := func(i int) string { return fmt.Sprint("user ", i) }
	for i := range tableMax {
		w.fail(t, 1, "192.0.2.1", name(i))
	}
	rows := w.counts[UserAtAddress].rows
	require.Equal(t, tableMax, rows.Len())
	require.NotZero(t, w.wait("192.0.2.1", name(0)), "at the bound the oldest row is there, and is used")
	w.fail(t, 1, "192.0.2.1", name(tableMax))
	require.Equal(t, tableMax, rows.Len())
	require.NotZero(t, w.wait("192.0.2.1", name(0)))
	require.Zero(t, w.wait("192.0.2.1", name(1)))
	for i := range tableMax + 1 {
		w.Attempt("198.51.100.1", name(i)).Succeeded()
	}
	require.Equal(t, tableMax, w.trusted.Len())
}

func TestReasonsHaveNames(t *testing.T) {
	var names []string
	for _, r := range Reasons() {
		names = append(names, r.String())
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), int(reasons))
}

func FuzzNetwork(f *testing.F) {
	for _, ip := range []string{"192.0.2.1", "2001:db8::1", "fe80::1%lo", "::ffff:1.2.3.4", "", "1.2.3.4:5"} {
		f.Add(ip)
	}
	f.Fuzz(func(t *testing.T, ip string) {
		once := Network(ip)
		if once != ip && Network(once) != once {
			t.Errorf("%q is %q, and that is %q", ip, once, Network(once))
		}
	})
}
