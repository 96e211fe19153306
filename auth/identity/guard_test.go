// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth/loginguard"
)

// guardFailures are the failures that a pair is allowed in these tests.
const guardFailures = 3

// newGuardedWorld returns a service with a guard and the user ann, who has an
// application credential.
func newGuardedWorld(t *testing.T) (*world, *User, *AppCredential) {
	w := newWorld(t)
	w.options.Guard = loginguard.New(loginguard.Options{PerUserAtAddress: guardFailures, PerAddress: 100, PerUser: 100,
		Window: time.Hour, MaxDelay: time.Minute, Clock: w.clock.Now})
	w.reopen()
	ann := w.member("ann")
	cred, err := w.CreateAppCredential(context.Background(), AppCredential{Name: "c", UserID: ann.ID,
		ProjectID: w.projects.named(DefaultDomainID, "admin").ID, RoleIDs: []string{w.roles.named("", "member").ID}}, "secret", nil)
	require.NoError(t, err)
	return w, ann, cred
}

// TestFailedLoginsAreDelayed: each way to prove a secret has its delay, the
// right secret included, at the address of the failures and at no other.
func TestFailedLoginsAreDelayed(t *testing.T) {
	w, ann, cred := newGuardedWorld(t)
	here, away := from("192.0.2.1"), from("192.0.2.2")
	login := func(l Login) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := w.Authenticate(ctx, l)
			return err
		}
	}
	appCred := func(secret string, who Ref) Login {
		return Login{Methods: []string{MethodAppCred}, AppCred: who, User: Ref{ID: ann.ID}, Secret: secret}
	}
	for name, way := range map[string]struct{ wrong, right func(context.Context) error }{
		"password": {login(passwordLogin("ann", "wrong", Scope{})), login(passwordLogin("ann", "pw", Scope{}))},
		"change of password": {
			func(ctx context.Context) error { return w.ChangePassword(ctx, ann.ID, "wrong", "pw") },
			func(ctx context.Context) error { return w.ChangePassword(ctx, ann.ID, "pw", "pw") },
		},
		"credential by id":   {login(appCred("wrong", Ref{ID: cred.ID})), login(appCred("secret", Ref{ID: cred.ID}))},
		"credential by name": {login(appCred("wrong", Ref{Name: "c"})), login(appCred("secret", Ref{Name: "c"}))},
	} {
		for range guardFailures {
			require.Equal(t, KindUnauthorized, KindOf(way.wrong(here)), name)
		}
		for _, try := range []func(context.Context) error{way.wrong, way.right} {
			var e *Error
			require.ErrorAs(t, try(here), &e, name)
			require.Equal(t, KindThrottled, e.Kind, name)
			require.Equal(t, time.Second, e.RetryAfter, name)
		}
		require.NoError(t, way.right(away), name)
		w.clock.advance(time.Second)
		require.NoError(t, way.right(here), name)
		require.Equal(t, KindUnauthorized, KindOf(way.wrong(here)), "%s: the success has forgiven", name)
		w.clock.advance(time.Hour)
	}
}

// TestDelayTellsNothingAboutNames: an unknown user is delayed as a known user
// is, whichever way the domain is named.
func TestDelayTellsNothingAboutNames(t *testing.T) {
	w, _, _ := newGuardedWorld(t)
	for _, user := range []string{"ann", "nobody"} {
		wrong := passwordLogin(user, "wrong", Scope{})
		byName := wrong
		byName.User.Domain = DomainRef{Name: "Default"}
		for i, l := range []Login{wrong, byName, wrong, byName} {
			_, err := w.Authenticate(from("192.0.2.1"), l)
			want := KindUnauthorized
			if i == guardFailures {
				want = KindThrottled
			}
			require.Equal(t, want, KindOf(err), "%s, guess %d", user, i+1)
		}
	}
}

// TestIDAndNameAreOneUser: a guesser gains nothing by naming the user
// differently.
func TestIDAndNameAreOneUser(t *testing.T) {
	w, ann, _ := newGuardedWorld(t)
	byName := passwordLogin("ann", "wrong", Scope{})
	byID := byName
	byID.User = Ref{ID: ann.ID}
	for i, l := range []Login{byName, byID, byName, byID} {
		_, err := w.Authenticate(from("192.0.2.1"), l)
		require.Equal(t, i == guardFailures, KindOf(err) == KindThrottled, "guess %d: %v", i+1, err)
	}
}

// TestPasscodesAreNotGuessedWithThePassword: the right password beside a wrong
// passcode forgives nothing, neither to the delay nor to the lockout.
func TestPasscodesAreNotGuessedWithThePassword(t *testing.T) {
	guess := func(w *world, ann *User) error {
		l := passwordLogin("ann", "pw", Scope{})
		l.Methods, l.TOTPUser, l.Passcode = []string{MethodPassword, MethodTOTP}, Ref{ID: ann.ID}, "000000"
		_, err := w.Authenticate(from("192.0.2.1"), l)
		return err
	}
	guard := loginguard.New(loginguard.Options{PerUserAtAddress: guardFailures, Window: time.Hour, MaxDelay: time.Minute})
	for _, o := range []Options{{Guard: guard}, {LockoutAttempts: guardFailures}} {
		o.Methods = withTOTP().Methods
		w, ann := newMFAWorld(t, o)
		for range guardFailures {
			require.Equal(t, KindUnauthorized, KindOf(guess(w, ann)))
		}
		var e *Error
		require.True(t, errors.As(guess(w, ann), &e) && (e.Kind == KindThrottled || e.Tell), "%v", e)
	}
}

// TestDelayedLoginIsNotHashed: an attempt whose delay begins while the attempt
// waits for a processor leaves without a hash.
func TestDelayedLoginIsNotHashed(t *testing.T) {
	w, ann, _ := newGuardedWorld(t)
	a := w.attempt(from("192.0.2.1"), Ref{}, ann)
	looked := 0
	ok, err := w.passwords.verify(from("192.0.2.1"), secretOf(ann), "other", func() error {
		looked++
		for range guardFailures {
			a.Failed()
		}
		return throttled(a.Wait())
	})
	require.False(t, ok)
	require.Equal(t, KindThrottled, KindOf(err))
	require.Equal(t, 1, looked)
	w.passwords.queue.mu.Lock()
	defer w.passwords.queue.mu.Unlock()
	require.Positive(t, w.passwords.queue.free, "the processor is given back")
}
