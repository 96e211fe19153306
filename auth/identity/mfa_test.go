// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/base32"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"
)

// totpSecret is the secret of RFC 6238's appendix B.
var totpSecret = base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))

func TestPasscodes(t *testing.T) {
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got, err := passcode(totpSecret, time.Unix(seconds, 0)); got != want || err != nil {
			t.Errorf("at %d: %s, %v, want %s", seconds, got, err, want)
		}
	}
	if _, err := passcode(totpSecret[:4], time.Unix(59, 0)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "=", "0", "abcdefgh"} {
		if _, err := passcode(bad, time.Unix(59, 0)); err == nil {
			t.Errorf("%q has a passcode", bad)
		}
	}
}

func newMFAWorld(t *testing.T, o Options) (*world, *User) {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: &clock{now: time.Unix(1700000000, 5e8)}, options: o}
	w.open()
	t.Cleanup(func() { w.ok(w.Close()) })
	_, err := w.Bootstrap(context.Background(), BootstrapOptions{AdminPassword: adminPassword, PublicURL: "http://h:1"})
	w.ok(err)
	return w, w.member("ann")
}

func withTOTP() Options { return Options{Methods: append(DefaultMethods(), MethodTOTP)} }

func (w *world) setOptions(id string, options map[string]any) {
	w.t.Helper()
	_, err := w.UpdateUser(context.Background(), id, func(u *User) { u.Options = options }, nil)
	w.ok(err)
}

func (w *world) partial(l Login) *PartialLogin {
	w.t.Helper()
	_, err := w.Authenticate(context.Background(), l)
	var p *PartialLogin
	if !errors.As(err, &p) || KindOf(err) != KindUnauthorized {
		w.t.Fatalf("%v", err)
	}
	return p
}

func TestFactors(t *testing.T) {
	w, ann := newMFAWorld(t, withTOTP())
	ctx := context.Background()
	_, err := w.CreateCredential(Credential{UserID: ann.ID, Type: TypeTOTP, Blob: totpSecret})
	w.ok(err)
	code := func(at time.Time) string {
		c, err := passcode(totpSecret, at)
		w.ok(err)
		return c
	}
	withPassword := passwordLogin("ann", "pw", adminScope)
	withCode := func(at time.Time) Login {
		return Login{Methods: []string{MethodTOTP}, TOTPUser: withPassword.User, Passcode: code(at), Scope: adminScope}
	}
	refused := func(l Login, why string) {
		t.Helper()
		_, err := w.Authenticate(ctx, l)
		var p *PartialLogin
		if KindOf(err) != KindUnauthorized || errors.As(err, &p) {
			t.Errorf("%s: %v", why, err)
		}
	}
	now := w.clock.Now()
	_, err = w.Authenticate(ctx, withCode(now.Add(-totpStep)))
	w.ok(err)
	refused(withCode(now.Add(-2*totpStep)), "an old code")
	refused(withCode(now.Add(totpStep)), "a code of the future")

	w.setOptions(ann.ID, map[string]any{MFARules: []any{[]any{"password", "totp"}, []any{"mapped", "application_credential"}, "no rule", []any{}}})
	w.reopen() // rules survive the store
	p := w.partial(withPassword)
	if want := [][]string{{"password", "totp"}}; !reflect.DeepEqual(p.Required, want) || !reflect.DeepEqual(p.Methods, []string{"password"}) {
		t.Errorf("%+v", p)
	}
	refused(passwordLogin("ann", "wrong", adminScope), "a wrong password")
	both := withCode(now)
	both.Methods, both.User, both.Password = []string{MethodPassword, MethodTOTP}, withPassword.User, "pw"
	token, err := w.Authenticate(ctx, both)
	w.ok(err)
	// A token proves all methods of its login.
	_, err = w.Authenticate(ctx, Login{Methods: []string{MethodToken}, Token: token.Text, Scope: adminScope})
	w.ok(err)

	second := withCode(now)
	second.Receipt = p.Receipt
	token, err = w.Authenticate(ctx, second)
	w.ok(err)
	if want := []string{"totp", "password"}; !reflect.DeepEqual(token.Methods, want) {
		t.Errorf("methods %v", token.Methods)
	}
	for why, receipt := range map[string]string{"garbage": "gAAAA", "a token": token.Text} {
		bad := second
		bad.Receipt = receipt
		refused(bad, why)
	}
	bob := w.member("bob")
	w.setOptions(bob.ID, map[string]any{MFARules: []any{[]any{"password", "totp"}}})
	other := withCode(now)
	other.Receipt = w.partial(passwordLogin("bob", "pw", adminScope)).Receipt
	refused(other, "somebody else's receipt")
	w.clock.advance(receiptLife)
	second = withCode(w.clock.Now())
	second.Receipt = p.Receipt
	refused(second, "an old receipt")

	w.setOptions(ann.ID, map[string]any{MFAEnabled: false, MFARules: []any{[]any{"password", "totp"}}})
	w.login("ann", "pw", adminScope)
}

// TestMethodsInUse: a method out of use is refused, and no rule asks for the
// method.
func TestMethodsInUse(t *testing.T) {
	w, ann := newMFAWorld(t, Options{Methods: []string{MethodPassword}})
	w.setOptions(ann.ID, map[string]any{MFARules: []any{[]any{"password", "totp"}}})
	token := w.login("ann", "pw", adminScope)
	for _, l := range []Login{{Methods: []string{MethodToken}, Token: token.Text}, {Methods: []string{MethodTOTP}, TOTPUser: Ref{ID: ann.ID}}} {
		if _, err := w.Authenticate(context.Background(), l); KindOf(err) != KindUnauthorized {
			t.Errorf("%v: %v", l.Methods, err)
		}
	}
}

func TestLockout(t *testing.T) {
	o := withTOTP()
	o.LockoutAttempts, o.LockoutDuration = 3, time.Minute
	w, ann := newMFAWorld(t, o)
	ctx := context.Background()
	locked := func(password string, want bool) {
		t.Helper()
		_, err := w.Authenticate(ctx, passwordLogin("ann", password, adminScope))
		var e *Error
		if got := errors.As(err, &e) && e.Tell; got != want {
			t.Errorf("%q: %v, want locked %v", password, err, want)
		}
	}
	fail := func(n int) {
		for range n {
			locked("wrong", false)
		}
	}
	fail(2)
	locked("pw", false) // a good login forgives
	fail(3)
	locked("pw", true)
	w.clock.advance(59 * time.Second)
	locked("pw", true) // what is refused does not prolong it
	w.clock.advance(time.Second)
	locked("pw", false)

	fail(2)
	if err := w.ChangePassword(ctx, ann.ID, "wrong", "x"); KindOf(err) != KindUnauthorized {
		t.Error(err)
	}
	locked("pw", true)
	w.setOptions(ann.ID, nil) // an admin's update
	locked("pw", false)
	for range 3 {
		if _, err := w.Authenticate(ctx, Login{Methods: []string{MethodTOTP}, TOTPUser: Ref{ID: ann.ID}, Passcode: "000000"}); KindOf(err) != KindUnauthorized {
			t.Error(err)
		}
	}
	locked("pw", true)
	w.setOptions(ann.ID, map[string]any{IgnoreLockout: true})
	fail(10)
	locked("pw", false)

	w.setOptions(ann.ID, nil)
	fail(1)
	w.ok(w.DeleteUser(ann.ID))
	for range 10 {
		_, err := w.Authenticate(ctx, passwordLogin("nobody", "x", adminScope))
		if KindOf(err) != KindUnauthorized {
			t.Error(err)
		}
	}
	if n := len(w.lockouts.failed); n != 0 {
		t.Errorf("%d counts are left", n)
	}
}

// TestOneFailureTooMany: a failure after the last allowed failure is not
// counted.
func TestOneFailureTooMany(t *testing.T) {
	l, u, now := lockouts{attempts: 3, duration: time.Minute}, &User{ID: "u"}, time.Unix(0, 0)
	for n := 1; n <= 4; n++ {
		if counted := l.fail(u, now); counted != (n <= 3) || l.locked(u, now) != (n >= 3) {
			t.Errorf("failure %d: counted %v", n, counted)
		}
	}
}

// TestLockoutOfManyAtOnce: of many guesses at the same time, no more than the
// allowed number are answered.
func TestLockoutOfManyAtOnce(t *testing.T) {
	w, _ := newMFAWorld(t, Options{LockoutAttempts: 3})
	var mu sync.Mutex
	answered := 0
	var guesses sync.WaitGroup
	for range 32 {
		guesses.Go(func() {
			_, err := w.Authenticate(context.Background(), passwordLogin("ann", "wrong", adminScope))
			mu.Lock()
			defer mu.Unlock()
			if e := new(Error); errors.As(err, &e) && !e.Tell {
				answered++
			}
		})
	}
	guesses.Wait()
	if answered != 3 {
		t.Errorf("%d guesses were answered", answered)
	}
}
