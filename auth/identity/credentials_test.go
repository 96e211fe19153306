// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const ec2Blob = `{"access": "AK", "secret": "SK"}`

// TestCredentialRefusals: users, projects, types, blobs and keys of
// credentials.
func TestCredentialRefusals(t *testing.T) {
	w := newWorld(t)
	w.newUser(DefaultDomainID, "ann")
	project := w.adminProject()
	create := func(change func(*Credential)) func() error {
		c := Credential{UserID: "ann", ProjectID: project, Type: "cert", Blob: "x"}
		change(&c)
		return func() error { _, err := w.CreateCredential(c); return err }
	}
	ec2 := func(blob string) func() error {
		return create(func(c *Credential) { c.Type, c.Blob = TypeEC2, blob })
	}
	try(t, []attempt{
		{"a certificate", create(func(c *Credential) { c.ID = "c" }), accepted},
		{"a taken ID", create(func(c *Credential) { c.ID = "c" }), KindConflict},
		{"without a project", create(func(c *Credential) { c.ProjectID = "" }), accepted},
		{"an unknown project", create(func(c *Credential) { c.ProjectID = "x" }), KindInvalid},
		{"an unknown user", create(func(c *Credential) { c.UserID = "x" }), KindNotFound},
		{"without a type", create(func(c *Credential) { c.Type = "" }), KindInvalid},
		{"a type at the bound", create(func(c *Credential) { c.Type = strings.Repeat("t", maxNameChars) }), accepted},
		{"a type beyond the bound", create(func(c *Credential) { c.Type = strings.Repeat("t", maxNameChars+1) }), KindInvalid},
		{"a blob at the bound", create(func(c *Credential) { c.Blob = strings.Repeat("b", maxBlobBytes) }), accepted},
		{"a blob beyond the bound", create(func(c *Credential) { c.Blob = strings.Repeat("b", maxBlobBytes+1) }), KindInvalid},
		{"an EC2 key", ec2(ec2Blob), accepted},
		{"the EC2 key again", ec2(`{"access": "AK", "secret": "other"}`), KindConflict},
		{"an EC2 key without a project", create(func(c *Credential) { c.Type, c.Blob, c.ProjectID = TypeEC2, `{"access": "A2"}`, "" }), KindInvalid},
		{"an EC2 key that is no JSON", ec2("AK"), KindInvalid},
		{"an EC2 key without an access key", ec2(`{"secret": "SK"}`), KindInvalid},
		{"an EC2 key of a trust", ec2(`{"access": "A3", "trust_id": "t"}`), KindInvalid},
		{"an EC2 key of an application credential", ec2(`{"access": "A3", "app_cred_id": "a"}`), KindInvalid},
	})
	// SHA-256 of "AK", as Keystone makes the ID.
	const id = "3c4e58eff203b042713969d15d21e5a80fcc43b7ce3c90517c58641dd98887c2"
	if got := EC2CredentialID("AK"); got != id {
		t.Errorf("the ID is %q", got)
	}
	if c, err := w.Credential(EC2CredentialID("AK")); err != nil || c.Blob != ec2Blob {
		t.Errorf("the key is %+v, %v", c, err)
	}
}

// TestCredentialChanges: a credential neither becomes nor ceases to be an EC2
// key, and an access key stays.
func TestCredentialChanges(t *testing.T) {
	w := newWorld(t)
	w.newUser(DefaultDomainID, "ann")
	key, err := w.CreateCredential(Credential{UserID: "ann", ProjectID: w.adminProject(), Type: TypeEC2, Blob: ec2Blob})
	w.ok(err)
	cert, err := w.CreateCredential(Credential{UserID: "ann", ProjectID: w.adminProject(), Type: "cert", Blob: "x"})
	w.ok(err)
	update := func(id string, edit func(*Credential)) func() error {
		return func() error { _, err := w.UpdateCredential(id, edit); return err }
	}
	try(t, []attempt{
		{"a new secret", update(key.ID, func(c *Credential) { c.ID, c.Blob = "x", `{"access": "AK", "secret": "S2"}` }), accepted},
		{"a new access key", update(key.ID, func(c *Credential) { c.Blob = `{"access": "A2", "secret": "S2"}` }), KindInvalid},
		{"a key becomes a certificate", update(key.ID, func(c *Credential) { c.Type = "cert" }), KindInvalid},
		{"a key without JSON", update(key.ID, func(c *Credential) { c.Blob = "x" }), KindInvalid},
		{"a certificate becomes a key", update(cert.ID, func(c *Credential) { c.Type, c.Blob = TypeEC2, `{"access": "A2"}` }), KindInvalid},
		{"a new blob", update(cert.ID, func(c *Credential) { c.Blob += "y" }), accepted},
		{"an unknown user", update(cert.ID, func(c *Credential) { c.UserID = "x" }), KindNotFound},
		{"an unknown credential", update("x", func(*Credential) {}), KindNotFound},
		{"a deletion of an unknown credential", func() error { return w.DeleteCredential("x") }, KindNotFound},
	})
	w.reopen()
	rows, err := w.Credentials(func(c *Credential) bool { return c.Type == "cert" })
	w.ok(err)
	if len(rows) != 1 || rows[0].Blob != "xy" {
		t.Errorf("the certificates are %+v", rows)
	}
	if c, err := w.Credential(key.ID); err != nil || c.Blob != `{"access": "AK", "secret": "S2"}` {
		t.Errorf("the key is %+v, %v", c, err)
	}
	w.ok(w.DeleteCredential(cert.ID))
	if _, err := w.Credential(cert.ID); KindOf(err) != KindNotFound {
		t.Errorf("the deleted credential: %v", err)
	}
}

// TestBlobsAreSealed: neither memory's rows nor the database hold a blob in
// clear, and the row that a change returns does.
func TestBlobsAreSealed(t *testing.T) {
	w := newWorld(t)
	w.newUser(DefaultDomainID, "ann")
	const blob = "a very secret blob"
	c, err := w.CreateCredential(Credential{ID: "c", UserID: "ann", Type: "cert", Blob: blob})
	w.ok(err)
	changed, err := w.UpdateCredential("c", func(c *Credential) { c.Type = "totp" })
	w.ok(err)
	if c.Blob != blob || changed.Blob != blob {
		t.Errorf("the rows returned have the blobs %q and %q", c.Blob, changed.Blob)
	}
	stored := w.db.NewSnapshot()
	defer stored.Close()
	value, closer, err := stored.Get(w.credentials.storeKey("c"))
	w.ok(err)
	defer closer.Close()
	if bytes.Contains(value, []byte("secret blob")) || strings.Contains(w.credentials.rows["c"].Blob, "secret") {
		t.Errorf("in clear: %q, %q", value, w.credentials.rows["c"].Blob)
	}
	w.credentials.rows["c"].Blob = "gAAAA" // sealed with lost keys
	if _, err := w.Credential("c"); err == nil || KindOf(err) != KindInternal {
		t.Errorf("a blob of lost keys: %v", err)
	}
	if _, err := w.Credentials(nil); err == nil {
		t.Error("a list with a blob of lost keys")
	}
}

// TestCredentialsAreBounded per user.
func TestCredentialsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.newUser(DefaultDomainID, "ann")
	w.newUser(DefaultDomainID, "bob")
	fill(w, w.credentials, maxCredentials-1, func(i int) (string, *Credential) {
		id := fmt.Sprint(i)
		return id, &Credential{ID: id, UserID: "ann", Type: "cert"}
	})
	create := func(user string) func() error {
		return func() error {
			_, err := w.CreateCredential(Credential{UserID: user, Type: "cert", Blob: "x"})
			return err
		}
	}
	try(t, []attempt{
		{"the last", create("ann"), accepted},
		{"beyond the bound", create("ann"), KindForbidden},
		{"of a second user", create("bob"), accepted},
		{"a deletion", func() error { return w.DeleteCredential("0") }, accepted},
		{"in the place of the deleted", create("ann"), accepted},
	})
}

// TestEC2Login: a right signature gives a token of the key's user and project,
// with the rights of today.
func TestEC2Login(t *testing.T) {
	w := newWorld(t)
	ann := w.member("ann")
	w.newUser(DefaultDomainID, "roleless")
	for access, user := range map[string]string{"AK": ann.ID, "NR": "roleless"} {
		_, err := w.CreateCredential(Credential{UserID: user, ProjectID: w.adminProject(), Type: TypeEC2,
			Blob: fmt.Sprintf(`{"access": %q, "secret": "SK"}`, access)})
		w.ok(err)
	}
	_, err := w.CreateCredential(Credential{UserID: ann.ID, ProjectID: w.adminProject(), Type: TypeEC2, Blob: `{"access": "NS"}`})
	w.ok(err)
	login := func(access, secret string) func() error {
		return func() error {
			_, err := w.AuthenticateEC2(access, func(s string) bool { return s == secret })
			return err
		}
	}
	try(t, []attempt{
		{"a right signature", login("AK", "SK"), accepted},
		{"a wrong signature", login("AK", "no"), KindUnauthorized},
		{"an unknown key", login("XX", "SK"), KindNotFound},
		{"a key without a secret", login("NS", ""), KindUnauthorized},
		{"a user without a role", login("NR", "SK"), KindUnauthorized},
	})
	token, err := w.AuthenticateEC2("AK", func(string) bool { return true })
	w.ok(err)
	if token.User.ID != ann.ID || token.Project.ID != w.adminProject() || !token.OfEC2Key() || !token.Delegated() || !token.HasRole("reader") || token.HasRole("admin") {
		t.Errorf("the token is %+v", token)
	}
	if _, err := w.Authenticate(t.Context(), Login{Methods: []string{MethodToken}, Token: token.Text, Scope: adminScope}); KindOf(err) != KindForbidden {
		t.Errorf("exchanged: %v", err)
	}
	_, err = w.UpdateUser(t.Context(), ann.ID, func(u *User) { u.Enabled = false }, nil)
	w.ok(err)
	if err := login("AK", "SK")(); KindOf(err) != KindUnauthorized {
		t.Errorf("of a disabled user: %v", err)
	}
	w.wantValid(token.Text, false, "the token of a disabled user")
}
