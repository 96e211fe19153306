package identity

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// TestImportedHashes has users with hashes of a Keystone, all of "secret".
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
		if kept := stored.PasswordHash == hash; kept != (name == "bcrypt") || !strings.HasPrefix(stored.PasswordHash, "$2") {
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

// TestUpgradeKeepsWhatBcryptWouldCut: 73 bytes stay under scrypt, 72 do not.
func TestUpgradeKeepsWhatBcryptWouldCut(t *testing.T) {
	v, err := newVerifier(bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	imported := secret{"u", "$scrypt$ln=4,r=1,p=2$IqTUeg9hrFU$Ns57/Oxc0W5Ob6xiLbiqAQeGguXRa5ANqYxeWwOg8Fc"}
	for n, want := range map[int]bool{72: true, 73: false} {
		if got := v.outdated(imported, strings.Repeat("x", n)); got != want {
			t.Errorf("%d bytes: %v", n, got)
		}
	}
	dearer, err := newVerifier(bcrypt.MinCost + 1)
	if err != nil {
		t.Fatal(err)
	}
	ours := secret{"u", "$2b$04$gXyzxK8.vBNZMPTNXGx99uVqqn7nt3gISmbPJd9bY9Lk2i8H/ABn."}
	if v.outdated(ours, "secret") || !dearer.outdated(ours, "secret") {
		t.Error("a lower cost is not raised, or the same is")
	}
}

// TestOneUpgrade: a hash that changed meanwhile is left alone.
func TestOneUpgrade(t *testing.T) {
	w := newWorld(t)
	u := w.member("ann")
	changed := "new password"
	_, err := w.UpdateUser(context.Background(), u.ID, nil, &changed)
	w.ok(err)
	w.ok(w.upgradeHash(context.Background(), u, "pw"))
	w.login("ann", changed, Scope{})
}
