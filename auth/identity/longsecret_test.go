// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// neighbours returns secrets equal to the secret for plain bcrypt. The secret
// has 72 bytes or more; bcrypt ignores the bytes behind.
func neighbours(secret string) []string {
	return []string{secret + "x", secret[:len(secret)-1], secret[:len(secret)-1] + "!", secret[:72] + "?", secret + "\x00" + secret}
}

// TestAllBytesOfASecretCount: every byte of a password or of an application
// credential's secret counts, at 72 bytes and beyond.
func TestAllBytesOfASecretCount(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, n := range []int{72, 73, 100, MaxPasswordBytes} {
		right := strings.Repeat("a", n-1) + "b"
		u := w.member("u" + right[:1] + string(rune('0'+n%10)))
		_, err := w.UpdateUser(ctx, u.ID, nil, &right)
		w.ok(err)
		a, err := w.CreateAppCredential(ctx, AppCredential{Name: "a", UserID: u.ID,
			ProjectID: w.projects.named(DefaultDomainID, "admin").ID, RoleIDs: []string{w.roles.named("", "member").ID}}, right, nil)
		w.ok(err)
		byCredential := func(secret string) error {
			_, err := w.Authenticate(ctx, Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: secret})
			return err
		}
		w.login(u.Name, right, Scope{})
		w.ok(byCredential(right))
		for _, wrong := range neighbours(right) {
			if wrong == right {
				continue
			}
			if _, err := w.Authenticate(ctx, passwordLogin(u.Name, wrong, Scope{})); KindOf(err) != KindUnauthorized {
				t.Errorf("a password of %d bytes for one of %d: %v", len(wrong), n, err)
			}
			if err := byCredential(wrong); KindOf(err) != KindUnauthorized {
				t.Errorf("a secret of %d bytes for one of %d: %v", len(wrong), n, err)
			}
		}
	}
}

// TestPlainBcryptIsReplaced: a hash of an earlier version still verifies as
// plain bcrypt does. After the next login all bytes count.
func TestPlainBcryptIsReplaced(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	right := strings.Repeat("a", 99) + "b"
	plain, err := bcrypt.GenerateFromPassword([]byte(right)[:72], bcrypt.MinCost)
	w.ok(err)
	u, err := w.CreateUser(ctx, User{Name: "old", DomainID: DefaultDomainID, Enabled: true, PasswordHash: string(plain)}, "")
	w.ok(err)
	w.ok(w.AddGrant(Grant{UserID: u.ID, Target: OnProject, TargetID: w.projects.named(DefaultDomainID, "admin").ID,
		RoleID: w.roles.named("", "member").ID}))
	a, err := w.CreateAppCredential(ctx, AppCredential{Name: "a", UserID: u.ID,
		ProjectID: w.projects.named(DefaultDomainID, "admin").ID, RoleIDs: []string{w.roles.named("", "member").ID}}, "x", nil)
	w.ok(err)
	w.ok(w.update(func(t *tx) error {
		old := *a
		old.SecretHash = string(plain)
		put(t, w.appCreds, a.ID, &old)
		return nil
	}))
	byPassword := func(secret string) error {
		_, err := w.Authenticate(ctx, passwordLogin("old", secret, Scope{}))
		return err
	}
	byCredential := func(secret string) error {
		_, err := w.Authenticate(ctx, Login{Methods: []string{MethodAppCred}, AppCred: Ref{ID: a.ID}, Secret: secret})
		return err
	}
	for name, login := range map[string]func(string) error{"password": byPassword, "credential": byCredential} {
		w.ok(login(right))
		if err := login(right[:72]); KindOf(err) != KindUnauthorized {
			t.Errorf("%s: 72 bytes after a login: %v", name, err)
		}
		w.ok(login(right))
	}
	w.reopen()
	w.ok(byPassword(right))
	w.ok(byCredential(right))
}
