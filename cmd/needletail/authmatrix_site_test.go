// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"needletail/auth/identity"
	"needletail/auth/token"
	"needletail/cmd/needletail/config"
	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/crossdomain"
	"needletail/proxy/swift/middleware/listendpoints"
)

// authSite is the whole server, with users of TempAuth and of Keystone, each
// kind with an account of its own.
type authSite struct {
	t   *testing.T
	url string
	// tokens are by the name of who asks.
	tokens map[string]string
	// changed says that reset has something to do.
	changed bool
	// version is a version of V, and owner the id of Keystone's owner.
	version, owner string
}

// authAccounts are the accounts that the matrix is about, by the kind of users
// that they belong to.
var authAccounts = map[string]string{"tempauth": "AUTH_mat", "keystone": "AUTH_" + matrixProjectID}

const (
	matrixProjectID = "0123456789abcdef0123456789abcdef"
	otherProjectID  = "fedcba9876543210fedcba9876543210"
	matrixKey       = "key-of-temporary-urls"
)

const matrixTempAuth = `mat:owner=k,.admin
mat:member=k
other:other=k,.admin
other:racl=k
other:wacl=k
admin:reseller=k,.reseller_admin
admin:reader=k,.reseller_reader
srv:service=k,service`

// matrixGrants are Keystone's "user project role"; all domains are the default.
const matrixGrants = `owner mat member
member mat reader
other other member
racl other member
wacl other member
reseller other ResellerAdmin
reader other reader
service other service
revoked mat member
disabled mat member`

func newAuthSite(t *testing.T) *authSite {
	t.Helper()
	cfg := defaultSettings()
	cfg.Data = t.TempDir()
	cfg.PublicURL = "http://h"
	cfg.Identity.PasswordHashRounds = 4
	cfg.Log.Access = false
	cfg.Swift.AllowAccountManagement = true
	cfg.TempAuth.Users = strings.Split(matrixTempAuth, "\n")
	cfg.TempAuth.ResellerPrefixes = []string{"AUTH", "SERVICE"}
	cfg.TempAuth.RequireGroup = map[string]string{"SERVICE": "service"}
	cfg.KeystoneAuth.ResellerPrefixes = []string{"AUTH", "SERVICE"}
	cfg.KeystoneAuth.ServiceRoles = map[string][]string{"SERVICE": {"service"}}
	feature.Of[crossdomain.Options](cfg.Filters).Enabled = true
	feature.Of[listendpoints.Options](cfg.Filters).Enabled = true
	st, addr := serveConfig(t, cfg)
	s := &authSite{t: t, url: "http://" + addr, tokens: map[string]string{
		"tempauth none": "", "keystone none": "", "tempauth garbage": "AUTH_tk" + strings.Repeat("0", 32), "keystone garbage": "gAAAAABgarbage",
	}}
	s.logInTempAuth()
	s.logInKeystone(st, cfg)
	return s
}

func (s *authSite) logInTempAuth() {
	s.t.Helper()
	for line := range strings.Lines(matrixTempAuth) {
		user, _, _ := strings.Cut(line, "=")
		_, header := s.ask("GET", "/auth/v1.0", "", "X-Auth-User", user, "X-Auth-Key", "k")
		_, name, _ := strings.Cut(user, ":")
		if s.tokens["tempauth "+name] = header.Get("X-Auth-Token"); s.tokens["tempauth "+name] == "" {
			s.t.Fatalf("no token for %s", user)
		}
	}
}

// logInKeystone makes the projects and users, and tokens in all their states.
func (s *authSite) logInKeystone(st *storage, cfg settings) {
	t := s.t
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	projects := map[string]string{"mat": matrixProjectID, "other": otherProjectID}
	for name, id := range projects {
		_, err := st.identity.CreateProject(identity.Project{ID: id, Name: name, DomainID: identity.DefaultDomainID, Enabled: true})
		must(err)
	}
	roles := map[string]string{}
	for _, r := range st.identity.Roles(nil) {
		roles[r.Name] = r.ID
	}
	for line := range strings.Lines(matrixGrants) {
		f := strings.Fields(line)
		user, err := st.identity.CreateUser(t.Context(), identity.User{Name: f[0], DomainID: identity.DefaultDomainID, Enabled: true}, "pw")
		must(err)
		must(st.identity.AddGrant(identity.Grant{UserID: user.ID, Target: identity.OnProject, TargetID: projects[f[1]], RoleID: roles[f[2]]}))
		got, err := st.identity.Authenticate(t.Context(), identity.Login{
			Methods: []string{identity.MethodPassword}, User: identity.Ref{ID: user.ID}, Password: "pw",
			Scope: identity.Scope{Kind: identity.ScopeProject, Project: identity.Ref{ID: projects[f[1]]}},
		})
		must(err)
		s.tokens["keystone "+f[0]] = got.Text
		if f[0] == "owner" {
			s.owner = user.ID
		}
		if f[0] == "disabled" {
			_, err := st.identity.UpdateUser(t.Context(), user.ID, func(u *identity.User) { u.Enabled = false }, nil)
			must(err)
		}
	}
	s.delegate(st, roles["member"])
	must(st.identity.RevokeToken(s.tokens["keystone revoked"]))
	keys, err := token.OpenRepository(config.KeyDir(cfg.Data))
	must(err)
	expired, issued, err := keys.Parse(s.tokens["keystone owner"])
	must(err)
	expired.Expires = time.Now().Add(-time.Second)
	s.tokens["keystone expired"], err = keys.Issue(expired, issued.Add(-time.Hour))
	must(err)
	whole := s.tokens["keystone owner"]
	s.tokens["keystone cut"] = whole[:len(whole)-1]
}

// delegate makes tokens for what the owner gave away.
func (s *authSite) delegate(st *storage, role string) {
	s.t.Helper()
	keep := func(name string, got *identity.Token, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		s.tokens["keystone "+name] = got.Text
	}
	ctx := s.t.Context()
	trustee, err := st.identity.CreateUser(ctx, identity.User{Name: "trustee", DomainID: identity.DefaultDomainID, Enabled: true}, "pw")
	if err != nil {
		s.t.Fatal(err)
	}
	trust, err := st.identity.CreateTrust(identity.Trust{TrustorID: s.owner, TrusteeID: trustee.ID, ProjectID: matrixProjectID,
		Impersonation: true, RoleIDs: []string{role}}, identity.Redelegation{})
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := st.identity.Authenticate(ctx, identity.Login{Methods: []string{identity.MethodPassword}, User: identity.Ref{ID: trustee.ID},
		Password: "pw", Scope: identity.Scope{Kind: identity.ScopeTrust, TrustID: trust.ID}})
	keep("trust", got, err)
	for name, rules := range map[string][]identity.AccessRule{
		"appcred": nil, "narrow": {{Service: "object-store", Method: "GET", Path: "/v1/AUTH_" + matrixProjectID + "/c/o"}},
	} {
		a, err := st.identity.CreateAppCredential(ctx, identity.AppCredential{Name: name, UserID: s.owner, ProjectID: matrixProjectID,
			RoleIDs: []string{role}}, "secret", rules)
		if err != nil {
			s.t.Fatal(err)
		}
		got, err := st.identity.Authenticate(ctx, identity.Login{Methods: []string{identity.MethodAppCred}, AppCred: identity.Ref{ID: a.ID}, Secret: "secret"})
		keep(name, got, err)
	}
	_, err = st.identity.CreateCredential(identity.Credential{UserID: s.owner, ProjectID: matrixProjectID, Type: identity.TypeEC2,
		Blob: `{"access": "matrix", "secret": "secret"}`})
	if err != nil {
		s.t.Fatal(err)
	}
	got, err = st.identity.AuthenticateEC2("matrix", func(string) bool { return true })
	keep("ec2", got, err)
}

// ask sends one request; lines are names and values in turn.
func (s *authSite) ask(method, path, body string, lines ...string) (*http.Response, http.Header) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(lines); i += 2 {
		if lines[i+1] != "" {
			req.Header.Set(lines[i], lines[i+1])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	res.Body = io.NopCloser(strings.NewReader(string(text)))
	return res, res.Header
}

// signedQuery is the query of a temporary URL.
func signedQuery(key, method, expires, path, more string) string {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s\n%s\n%s", method, expires, path)
	return "temp_url_expires=" + expires + "&temp_url_sig=" + hex.EncodeToString(mac.Sum(nil)) + more
}
