// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// validator knows tokens; "down" cannot be checked.
type validator map[string]*auth.Identity

func (v validator) Validate(_ context.Context, token string) (*auth.Identity, error) {
	if token == "down" {
		return nil, errors.New("connection refused")
	}
	if id := v[token]; id != nil {
		return id, nil
	}
	return nil, auth.ErrInvalidToken
}

// next is what the middleware wraps: it keeps requests and answers by a
// function.
type next struct {
	seen   []*swift.Request
	answer func(*swift.Request) (*web.Response, error)
}

func (n *next) Serve(r *swift.Request) (*web.Response, error) {
	n.seen = append(n.seen, r)
	if n.answer != nil {
		return n.answer(r)
	}
	return web.StatusPage(204), nil
}

func (n *next) last() *swift.Request { return n.seen[len(n.seen)-1] }

func tokens() validator {
	return validator{"good": identity("p", "u", "admin"), "svc": identity("s", "svc", "service"), "boss": identity("b", "boss", "ResellerAdmin")}
}

func do(t *testing.T, h swift.Handler, method, path string, lines ...string) *web.Response {
	t.Helper()
	r := &swift.Request{Request: &web.Request{Method: method, Path: path, Body: web.NoBody}}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Add(name, value)
	}
	res, err := h.Serve(r)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	return res
}

func TestIdentify(t *testing.T) {
	known := tokens()
	for _, c := range []struct {
		lines       string
		status      int
		user        string
		serviceRole string
	}{
		{"", 204, "", ""},
		{"X-Auth-Token: ", 204, "", ""},
		{"X-Auth-Token: good", 204, "u-id", ""},
		{"X-Storage-Token: good", 204, "u-id", ""},
		{"X-Auth-Token: bad|X-Storage-Token: good", 204, "", ""},
		{"X-Auth-Token: good|X-Service-Token: svc", 204, "u-id", "service"},
		{"X-Auth-Token: good|X-Service-Token: bad", 204, "", ""},
		{"X-Service-Token: svc", 204, "", ""},
		{"X-Auth-Token: down", 503, "", ""},
		{"X-Auth-Token: good|X-Service-Token: down", 503, "", ""},
		{"X-Roles: admin|X-User-Id: u-id|X-Identity-Status: Confirmed|X-Project-Id: p-id", 204, "", ""},
	} {
		n := &next{}
		res := do(t, New(Config{Validator: known})(n), "GET", "/v1/AUTH_p-id", strings.Split(c.lines, "|")...)
		require.Equal(t, c.status, res.Status, c.lines)
		if c.status == 503 {
			require.Equal(t, "2", res.Header.Get("Retry-After"))
			require.Empty(t, n.seen)
			continue
		}
		r := n.last()
		require.NotNil(t, r.Authorizer, c.lines)
		if c.user == "" {
			require.Nil(t, r.Identity, c.lines)
			continue
		}
		require.Equal(t, c.user, r.Identity.UserID, c.lines)
		require.Equal(t, c.user, r.Log.User)
		require.Equal(t, c.serviceRole, strings.Join(r.Identity.ServiceRoles, ","))
	}
	require.Empty(t, known["good"].ServiceRoles, "the validator's identity is shared")
}

func TestWithoutKeystoneEveryoneIsAnonymous(t *testing.T) {
	n := &next{}
	require.Equal(t, 204, do(t, New(Config{})(n), "GET", "/v1/AUTH_p-id", "X-Auth-Token: good").Status)
	require.Nil(t, n.last().Identity)
	require.NotNil(t, n.last().Authorizer)
}

type everything struct{}

func (everything) Authorize(*auth.Identity, auth.Access) auth.Grant { return auth.Grant{Allowed: true} }

func TestAuthorizedRequestsAreLeftAlone(t *testing.T) {
	n := &next{}
	r := &swift.Request{Request: &web.Request{Method: "GET", Path: "/v1/AUTH_p-id"}, Authorizer: everything{}}
	r.Header.Add("X-Auth-Token", "good")
	_, err := New(Config{Validator: tokens()})(n).Serve(r)
	require.NoError(t, err)
	require.Equal(t, everything{}, n.last().Authorizer)
	require.Nil(t, n.last().Identity)
}

func TestUnauthorizedNamesKeystone(t *testing.T) {
	n := &next{answer: func(r *swift.Request) (*web.Response, error) { return nil, swift.Unauthorized("AUTH_x") }}
	challenges := func(h web.Header) (list []string) {
		for _, f := range h {
			if f.Name == "Www-Authenticate" {
				list = append(list, f.Value)
			}
		}
		return list
	}
	res := do(t, New(Config{AuthURI: "http://k/v3"})(n), "GET", "/v1/AUTH_x")
	require.Equal(t, []string{`Swift realm="AUTH_x"`, `Keystone uri="http://k/v3"`}, challenges(res.Header))
	res = do(t, New(Config{})(n), "GET", "/v1/AUTH_x")
	require.Equal(t, []string{`Swift realm="AUTH_x"`}, challenges(res.Header))
	n.answer = func(*swift.Request) (*web.Response, error) { return nil, web.Status(403) }
	require.Empty(t, challenges(do(t, New(Config{AuthURI: "http://k/v3"})(n), "GET", "/v1/AUTH_x").Header))
}

func TestProjectDomain(t *testing.T) {
	for _, c := range []struct {
		request, token, stored, want string
	}{
		{"PUT /v1/AUTH_p-id", "good", "", "default"},
		{"POST /v1/AUTH_p-id", "good", "_unknown", "default"},
		{"PUT /v1/AUTH_p-id/c", "good", "", "default"},
		{"POST /v1/AUTH_p-id/c", "good", "", ""},
		{"PUT /v1/AUTH_p-id/c/o", "good", "", ""},
		{"GET /v1/AUTH_p-id", "good", "", ""},
		{"PUT /v1/AUTH_other", "boss", "", "_unknown"},
		{"POST /v1/AUTH_other", "boss", "", "_unknown"},
		{"POST /v1/AUTH_other", "boss", "d4", ""},
		{"PUT /v1/AUTH_other/c", "boss", "", "_unknown"},
		{"PUT /v1/AUTH_p-id", "", "", ""},
	} {
		n := &next{answer: func(*swift.Request) (*web.Response, error) {
			res := web.StatusPage(204)
			if c.stored != "" {
				res.Header.Add(swift.ProjectDomainIDName, c.stored)
			}
			return res, nil
		}}
		method, path, _ := strings.Cut(c.request, " ")
		res := do(t, New(Config{Validator: tokens()})(n), method, path, "X-Auth-Token: "+c.token, "X-Account-Access-Control: {}")
		require.Equal(t, c.want, n.last().Header.Get(swift.ProjectDomainIDName), "%+v", c)
		require.Equal(t, c.stored, res.Header.Get(domainHeader), "%+v", c)
		require.False(t, n.last().Header.Has("X-Account-Access-Control"))
	}
}
