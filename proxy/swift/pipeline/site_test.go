// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/auth/acl"
	"needletail/auth/signing"
	authtempauth "needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/keystoneauth"
	"needletail/proxy/swift/middleware/tempauth"
	"needletail/proxy/web"
)

// site is the whole pipeline over the reference store, with users of both
// kinds.
type site struct {
	t      *testing.T
	store  objstore.Store
	serve  swift.Handler
	tokens map[string]string // by the name of who asks
}

type keystoneTokens map[string]*auth.Identity

func (k keystoneTokens) Validate(_ context.Context, token string) (*auth.Identity, error) {
	if id := k[token]; id != nil {
		return id, nil
	}
	return nil, auth.ErrInvalidToken
}

func keystoneIdentity(project, user, role string) *auth.Identity {
	return &auth.Identity{
		UserID: user, UserName: user, UserDomainID: "default",
		ProjectID: project, ProjectName: project, ProjectDomainID: "default", Roles: []string{role},
	}
}

// siteUsers are TempAuth's, by the name that tests use.
var siteUsers = map[string]string{
	"owner":    "test:tester=k1,.admin",
	"member":   "test:tester3=k2",
	"other":    "test2:tester2=k3,.admin",
	"reseller": "admin:admin=k4,.admin,.reseller_admin",
	"reader":   "admin:auditor=k5,.reseller_reader",
	"service":  "test5:tester5=k6,service",
}

func newSite(t *testing.T, change ...func(*controllers.Config)) *site {
	t.Helper()
	s := &site{t: t, tokens: map[string]string{"none": "", "bad": "AUTH_tkbad", "garbage": "gAAAAgarbage", "kowner": "kowner", "kother": "kother", "kreseller": "kreseller"}}
	config := authtempauth.Config{ResellerPrefixes: []string{"AUTH", "SERVICE"}, RequireGroup: map[string]string{"SERVICE": "service"}}
	for _, line := range siteUsers {
		u, err := authtempauth.ParseUser(line)
		require.NoError(t, err)
		config.Users = append(config.Users, u)
	}
	users, err := authtempauth.New(config)
	require.NoError(t, err)
	s.store = memstore.New(memstore.Options{Policies: objstore.DefaultPolicies()})
	t.Cleanup(func() { s.store.Close() })
	c := controllers.Config{
		Store: s.store, Policies: objstore.DefaultPolicies(), Limits: swift.DefaultLimits(),
		AccountAutocreate: true, CleanACL: acl.Clean,
	}
	for _, f := range change {
		f(&c)
	}
	options := DefaultOptions()
	options.Put(&tempauth.Feature, &tempauth.Options{Auth: users})
	options.Put(&keystoneauth.Feature, &keystoneauth.Config{
		AuthURI: "http://h/identity", PublicPrefixes: users.ResellerPrefixes(), Validator: keystoneTokens{
			"kowner":    keystoneIdentity("ktest", "ktester", "admin"),
			"kother":    keystoneIdentity("ktest2", "ktester2", "member"),
			"kreseller": keystoneIdentity("kadmin", "kboss", "ResellerAdmin"),
		},
	})
	s.serve, err = New(Config{
		Site: feature.Site{
			Store: c.Store, Policies: c.Policies, Digests: signing.DefaultDigests(),
			Limits: c.Limits, Log: slog.New(slog.DiscardHandler),
		},
		Controllers: controllers.New(c), Options: options,
	})
	require.NoError(t, err)
	for name, line := range siteUsers {
		who, rest, _ := strings.Cut(line, "=")
		key, _, _ := strings.Cut(rest, ",")
		a := s.as("none", "GET /auth/v1.0", "", "X-Auth-User: "+who, "X-Auth-Key: "+key)
		require.Equal(t, 200, a.status)
		s.tokens[name] = a.header.Get("X-Auth-Token")
	}
	return s
}

type reply struct {
	status int
	header web.Header
	body   string
}

// as sends "METHOD /raw/path?query" for who, "Name: value" lines and a body.
func (s *site) as(who, request, body string, lines ...string) reply {
	s.t.Helper()
	method, target, _ := strings.Cut(request, " ")
	raw, query, _ := strings.Cut(target, "?")
	r := &swift.Request{Request: &web.Request{
		Method: method, RawPath: raw, Path: web.Unquote(raw), RawQuery: query, Scheme: "http", Host: "h",
		Body: strings.NewReader(body), ContentLength: int64(len(body)),
	}}
	if token, known := s.tokens[who]; token != "" {
		r.Header.Add("X-Auth-Token", token)
	} else {
		require.True(s.t, known, who)
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(web.TitleName(strings.TrimSuffix(name, ":")), value)
	}
	return s.send(r)
}

func (s *site) send(r *swift.Request) reply {
	s.t.Helper()
	res, err := s.serve.Serve(r)
	require.NoError(s.t, err)
	a := reply{status: res.Status, header: res.Header}
	if res.Body != nil {
		b, err := io.ReadAll(res.Body)
		require.NoError(s.t, err)
		a.body = string(b)
	}
	require.NoError(s.t, res.Close())
	id := res.Header.Get("X-Trans-Id")
	require.GreaterOrEqual(s.t, len(id), 34)
	require.Equal(s.t, id, res.Header.Get("X-Openstack-Request-Id"))
	return a
}

// must is as, of a known status.
func (s *site) must(status int, who, request, body string, lines ...string) reply {
	s.t.Helper()
	a := s.as(who, request, body, lines...)
	require.Equal(s.t, status, a.status, "%s: %s %q: %s", who, request, lines, a.body)
	return a
}
