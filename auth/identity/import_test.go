// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"strings"
	"testing"
)

// TestImportedHashes: users with hashes of a Keystone, all of the password
// "secret", log in and get a new hash.
func TestImportedHashes(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for name, hash := range map[string]string{
		"bcrypt":        "$2b$04$gXyzxK8.vBNZMPTNXGx99uVqqn7nt3gISmbPJd9bY9Lk2i8H/ABn.",
		"bcrypt_sha256": "$bcrypt-sha256$v=2,t=2b,r=4$2zd5d8TS438BRCb1nIKhOO$sfGiSO1iDuxyOnSGRbjC2bTCWXvv5ay",
		"scrypt":        "$scrypt$ln=10,r=8,p=1$y7m3FmIM4ZyzVipFaG2tdQ$lLi7M+rmp5m3Ep82jDnE9PvN4Yx8ThqeIngFFA9YmG8",
		"pbkdf2_sha512": "$pbkdf2-sha512$1000$AYCw1hojZExJidE6B.B8Dw$y7c9S05l506EM1FFigjE5EaQ6plg/o6rB/Gy0F2cF9POKRVj8XEBZL049VPGpoef8bVQx2cRYACVw8QzCI8w3Q",
		"sha512_crypt":  "$6$rounds=1000$wcmVepaEcFqnCXUx$5ayd6tt72UeZxsg0A/pU2Kdcw2ag6tMimycNfojrVf6lpWJ3IXYEnitg6.iwUWsXAtHVvLSMwLTs/.CCe1OhE.",
	} {
		u, err := w.CreateUser(ctx, User{Name: name, DomainID: DefaultDomainID, Enabled: true, PasswordHash: hash}, "")
		w.ok(err)
		if _, err := w.Authenticate(ctx, passwordLogin(name, "wrong", Scope{})); KindOf(err) != KindUnauthorized {
			t.Errorf("%s: a wrong password: %v", name, err)
		}
		token := w.login(name, "secret", Scope{})
		stored, err := w.User(u.ID)
		w.ok(err)
		if kept := stored.PasswordHash == hash; kept != (name == "bcrypt_sha256") || !strings.HasPrefix(stored.PasswordHash, "$bcrypt-sha256$v=2") {
			t.Errorf("%s: after a login the hash begins with %.8s", name, stored.PasswordHash)
		}
		w.wantValid(token.Text, true, name+" after its upgrade")
		w.login(name, "secret", Scope{})
		w.reopen()
		w.login(name, "secret", Scope{})
	}
	for _, bad := range []string{"plain", "$1$abc$def", "$scrypt$ln=30,r=8,p=1$a$b"} {
		if _, err := w.CreateUser(ctx, User{Name: "bad", DomainID: DefaultDomainID, PasswordHash: bad}, ""); KindOf(err) != KindInvalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestCostIsRaised: a hash of this package is outdated if its cost is lower
// than the configured cost.
func TestCostIsRaised(t *testing.T) {
	ours := secret{"u", "$bcrypt-sha256$v=2,t=2b,r=4$2zd5d8TS438BRCb1nIKhOO$sfGiSO1iDuxyOnSGRbjC2bTCWXvv5ay"}
	for cost, want := range map[int]bool{4: false, 5: true} {
		v, err := newVerifier(cost)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.outdated(ours); got != want {
			t.Errorf("cost %d: %v", cost, got)
		}
	}
}

// TestOneUpgrade: an upgrade leaves a hash alone if the hash has changed since
// the login.
func TestOneUpgrade(t *testing.T) {
	w := newWorld(t)
	u := w.member("ann")
	old := *u
	old.PasswordHash = "$2b$04$gXyzxK8.vBNZMPTNXGx99uVqqn7nt3gISmbPJd9bY9Lk2i8H/ABn."
	changed := "new password"
	_, err := w.UpdateUser(context.Background(), u.ID, nil, &changed)
	w.ok(err)
	w.upgradePassword(context.Background(), &old, "secret")
	w.login("ann", changed, Scope{})
}
