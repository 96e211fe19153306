// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"needletail/objstore"
)

// A Store that withholds a promise gets the same check again until the check
// passes: a listing or a counter that never agrees still fails.
const (
	settleTries      = 24
	settleQuickTries = 4 // without a pause, for stores that settle by being asked
	settlePauseMin   = 10 * time.Millisecond
	settlePauseMax   = time.Second
)

// attempt is a test whose failures are kept, and judged by settle.
type attempt struct {
	testing.TB
	failures []string
}

// ended is how a failed check leaves its function.
type ended struct{}

func (a *attempt) note(s string) { a.failures = append(a.failures, strings.TrimSuffix(s, "\n")) }

func (a *attempt) Error(args ...any)                 { a.note(fmt.Sprintln(args...)) }
func (a *attempt) Errorf(format string, args ...any) { a.note(fmt.Sprintf(format, args...)) }
func (a *attempt) Fatal(args ...any)                 { a.Error(args...); panic(ended{}) }
func (a *attempt) Fatalf(format string, args ...any) { a.Errorf(format, args...); panic(ended{}) }

// run reports whether check passes.
func (a *attempt) run(check func(testing.TB)) bool {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(ended); !ok {
				panic(r)
			}
		}
	}()
	check(a)
	return len(a.failures) == 0
}

// settle runs check once where the promise is kept, and otherwise until check
// passes. The last failures are reported.
func settle(t testing.TB, kept bool, check func(testing.TB)) {
	t.Helper()
	if kept {
		check(t)
		return
	}
	pause := settlePauseMin
	for try := 1; ; try++ {
		a := &attempt{TB: t}
		if a.run(check) && len(a.failures) == 0 {
			return
		}
		if try == settleTries {
			t.Fatalf("after %d tries: %s", try, strings.Join(a.failures, "\n"))
		}
		if try >= settleQuickTries {
			time.Sleep(pause)
			pause = min(2*pause, settlePauseMax)
		}
	}
}

// settle is settle with the check's own env.
func (e *env) settle(kept bool, check func(*env)) {
	e.Helper()
	settle(e.TB, kept, func(t testing.TB) {
		inner := *e
		inner.TB = t
		check(&inner)
	})
}

// wantListed waits until a container lists n names.
func (e *env) wantListed(c objstore.ContainerID, n int) {
	e.Helper()
	e.settle(e.g.ListedAtOnce, func(e *env) { e.wantEqual("listed objects", len(allObjects(e, e.s, c)), n) })
}

// largeRune stands for the byte 0xFF in names. No larger rune will do but one:
// container servers of Swift 2.30 count the last rune of a prefix up.
const largeRune = "\U0010fffe"

// text is s, or a text in the same order for a store that keeps UTF-8 alone.
func (e *env) text(s string) string {
	if e.g.OpaqueBytes {
		return s
	}
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\xff", largeRune), "?")
}

// texts is text for names. Names that grow too long are left out.
func (e *env) texts(names []string) (all []string) {
	for _, name := range names {
		if name = e.text(name); len(name) <= nameBytesMax && utf8.ValidString(name) || e.g.OpaqueBytes {
			all = append(all, name)
		}
	}
	return all
}

// nameBytesMax is the longest name of an object.
const nameBytesMax = 1024

// soon is a DeleteAt that has passed already, or passes in a moment.
func (e *env) soon() int64 {
	if e.g.PastDeleteAt {
		return 1
	}
	return time.Now().Unix() + 1
}

// expire waits until an object that was written with soon is expired.
func (e *env) expire(id objstore.ObjectID) {
	e.Helper()
	e.settle(e.g.PastDeleteAt, func(e *env) {
		_, err := e.s.HeadObject(e.ctx, id, objstore.OpenOptions{})
		e.wantKind(err, objstore.KindNotFound)
	})
}
